"""The command line: exit codes, stable JSON, and what is not imported for a first verdict."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mi_workbook.cases import all_cases
from mi_workbook.cli import main

EXITS = {"reachable": 0, "blocked": 1, "unknown": 3}
MEMBERS = {
    "schema", "verdict", "scenario", "endpoint", "source", "target", "root_cause", "findings", "traces", "gaps",
    "repair", "confidence_notes",
}  # fmt: skip


@pytest.mark.parametrize("case", all_cases(), ids=lambda c: c.id)
def test_diagnose_answers_every_case(case: object, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is the verdict's, and the JSON has every member of the stable document."""
    code = main(["diagnose", f"case:{case.id}", "--json"])  # type: ignore[attr-defined]
    document = json.loads(capsys.readouterr().out)
    assert EXITS[case.verdict] == code  # type: ignore[attr-defined]
    assert set(document) >= MEMBERS
    assert document["schema"] == "mi-workbook/diagnosis/1"


def test_demo_writes_a_file_that_diagnoses_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A written case is evidence like any other."""
    out = tmp_path / "case.json"
    assert main(["demo", "peering-missing", "--out", str(out)]) == 0
    to = "mi-orders.a1b2c3d4e5f6.database.windows.net"
    html, markdown = tmp_path / "r.html", tmp_path / "r.md"
    words = ["diagnose", str(out), "--from", "vm-app", "--to", to, "--html", str(html), "--markdown", str(markdown)]
    assert main(words) == 1
    assert "peer-missing" in capsys.readouterr().out
    assert "az network vnet peering create" in html.read_text(encoding="utf-8")
    assert "az network vnet peering create" in markdown.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "words",
    [
        ["diagnose", "nowhere.json", "--from", "a", "--to", "b"],
        ["diagnose", "case:nothing"],
        ["diagnose", "case:peering-missing", "--from", "nobody"],
        ["routes", "case:peering-missing", "nobody"],
        ["faults", "nothing"],
        ["demo", "nothing"],
    ],
)
def test_bad_input_is_one_sentence(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, a message, no traceback."""
    assert main(words) == 2
    told = capsys.readouterr().err
    assert told.startswith("mi-workbook: ") and "Traceback" not in told


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("p2s:gw", 2),
        ("onprem:site", 2),
        ("er:gw=10.9.0.4", 2),
        ("internet=10.1.1.4", 2),
        ("internet=many", 2),
        ("this-machine", 3),
        ("internet", 1),
        ("ip:203.0.114.9", 1),
    ],
)
def test_sources_outside_of_the_vnets(source: str, code: int) -> None:
    """A gateway that whole evidence does not hold is bad input; from the Internet the private name is out of reach."""
    assert main(["diagnose", "case:peering-healthy", "--from", source]) == code


@pytest.mark.parametrize("source", ["p2s:gw", "onprem:site", "er:gw=10.9.0.4"])
def test_gateway_that_was_not_collected_is_unknown(source: str, tmp_path: Path) -> None:
    """A bare list of resources proves nothing about what it does not hold."""
    assert main(["demo", "peering-healthy", "--out", str(tmp_path / "case.json")]) == 0
    resources = json.loads((tmp_path / "case.json").read_text(encoding="utf-8"))["resources"]
    (tmp_path / "list.json").write_text(json.dumps(resources), encoding="utf-8")
    assert main(["diagnose", str(tmp_path / "list.json"), "--from", source, "--to", "mi-orders"]) == 3


def test_client_address_outside_the_pool_is_bad_input() -> None:
    """An address that no client of the gateway can have is refused with the pool."""
    assert main(["diagnose", "case:developer-box-sound", "--from", "p2s:vgw-data=172.16.202.9"]) == 2


def test_routes_have_azures_shape(capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON form is that of effectiveRouteTable, with the reason of each row."""
    assert main(["routes", "case:peering-healthy", "vnet-app/snet-app", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["value"]
    assert {"VnetLocal", "VNetPeering", "Internet", "None"} == {row["nextHopType"] for row in rows}
    assert all(row["why"] and isinstance(row["addressPrefix"], list) for row in rows)


def test_first_verdict_imports_nothing_heavy() -> None:
    """plotly, pandas, ipywidgets and azure stay out of a verdict on the command line."""
    code = (
        "import sys; from mi_workbook.cli import main; main(['diagnose', 'case:peering-missing']); "
        "print('HEAVY', [m for m in ('plotly', 'pandas', 'ipywidgets', 'azure') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=False)
    assert "HEAVY []" in done.stdout, done.stderr


def test_what_somebody_sent_may_stand_beside_a_built_in_case(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failed test from the client leaves no verdict "reachable"; a case after files is refused in a sentence."""
    sent = tmp_path / "sent.txt"
    sent.write_text(
        "ComputerName     : mi-orders.a1b2c3d4e5f6.database.windows.net\nRemoteAddress    : 10.0.0.4\nRemotePort       : 1433\n"
        "InterfaceAlias   : Ethernet\nSourceAddress    : 10.1.1.4\nPingSucceeded    : False\nTcpTestSucceeded : False\n"
    )
    assert main(["diagnose", "case:peering-healthy"]) == 0
    assert main(["diagnose", "case:peering-healthy", str(sent)]) == 3
    assert "failed" in capsys.readouterr().out
    assert main(["diagnose", str(sent), "case:peering-healthy"]) == 2
    other = tmp_path / "other.json"
    assert main(["demo", "peering-missing", "--out", str(other)]) == 0
    assert main(["diagnose", "case:peering-healthy", str(other)]) == 2  # nothing of it is dropped in silence
