"""`mi-workbook probe --json` of another machine, handed over: the same judgement as on that machine, for the right source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mi_workbook.cases import case
from mi_workbook.cli import main
from mi_workbook.core.errors import InputError
from mi_workbook.core.finding import Diagnosis
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.attribution import bound
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.diagnosis.places import find_source
from mi_workbook.diagnosis.probing import judge
from mi_workbook.evidence import machine as machines
from mi_workbook.evidence.hosts import HostsEntry, HostsFile
from mi_workbook.evidence.machine import Machine, interface
from mi_workbook.evidence.probes.dns import Answer, DnsResult
from mi_workbook.evidence.probes.login import probe_login
from mi_workbook.evidence.probes.outcome import AddressClass, Outcome
from mi_workbook.evidence.probes.recorded import recorded
from mi_workbook.evidence.probes.run import Probes, observations
from mi_workbook.evidence.probes.tcp import TcpResult, probe_tcp
from mi_workbook.evidence.probes.tds import probe_tds
from mi_workbook.evidence.probes.tds8 import probe_tds8
from mi_workbook.evidence.sent import read_sent
from mi_workbook.network.network import Network
from mi_workbook.reach.names import read_name
from mi_workbook.views.probe import probe_json
from mi_workbook.workbook.session import start
from test_probes.conftest import BEHAVIOURS, HOST

LOOPBACK = "127.0.0.1"
PROXY = "same-vnet-proxy-healthy"
AT = "2026-10-01T08:05:00+00:00"


def real(port: int, *, login: bool) -> Probes:
    """Probes of a server on loopback, as for HOST."""
    tcp = probe_tcp(LOOPBACK, port)
    tried = probe_login(LOOPBACK, port, HOST, 2, consent=True) if login else None
    return Probes(HOST, 1433, AT, HostsFile("/etc/hosts", (HostsEntry(HOST, LOOPBACK, 3),)), (), (tcp,),
                  probe_tds(LOOPBACK, port, HOST, 2), probe_tds8(LOOPBACK, port, HOST, 2), tried)  # fmt: skip


@pytest.mark.parametrize(
    "behaviour",
    ["denies", "route=denies", "route=nobody", "error=40532", "resets", "garbage", "no-encryption", "resets-at-login"],
)
def test_what_was_written_is_read_back_whole(tds: dict[str, int], behaviour: str) -> None:
    """Every result of a real probe survives the way through JSON, and is judged alike."""
    assert behaviour in BEHAVIOURS
    probes = real(tds[behaviour], login=True)
    (again,) = recorded(json.loads(json.dumps(observations(probes))))
    assert again == probes
    name = read_name(f"{HOST},1433")
    assert judge(name, again) == judge(name, probes)


def written(
    outcome: Outcome,
    *,
    local: str = "10.0.1.4",
    address: str = "10.0.0.4",
    addresses: tuple[str, ...] = ("10.0.1.4/24",),
) -> str:
    """What the probe of a VM prints: a name that resolves, one connection, its interfaces."""
    names = DnsResult(HOST, "system resolver", Outcome.RESOLVED, 2.0, (Answer(address, AddressClass.PRIVATE),))
    tcp = TcpResult(address, 1433, outcome, 4.0, 10.0, local, "", "It proves this.", "It does not prove that.")
    probes = Probes(HOST, 1433, AT, HostsFile("/etc/hosts"), (names,), (tcp,))
    there = Machine(
        "linux", interfaces=(interface("eth0", up=True, addresses=addresses, description="", tunnel=False),)
    )
    name = read_name(f"{HOST},1433")
    return json.dumps(probe_json(name, probes, judge(name, probes, there), there), indent=2)


def asked(text: str, name: str = PROXY) -> Diagnosis:
    """A case with a probe that was handed over for its source."""
    one = case(name)
    snapshot = bound(one.snapshot(), read_sent(text, "probe.json"), find_source(Network(one.snapshot()), one.source))
    return diagnose(snapshot, one.source, HOST)


def test_a_probe_tells_its_layers_suspects_and_next_test() -> None:
    """Not only that it failed: what each layer showed, whom to suspect, what it proves, what comes next."""
    found = asked(written(Outcome.TIMEOUT))
    (told,) = [one for one in found.at_source.told if "mi-workbook probe" in one.says]
    assert told.weight == "blocked" and "name: reachable" in told.says and "tcp: blocked" in told.says
    assert told.proves == "It proves this." and told.suspects and told.next_test
    assert found.verdict is Verdict.UNKNOWN and found.at_source.disagreement == "test-failed"


def test_a_probe_is_evidence_of_the_machine_that_it_ran_on_alone() -> None:
    """An open port from the source's own address proves its path; from another machine's it proves nothing for it."""
    hub = "peering-client-appliance"
    unknown = asked(written(Outcome.TIMEOUT, local="10.1.1.4", addresses=("10.1.1.4/24",)), hub)
    open_here = asked(written(Outcome.OPEN, local="10.1.1.4", addresses=("10.1.1.4/24",)), hub)
    elsewhere = asked(written(Outcome.OPEN, local="192.168.1.20", addresses=("192.168.1.20/24",)), hub)
    assert unknown.verdict is elsewhere.verdict is Verdict.UNKNOWN
    assert open_here.verdict is not Verdict.BLOCKED
    assert any("192.168.1.20" in one.seen and one.agree is None for one in elsewhere.at_source.beside)
    looks = {one.look: one for one in elsewhere.at_source.looks}
    assert looks["machine"].verdict is Verdict.BLOCKED and "192.168.1.20" in looks["machine"].says


@pytest.mark.parametrize("outcome", ["silent", "closed", "garbage", "no-encryption", "tls-failed", "reset"])
def test_an_open_port_behind_which_sql_does_not_answer_is_not_reachable(outcome: str) -> None:
    """A device may accept connections in the instance's name: TCP alone is no proof once TDS was tried and failed."""
    text = json.loads(written(Outcome.OPEN))
    seen = {
        "address": "10.0.0.4",
        "port": 1433,
        "host": HOST,
        "protocol": "7.4",
        "outcome": outcome,
        "stage": "pre-login",
        "ms": 3.0,
    }
    text["observations"].append(
        {"kind": "probe-tds", "about": f"{HOST},1433", "at": AT, "format": "mi-workbook/probe/1", "value": seen}
    )
    found = asked(json.dumps(text))
    assert found.verdict is Verdict.UNKNOWN
    assert {one.look: one.verdict for one in found.at_source.looks}["encryption"] is Verdict.BLOCKED
    strict = {**seen, "protocol": "8.0"}
    text["observations"][-1]["value"] = strict
    assert asked(json.dumps(text)).verdict is Verdict.REACHABLE  # TDS 8.0 is an offer besides


