"""Reports to hand over: redacted or full, alone, and nothing left out in silence."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from mi_workbook.cases import Case, all_cases, case
from mi_workbook.cli import main
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.diagnosis.redacted import redacted
from mi_workbook.evidence.snapshot import from_document
from mi_workbook.views.report import summary, to_html, to_markdown

SECTIONS = ["Summary", "Verdict", "Path", "Picture", "Evidence", "Repair", "Missing evidence", "Tables",
            "What was not checked", "About the evidence"]  # fmt: skip
PERSONAL = re.compile(
    r"vm-app|vnet-(app|data|hub)|mi-orders|rg-(app|data|hub)|app-orders|11111111-1111|a1b2c3d4e5f6|site-london"
)


@pytest.mark.parametrize("one", all_cases(), ids=lambda c: c.id)
def test_a_redacted_report_says_the_same_without_a_name(one: Case) -> None:
    """Verdict and cause stay; no name, id or zone of the evidence stands in report, Markdown or summary."""
    snapshot = one.snapshot()
    given, found = redacted(snapshot, diagnose(snapshot, one.source, one.target, one.endpoint), one.endpoint)
    assert (found.verdict.value, found.root_cause or "") == (one.verdict, one.root_cause)
    for text in (to_html(found, given), to_markdown(found, given), summary(found)):
        assert not PERSONAL.search(text), PERSONAL.search(text)
    assert "are pseudonyms" in to_html(found, given)


def test_redacted_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All that is written has pseudonyms: both files and what is printed; the exit code is the verdict's."""
    page, text = tmp_path / "r.html", tmp_path / "r.md"
    asked = ["diagnose", "case:peering-one-sided", "--redacted", "--html", str(page), "--markdown", str(text)]
    assert main(asked) == 1
    assert main([*asked, "--json"]) == 1
    printed = capsys.readouterr().out
    for shown in (page.read_text(encoding="utf-8"), text.read_text(encoding="utf-8"), printed):
        assert not PERSONAL.search(shown), PERSONAL.search(shown)
    assert "peer-missing" in printed


def test_a_full_report_has_every_part_and_loads_nothing() -> None:
    """Summary to gaps in order; no script, no style sheet, font or picture from anywhere; names stand in it."""
    one = case("peering-one-sided")
    snapshot = one.snapshot()
    page = to_html(diagnose(snapshot, one.source, one.target), snapshot)
    assert re.findall(r"<h2>(.*?)</h2>", page) == SECTIONS
    assert not re.search(r"<(script|link|img|iframe|object)\b|\bsrc=|url\(|@import|href=", page)
    assert "vm-app" in page and "<svg" in page and "pseudonyms" not in page


def test_a_report_names_what_was_missing_and_could_not_be_read() -> None:
    """A refused read and the gap it leaves stand in the report, with the way to get it."""
    document = case("peering-one-sided").snapshot().to_dict()
    document["source"] = {"complete": []}
    document["resources"] = [one for one in document["resources"] if one["name"] != "nsg-mi"]
    document["problems"] = [{"operation": "read", "scope": "/subscriptions/1", "status": 403, "code": "AuthorizationFailed",
                             "message": "m"}]  # fmt: skip
    snapshot = from_document(json.loads(json.dumps(document)))
    found = diagnose(snapshot, "vm-app", "mi-orders")
    page = to_markdown(found, snapshot)
    assert found.gaps and found.gaps[0].missing.split()[0] in page
    assert "1 part could not be read" in page


@pytest.mark.parametrize("end", ["\n", "\r\n", "\u2028", "\u0085", "\x0b"])
def test_line_break_in_a_name_leaves_no_line_that_could_be_pasted_as_a_command(end: str) -> None:
    """What stands after the break stays inside its comment."""
    snapshot = case("peering-missing").snapshot()
    found = diagnose(snapshot, "vm-app", "mi-orders")
    evil = f"Virtual network vnet-data{end}rm -rf ~ #"
    first, *others = found.findings
    remedy = replace(first.remedy, portal=(evil,), powershell=(evil,), undo=evil)
    shown = to_markdown(replace(found, findings=(replace(first, remedy=remedy), *others)), snapshot)
    assert shown.count("rm -rf") >= 3
    assert not [line for line in shown.splitlines() if line.lstrip().startswith("rm -rf")]
