"""What comes from evidence is shown, never obeyed."""

import json
import re
import subprocess

import pytest

from mi_workbook.cases import all_cases, case
from mi_workbook.checks.catalogue import fill_command
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import Snapshot, from_document
from mi_workbook.views.report import to_html, to_markdown
from mi_workbook.views.table import Table
from mi_workbook.views.topology import picture, to_svg
from mi_workbook.workbook.session import Session
from mi_workbook.workbook.state import State

HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m[bold]`|"


def hostile() -> Snapshot:
    """A case in which every name of a person's choice is hostile."""
    text = json.dumps(case("peering-one-sided").snapshot().to_dict())
    names = ("vm-app", "vnet-app", "snet-app", "nsg-app", "app-to-data", "mi-orders")
    document = json.loads(text)
    evil = json.dumps(HOSTILE)[1:-1]
    for name in names:
        text = text.replace(f'"name": "{name}"', f'"name": "{evil}{name}"')
    document = json.loads(text)
    document["source"] = {}
    return from_document(document)


def test_hostile_names_reach_no_view_raw(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither report, picture, widget nor terminal carries the markup or the escape sequence of a name."""
    from rich.console import Console

    from mi_workbook.views.text import render

    snapshot = hostile()
    source = next(r for r in snapshot.resources if r["type"].endswith("networkInterfaces"))["id"]
    target = next(r for r in snapshot.resources if r["type"].endswith("managedInstances"))["id"]
    found = diagnose(snapshot, source, target)
    drawn = picture(snapshot, found)
    assert drawn is not None
    render(found, Console())
    prose = re.sub(r"(```|~~~)\n.*?\1", "", to_markdown(found, snapshot), flags=re.DOTALL)
    shown = [to_html(found, snapshot), to_svg(drawn), prose]
    assert all("<img" not in text and "\x1b" not in text for text in shown)
    assert "\x1b[31m" not in capsys.readouterr().out


@pytest.mark.parametrize("case", all_cases(), ids=lambda c: c.id)
def test_report_forms_have_the_same_sections(case: object) -> None:
    """HTML and Markdown tell the same story, and the HTML loads nothing."""
    snapshot = case.snapshot()  # type: ignore[attr-defined]
    found = diagnose(snapshot, case.source, case.target)  # type: ignore[attr-defined]
    html, markdown = to_html(found, snapshot), to_markdown(found, snapshot)
    assert re.findall(r"<h2>(.*?)</h2>", html) == re.findall(r"^## (.*)$", markdown, re.MULTILINE)
    assert not re.search(r"<script|src=|url\(|@import", html)


def test_csv_holds_no_formula() -> None:
    """A cell that a spreadsheet would take for a formula is marked as text."""
    table = Table.of("t", ("a",), [("=cmd|' /C calc'!A0",), ("@SUM(1)",)])
    assert "\"'=cmd" in table.to_csv() and "\"'@SUM" in table.to_csv()
    assert len(table.to_frame()) == 2


@pytest.mark.parametrize("value", ["a b", "x; rm -rf /", "$(id)", "`id`", "it's", '"', "a\nb", "-n"])
def test_values_in_commands_stay_one_word(value: str) -> None:
    """bash sees one argument, whatever a name holds; line breaks do not survive."""
    command = fill_command("printf '%s|' {name}", {"name": value}, "az")
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert f"{value.replace(chr(10), '?')}|" == done.stdout


def test_broken_case_reaches_its_repair_in_two_clicks() -> None:
    """Choosing a case shows the verdict; one click leads to the repair, the picture and the download."""
    session = Session(State())
    session.case.value = "peering-missing"
    assert "BLOCKED" in session.verdict.value
    session.end.click()
    assert "az network vnet peering create" in session.shown.value
    assert "BLOCKED HERE" in session.shown.value
    assert "report.html" in session.report.value


def test_one_rule_mends_all_denied_ports() -> None:
    """1433 and the Redirect ports, denied by one group, are opened by one command; no two commands collide."""
    one = case("same-vnet-client-nsg")
    found = diagnose(one.snapshot(), one.source, one.target)
    commands = {command for finding in found.findings for command in finding.remedy.az}
    assert len(commands) == 1
    assert commands.pop().endswith("--destination-port-ranges 1433 11000-11999")
    assert found.repair is not None and len(found.repair.changes) == 1
