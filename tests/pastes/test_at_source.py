"""Configuration and source side by side: what was seen there reaches the reader, and where they disagree a test is named."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from mi_workbook.cases import case
from mi_workbook.cli import main
from mi_workbook.core.finding import Diagnosis
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.pasted import observations_of
from mi_workbook.views.diagnosis_json import diagnosis_json
from mi_workbook.views.report import to_html, to_markdown
from mi_workbook.views.text import render

from .test_client_routes import CLIENT, HOME, VNET, _print

MI = "mi-orders.a1b2c3d4e5f6.database.windows.net"


def _tnc(works: bool, address: str = "10.0.0.4", port: int = 1433, source: str = "10.0.1.4") -> str:
    return (
        f"PS C:\\> Test-NetConnection -ComputerName {MI} -Port {port}\n\nComputerName     : {MI}\nRemoteAddress    : {address}\n"
        f"RemotePort       : {port}\nInterfaceAlias   : vgw\nSourceAddress    : {source}\nTcpTestSucceeded : {works}\n\n"
    )


def _asked(name: str, text: str, source: str = "") -> Diagnosis:
    one = case(name)
    snapshot = one.snapshot().observed(observations_of(text, "sent.txt"))
    return diagnose(snapshot, source or one.source, MI, "auto")


def _beside(found: Diagnosis) -> dict[str, bool | None]:
    return {one.matter: one.agree for one in found.at_source.beside}


def test_a_diagnosis_without_outputs_has_nothing_beside() -> None:
    """The configuration, and what Azure says of it, stand alone."""
    assert {o["kind"] for o in case("same-vnet-proxy-healthy").snapshot().observations} == {
        "effectiveSecurityAdminRules"
    }
    found = _asked("same-vnet-proxy-healthy", "")
    assert (found.at_source.beside, found.at_source.told) == ((), ())


def test_what_the_source_failed_at_and_azure_lets_through_is_shown_as_a_disagreement() -> None:
    """Reachable by the configuration, failed at the source: unknown, both are shown, and a test is named."""
    found = _asked("same-vnet-proxy-healthy", _tnc(False))
    assert found.verdict is Verdict.UNKNOWN and _beside(found) == {"name": True, "connection": False}
    (row,) = [one for one in found.at_source.beside if one.matter == "connection"]
    assert row.configuration.startswith("reachable") and "failed" in row.seen and "firewall" in row.next_test
    (told,) = [one for one in found.at_source.told if one.weight == "blocked"]
    assert "does not say how" in told.says and told.where == "sent.txt, lines 1 to 9"


def test_both_sides_that_agree_say_so_and_a_block_that_was_passed_does_not() -> None:
    """An open port under a sound configuration agrees; one that Azure should stop is a contradiction, never a verdict."""
    assert _beside(_asked("same-vnet-proxy-healthy", _tnc(True))) == {"name": True, "connection": True}
    found = _asked("peering-missing", _tnc(True, "10.2.0.4", source="10.1.1.4"))
    assert found.verdict is Verdict.UNKNOWN and _beside(found)["connection"] is False
    assert "times of both" in found.at_source.beside[-1].next_test


def test_a_test_of_another_machine_settles_nothing_and_says_so() -> None:
    """Its address is none of the source's: neither a proof nor a contradiction, and the next test is at the source."""
    for name, works in (("peering-missing", True), ("peering-client-appliance", True)):
        found = _asked(name, _tnc(works, source="172.16.201.2"))
        assert found.verdict is diagnose(case(name).snapshot(), case(name).source, MI).verdict
        (row,) = [one for one in found.at_source.beside if one.matter == "connection"]
        assert row.agree is None and "172.16.201.2" in row.seen and "at the source itself" in row.next_test


def test_a_name_that_leads_elsewhere_at_the_source_is_never_reachable() -> None:
    """Azure's zone says one address, the source got a public one: the name is what to look at."""
    found = _asked("same-vnet-proxy-healthy", _tnc(True, "52.1.2.3"))
    assert found.verdict is Verdict.UNKNOWN and "52.1.2.3" in found.gaps[0].missing
    assert _beside(found)["name"] is False and "hosts file" in found.at_source.beside[0].next_test