def _of(kind: str, value: Any) -> dict[str, Any]:
    return {"kind": kind, "about": f"{HOST},1433", "at": AT, "format": "mi-workbook/probe/1", "value": value}


@pytest.mark.parametrize("odd", [
    _of("probe-tcp", 7), _of("probe-tcp", {"address": 1}), _of("probe-tcp", {"address": "10.0.0.4", "port": True, "outcome": "open", "ms": 1, "waited": 1}),
    _of("probe-tcp", {"address": "10.0.0.4", "port": 1433, "outcome": "moon", "ms": 1, "waited": 1}), _of("probe-login", {"host": HOST, "port": 1433, "outcome": "reset", "ms": 1, "hops": []}),
    _of("probe-dns", {"name": HOST, "server": "x", "outcome": "resolved", "ms": 1, "answers": [[]]}), {**_of("probe-tcp", {}), "about": "no target"}, _of("hosts-file", []),
])  # fmt: skip
def test_a_probe_of_another_shape_is_told_and_stops_nothing(odd: dict[str, Any]) -> None:
    """Files from elsewhere may hold anything."""
    with pytest.raises(ValueError, match=r"\w"):
        recorded([odd])
    one = case(PROXY)
    found = diagnose(one.snapshot().observed([{**odd, "from": "client"}]), one.source, HOST)
    assert found.verdict is not Verdict.BLOCKED
    assert odd["kind"] == "hosts-file" or any("shape" in told.says for told in found.at_source.told)


def test_a_probe_beside_the_evidence_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of its own, or named for another place; --from this-machine takes the machine that the probe describes."""
    case(PROXY).snapshot().save(tmp_path / "azure.json")
    (tmp_path / "probe.json").write_text(written(Outcome.TIMEOUT), encoding="utf-8")
    given = [str(tmp_path / "azure.json"), str(tmp_path / "probe.json")]
    assert main(["diagnose", *given, "--from", "vm-app", "--to", HOST]) == 3
    assert "mi-workbook probe at" in capsys.readouterr().out
    assert main(["diagnose", given[0], "--ran-at", "vm-app", given[1], "--from", "vm-app", "--to", HOST, "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["at_source"]["disagreement"] == "test-failed"
    case("developer-box-sound").snapshot().save(tmp_path / "azure.json")
    vpn = written(Outcome.OPEN, local="172.16.201.7", addresses=("172.16.201.7/32",))
    (tmp_path / "probe.json").write_text(vpn, encoding="utf-8")
    main(["diagnose", *given, "--from", "this-machine", "--to", HOST, "--json"])
    source = json.loads(capsys.readouterr().out)["source"]
    assert (source["kind"], source["address"]) == ("clients", "172.16.201.7")


def test_a_probe_dropped_or_pasted_in_the_session_stays_beside_the_evidence() -> None:
    """Dropped as a file or pasted as text: evidence of the source at hand; the configuration stays."""
    for action in ("files", "paste"):
        session = start()
        session.act({"do": "case", "value": PROXY})
        text = written(Outcome.TIMEOUT)
        if action == "files":
            session.act({"do": "files", "names": ["probe.json"]}, [text.encode()])
        else:
            session.act({"do": "paste", "value": text})
        assert not session.screen["error"], session.screen["error"]
        assert session.screen["verdict"]["kind"] == "unknown" and session.screen["evidence"]["count"] > 1
        assert "mi-workbook probe at" in json.dumps(session.screen["tables"] + session.screen["parts"])
        session.act({"do": "ask", "source": "vnet-data/snet-app", "target": HOST, "endpoint": "auto"})
        assert session.screen["verdict"]["kind"] != "unknown"  # another source: the probe is not of it


def test_this_machine_without_anything_of_it_is_missing_evidence() -> None:
    """A paste of somebody's client is no description of this machine."""
    one = case("developer-box-sound")
    sent = [
        {**item, "from": "client"} for item in machines.observations(Machine("linux")) if item["kind"] == "machine-dns"
    ]
    found = diagnose(one.snapshot().observed(sent), "this-machine", HOST)
    assert found.verdict is Verdict.UNKNOWN and "this machine" in found.gaps[0].missing
    with pytest.raises(InputError):
        diagnose(one.snapshot(), "no-such-machine", HOST)