@pytest.mark.parametrize(("rows", "agree", "verdict"), [
    ((*HOME, CLIENT, VNET), True, Verdict.UNKNOWN), ((*HOME, CLIENT), False, Verdict.BLOCKED), (HOME, False, Verdict.BLOCKED),
    ((*HOME, CLIENT, VNET, "10.0.0.0 255.255.255.0 192.168.7.1 192.168.7.23 26"), False, Verdict.BLOCKED),
    ((*HOME, CLIENT, VNET, "10.0.0.0 255.255.0.0 192.168.7.1 192.168.7.23 46"), None, Verdict.UNKNOWN),
    ((*HOME[1:], CLIENT, VNET), None, Verdict.UNKNOWN),
])  # fmt: skip
def test_a_clients_routes_beside_those_that_its_gateway_gives(
    rows: tuple[str, ...], agree: bool | None, verdict: Verdict
) -> None:
    """The verdict and the comparison rest on one judgement; each VNet's entries are listed."""
    found = _asked("developer-box-sound", _print(*rows), "p2s:vgw-data=172.16.201.2")
    assert found.verdict is verdict
    (row,) = [one for one in found.at_source.beside if one.matter == "routes"]
    assert row.agree is agree and "10.0.0.0/27" in row.configuration
    assert bool(row.next_test) is not bool(agree)
    assert agree is not True or "vnet-data: 10.0.0.0/16 (all of it)" in row.seen


def test_every_view_shows_both_sides_and_hostile_text_is_harmless() -> None:
    """Terminal, JSON, HTML and Markdown; a strange line is shown as text."""
    text = _tnc(False) + "\n<script>alert(1)</script> | what is this\n"
    one = case("same-vnet-proxy-healthy")
    snapshot = one.snapshot().observed(observations_of(text, "sent.txt"))
    found = diagnose(snapshot, one.source, MI)
    page, prose = to_html(found, snapshot), to_markdown(found, snapshot)
    console = Console(file=io.StringIO(), width=4000, record=True)
    render(found, console)
    for shown in (page, prose, console.export_text(), json.dumps(diagnosis_json(found))):
        assert "does not say how" in shown and "what is this" in shown and "firewall" in shown
    assert "<script>alert" not in page and "Seen at the source" in prose
    assert diagnosis_json(found)["at_source"]["beside"][1]["agree"] is False


@pytest.mark.parametrize("value", [[{}], [{"host": 1, "port": "x", "result": []}], ["x", None], {"rows": 1}, None])
@pytest.mark.parametrize(
    "kind", ["test-netconnection", "nslookup", "traceroute", "route-print", "sql-connectivity-checker"]
)
def test_evidence_with_rows_of_another_shape_stops_nothing(kind: str, value: object) -> None:
    """A snapshot from elsewhere may hold anything under our format's name."""
    one = case("same-vnet-proxy-healthy")
    bad = {
        "kind": kind,
        "from": "client",
        "format": "mi-workbook/paste/1",
        "value": value,
        "lines": "x",
        "notes": None,
        "not_understood": [1],
    }
    assert diagnose(one.snapshot().observed([bad]), one.source, MI).verdict is Verdict.REACHABLE


def test_a_table_that_was_not_used_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the command line: a cut table of effective routes is told as not used, with what to send."""
    table = (Path(__file__).parent / "fixtures" / "azure-effective-routes" / "powershell_list.txt").read_text(
        encoding="utf-8"
    )
    case("same-vnet-proxy-healthy").snapshot().save(tmp_path / "azure.json")
    (tmp_path / "routes.txt").write_text(table, encoding="utf-8")
    source = case("same-vnet-proxy-healthy").source
    assert (
        main(["diagnose", str(tmp_path / "azure.json"), str(tmp_path / "routes.txt"), "--from", source, "--to", MI])
        == 0
    )
    assert "was not used" in capsys.readouterr().out
