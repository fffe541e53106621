"""Configuration against test: every step of both trees, each exit by a realistic paste, up to an end that names who acts."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from arm import Json
from rich.console import Console
from trees import mistakes, step_text, tree_text

from mi_workbook.cases import case
from mi_workbook.checks.catalogue import known_ids
from mi_workbook.cli import main
from mi_workbook.core.errors import InputError
from mi_workbook.core.finding import Diagnosis
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.attribution import bound
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.diagnosis.looks import LOOKS
from mi_workbook.diagnosis.places import find_source
from mi_workbook.evidence.sent import read_sent
from mi_workbook.evidence.snapshot import from_document
from mi_workbook.guide.follow_up import commands, follow_up, taken
from mi_workbook.guide.scenario import Step, disagreement_trees
from mi_workbook.network.network import Network
from mi_workbook.reach.effective_routes import effective_routes
from mi_workbook.views.diagnosis_json import diagnosis_json
from mi_workbook.views.report import to_html, to_markdown
from mi_workbook.views.text import render
from mi_workbook.workbook.saved import resume, save
from mi_workbook.workbook.session import Session, start
from mi_workbook.workbook.state import State

FIXTURES = Path(__file__).parent / "pastes" / "fixtures"
MI = "mi-orders.a1b2c3d4e5f6.database.windows.net"
TREES = disagreement_trees()
R, B, U = Verdict.REACHABLE, Verdict.BLOCKED, Verdict.UNKNOWN
COLLECTED = "2026-10-01T08:00:00Z"


def fixture(name: str) -> str:
    """A fixture of the pastes."""
    return (FIXTURES / f"{name}.txt").read_text(encoding="utf-8")


def tnc(works: bool, address: str = "10.0.0.4", source: str = "10.0.1.4", port: int = 1433) -> str:
    """As Windows PowerShell prints it, warning included."""
    warning = "" if works else f"WARNING: TCP connect to ({address} : {port}) failed\n"
    return (
        f"PS C:\\Users\\ops> Test-NetConnection -ComputerName {MI} -Port {port}\n{warning}\n\nComputerName     : {MI}\n"
        f"RemoteAddress    : {address}\nRemotePort       : {port}\nInterfaceAlias   : Ethernet\nSourceAddress    : {source}\n"
        f"TcpTestSucceeded : {works}\n\n\n\nPS C:\\Users\\ops> \n"
    )


def nc(ended: str, address: str = "10.0.0.4") -> str:
    """As netcat of OpenBSD prints it."""
    return (
        f"ops@host:~$ nc -vz -w 25 {MI} 1433\nnc: connect to {MI} ({address}) port 1433 (tcp) {ended}\nops@host:~$ \n"
    )


def resolved(address: str, server: str = "") -> str:
    """As Resolve-DnsName prints it."""
    asked = f" -Server {server}" if server else ""
    return (
        f"PS C:\\Users\\ops> Resolve-DnsName -Name {MI} -DnsOnly{asked}\n\nName                                           Type   TTL   "
        f"Section    IPAddress\n----                                           ----   ---   -------    ---------\n{MI}    A      60    "
        f"Answer     {address}\n\n\nPS C:\\Users\\ops> \n"
    )


def probe(*results: tuple[str, dict[str, Any]], at: str = COLLECTED) -> str:
    """What `mi-workbook probe --json` writes, its results alone."""
    seen = [
        {"kind": kind, "about": f"{MI},1433", "at": at, "format": "mi-workbook/probe/1", "value": value}
        for kind, value in results
    ]
    return json.dumps({"schema": "mi-workbook/probe/1", "observations": seen}, indent=2)


def tcp(outcome: str = "open", **more: Any) -> tuple[str, dict[str, Any]]:
    """One connection of the probe."""
    return "probe-tcp", {
        "address": "10.0.0.4",
        "port": 1433,
        "outcome": outcome,
        "ms": 3.0,
        "waited": 10.0,
        "local": "10.0.1.4",
        **more,
    }


def tds(outcome: str, **more: Any) -> tuple[str, dict[str, Any]]:
    """SQL's first packet and TLS, as the probe writes it."""
    stage = "done" if outcome == "answered" else "pre-login"
    shown = {
        "address": "10.0.0.4",
        "port": 1433,
        "host": MI,
        "protocol": "7.4",
        "outcome": outcome,
        "stage": stage,
        "ms": 9.0,
    }
    return "probe-tds", {**shown, **more}


def login(outcome: str, *hops: Json, **more: Any) -> tuple[str, dict[str, Any]]:
    """A login that was followed."""
    first = {"host": MI, "port": 1433, "address": "10.0.0.4", "outcome": "answered", "stage": "done", "ms": 5.0}
    return "probe-login", {"host": MI, "port": 1433, "outcome": outcome, "ms": 9.0, "hops": [first, *hops], **more}


WORKER = {"host": "tr1.worker.a1b2c3d4e5f6.database.windows.net", "port": 11003, "address": "10.0.0.9", "ms": 9.0}


def resource(state: str) -> str:
    """`az sql mi show` of the instance, in another state."""
    (held,) = [
        one
        for one in case("same-vnet-proxy-healthy").snapshot().resources
        if "managedinstances" in str(one["type"]).lower()
    ]
    changed = {**held, "properties": {**held["properties"], "state": state}}
    return f"ops@jump:~$ az sql mi show --ids {held['id']} -o json\n{json.dumps(changed, indent=2)}\nops@jump:~$ \n"


def log(
    when: str, operation: str = "Microsoft.Network/networkSecurityGroups/securityRules/write", start: str = COLLECTED
) -> str:
    """The activity log from the collection on; no entry where no time is given."""
    entry = {
        "eventTimestamp": when,
        "operationName": operation,
        "resourceId": "/subscriptions/1/x/nsg-app",
        "status": "Succeeded",
    }
    return f"ops@jump:~$ az monitor activity-log list --start-time {start} -o json\n{json.dumps([entry] if when else [], indent=2)}\n"


def troubleshoot(kind: str, hop: str) -> str:
    """Connection troubleshoot with an issue at a hop of this type."""
    hops = [
        {"address": "10.1.1.4", "type": "Source", "issues": []},
        {"address": "10.3.0.4", "type": "VirtualAppliance", "issues": []},
    ]
    for one in hops:
        if one["type"] == hop:
            one["issues"] = [{"type": kind, "origin": "Outbound", "severity": "Error", "context": []}]
    return json.dumps({"connectionStatus": "Unreachable", "hops": hops}, indent=2)


def ask(
    name: str, *sent: str, elsewhere: tuple[tuple[str, str], ...] = (), source: str = "", at: str = ""
) -> Diagnosis:
    """A built-in case with what was sent from its source, and from other places.

    at: the time of every test, which pasted output does not tell.
    """
    one = case(name)
    snapshot, where = one.snapshot(), source or one.source
    for place, text in (*((where, text) for text in sent), *elsewhere):
        read = read_sent(text, "sent.txt")
        assert read.found, text
        snapshot = bound(snapshot, read, find_source(Network(snapshot), place))
    if at:
        known = tuple({**one, "at": at} if not one.get("at") else one for one in snapshot.observations)
        snapshot.observations = known
    return diagnose(snapshot, where, MI if name != "public-endpoint-healthy" else one.target, one.endpoint)


def walked(found: Diagnosis, said: dict[str, str] | None = None) -> dict[str, Verdict | None]:
    """Verdict of each step on the way."""
    return {one.step.id: one.verdict for one in taken(found, said)}


PROXY, REDIRECT, SITE, HUB, APP = (
    "same-vnet-proxy-healthy", "same-vnet-healthy", "on-premises-sound", "peering-client-appliance", "app-service-healthy",
)  # fmt: skip
SILENT = nc("failed: Connection timed out")
REFUSED = nc("failed: Connection refused")
PROFILES, RULES = fixture("windows-firewall/sound"), fixture("windows-firewall/block_rule")
NO_RULES = "\nEnd of the outbound block rules\n"
SILENT_APP = (
    f"C:\\home>tcpping -n 2 {MI}:1433\n"
    + "Connection attempt failed: A connection attempt failed because the connected party did not properly respond after a period of time\n"
    * 2
    + "Complete: 0/2 successful attempts (0%). Average success time: 0ms\n\nC:\\home>\n"
)
TRACE = "ops@host:~$ sudo traceroute -T -n -w 1 -m 15 -p 1433 10.0.0.4\ntraceroute to 10.0.0.4 (10.0.0.4), 15 hops max, 60 byte packets\n"


OPENED = f"ops@host:~$ nc -vz -w 25 {MI} 1433\nConnection to {MI} (10.0.0.4) 1433 port [tcp/ms-sql-s] succeeded!\nops@host:~$ \n"


def fixture_of_laptop() -> str:
    """`ipconfig /all` of a machine that is not the source."""
    return (
        "\nWindows IP Configuration\n\n   Host Name . . . . . . . . . . . . : pc01\n   Node Type . . . . . . . . . . . . : Hybrid\n\n"
        "Ethernet adapter Ethernet:\n\n   Connection-specific DNS Suffix  . : corp.contoso.example\n"
        "   IPv4 Address. . . . . . . . . . . : 192.168.1.20(Preferred)\n   Subnet Mask . . . . . . . . . . . : 255.255.255.0\n"
        "   Default Gateway . . . . . . . . . : 192.168.1.1\n   DNS Servers . . . . . . . . . . . : 10.1.0.4\n\n"
    )


def shown_by_azure(*more: str) -> str:
    """The effective routes of the source's NIC as az prints them, with user routes besides that the configuration lacks."""
    one = case("same-vnet-client-nsg")
    network = Network(one.snapshot())
    place = find_source(network, one.source)
    table = effective_routes(network, network.subnet(place.subnet))
    rows = [_route(r.source, r.state, r.prefix, r.next_hop_type, r.next_hop_ip) for r in table.routes]
    rows += [_route("User", "Active", prefix, "VirtualAppliance", "10.0.9.4") for prefix in more]
    name = place.id.rpartition("/")[2]
    typed = f"az network nic show-effective-route-table -g rg-app -n {name} -o json"
    return f"ops@jump:~$ {typed}\n{json.dumps({'value': rows}, indent=2)}\nops@jump:~$ \n"


def _route(source: str, state: str, prefix: str, kind: str, hop: str) -> Json:
    return {
        "source": source, "state": state, "addressPrefix": [prefix], "nextHopType": kind, "nextHopIpAddress": [hop] if hop else [],
    }  # fmt: skip


Asked = Callable[[], Diagnosis]
FAILED: dict[tuple[str, Verdict], Asked] = {
    ("failed-machine", R): lambda: ask(PROXY, tnc(False)),
    ("failed-machine", B): lambda: ask(PROXY, tnc(False, source="192.168.1.20")),
    ("failed-machine", U): lambda: ask(PROXY, SILENT),
    ("failed-joined", R): lambda: ask(APP, SILENT_APP, "C:\\home>SET WEBSITE_PRIVATE_IP\nWEBSITE_PRIVATE_IP=10.1.2.254\n\nC:\\home>\n"),
    ("failed-joined", B): lambda: ask(APP, SILENT_APP, "C:\\home>SET WEBSITE_PRIVATE_IP\nEnvironment variable WEBSITE_PRIVATE_IP not defined\n\nC:\\home>\n"),
    ("failed-joined", U): lambda: ask(APP, SILENT_APP),
    ("failed-target", R): lambda: ask(PROXY, tnc(False)),
    ("failed-target", B): lambda: ask(PROXY, tnc(False, "10.99.0.4")),
    ("failed-target", U): lambda: ask(APP, f"C:\\home>tcpping -n 2 {MI}:1433\nConnection attempt failed: A connection attempt failed because the connected party did not properly respond after a period of time\nConnection attempt failed: A connection attempt failed because the connected party did not properly respond after a period of time\nComplete: 0/2 successful attempts (0%). Average success time: 0ms\n"),
    ("failed-resolver", R): lambda: ask(PROXY, nc("failed: Connection timed out", "10.99.0.4"), probe(("probe-dns", {"name": MI, "server": "system resolver", "outcome": "resolved", "ms": 1.0, "answers": [{"address": "10.0.0.4", "kind": "private"}]}))),
    ("failed-resolver", B): lambda: ask(PROXY, tnc(False, "10.99.0.4"), resolved("10.0.0.4")),
    ("failed-resolver", U): lambda: ask(PROXY, tnc(False, "10.99.0.4")),
    ("failed-server", R): lambda: ask(PROXY, tnc(False, "10.99.0.4"), resolved("10.99.0.4"), resolved("10.0.0.4", "168.63.129.16")),
    ("failed-server", B): lambda: ask(PROXY, tnc(False, "10.99.0.4"), resolved("10.99.0.4"), resolved("10.99.0.4", "168.63.129.16")),
    ("failed-server", U): lambda: ask(PROXY, tnc(False, "10.99.0.4"), resolved("10.99.0.4")),
    ("failed-state", R): lambda: ask(PROXY, tnc(False), resource("Ready")),
    ("failed-state", B): lambda: ask(HUB, tnc(False, source="10.1.1.4"), resource("Stopped")),
    ("failed-state", U): lambda: ask(PROXY, tnc(False), resource("Updating")),
    ("failed-age", R): lambda: ask(PROXY, tnc(False), log("")),
    ("failed-age", B): lambda: ask(PROXY, tnc(False), log("2026-10-01T09:30:00.1234567Z")),
    ("failed-age", U): lambda: ask(PROXY, tnc(False)),
    ("failed-layer", R): lambda: ask(PROXY, probe(tcp(), tds("reset"))),
    ("failed-layer", B): lambda: ask(PROXY, SILENT),
    ("failed-encryption", R): lambda: ask(REDIRECT, probe(tcp(), tds("answered", name_matches=True), login("redirect-failed", {**WORKER, "outcome": "timeout", "stage": "tcp"}))),
    ("failed-encryption", B): lambda: ask(PROXY, probe(tcp(), tds("silent"))),
    ("failed-encryption", U): lambda: ask(REDIRECT, tnc(True), nc("failed: Connection timed out").replace(" 1433", " 11003")),
    ("failed-redirect", R): lambda: ask(PROXY, probe(tcp(), tds("answered", name_matches=True), login("reset"))),
    ("failed-redirect", B): lambda: ask(REDIRECT, probe(tcp(), login("redirect-failed", {**WORKER, "outcome": "timeout", "stage": "tcp"}))),
    ("failed-redirect", U): lambda: ask(REDIRECT, tnc(True), nc("failed: Connection timed out").replace(" 1433", " 11003")),
    ("failed-how", R): lambda: ask(PROXY, REFUSED),
    ("failed-how", B): lambda: ask(PROXY, SILENT),
    ("failed-how", U): lambda: ask(PROXY, tnc(False)),
    ("failed-refused", R): lambda: ask(PROXY, REFUSED, elsewhere=(("vnet-data/snet-app", tnc(True, source="10.0.1.9")),)),
    ("failed-refused", B): lambda: ask(PROXY, REFUSED, elsewhere=(("vnet-data/snet-app", REFUSED),)),
    ("failed-refused", U): lambda: ask(PROXY, REFUSED),
    ("failed-guest", R): lambda: ask(PROXY, tnc(False), PROFILES, NO_RULES),
    ("failed-guest", B): lambda: ask(PROXY, tnc(False), PROFILES, RULES),
    ("failed-guest", U): lambda: ask(PROXY, tnc(False), PROFILES),
    ("failed-appliance", R): lambda: ask(PROXY, tnc(False)),
    ("failed-appliance", B): lambda: ask(HUB, tnc(False, source="10.1.1.4"), troubleshoot("NetworkSecurityRule", "VirtualAppliance")),
    ("failed-appliance", U): lambda: ask(HUB, tnc(False, source="10.1.1.4")),
    ("failed-site", R): lambda: ask(PROXY, tnc(False)),
    ("failed-site", B): lambda: ask(SITE, tnc(False, source="192.168.7.20"), f"{TRACE} 1  192.168.7.1  0.500 ms  0.600 ms  0.700 ms\n 2  192.168.254.1  1.500 ms !X  1.600 ms !X  1.700 ms !X\n"),
    ("failed-site", U): lambda: ask(SITE, tnc(False, source="192.168.7.20"), f"{TRACE} 1  192.168.7.1  0.500 ms  0.600 ms  0.700 ms\n 2  * * *\n 3  * * *\n"),
    ("failed-control", R): lambda: ask(SITE, tnc(False, source="192.168.7.20"), elsewhere=(("vnet-data/snet-app", tnc(True, source="10.0.1.9")),)),
    ("failed-control", B): lambda: ask(SITE, tnc(False, source="192.168.7.20"), elsewhere=(("vnet-data/snet-app", tnc(False, source="10.0.1.9")),)),
    ("failed-control", U): lambda: ask(SITE, tnc(False, source="192.168.7.20")),
}  # fmt: skip
CONNECTED: dict[tuple[str, Verdict], Asked] = {
    ("connected-machine", R): lambda: ask("same-vnet-client-nsg", tnc(True)),
    ("connected-machine", B): lambda: ask("same-vnet-client-nsg", OPENED, fixture_of_laptop()),
    ("connected-machine", U): lambda: ask("same-vnet-client-nsg", probe(tcp(local=""))),
    ("connected-target", R): lambda: ask("same-vnet-client-nsg", tnc(True)),
    ("connected-target", B): lambda: ask("same-vnet-client-nsg", tnc(True, "10.99.0.4")),
    ("connected-target", U): lambda: ask("app-service-outbound-denied", f"C:\\home>tcpping -n 2 {MI}:1433\nConnected to {MI}:1433, time taken: 9ms\nConnected to {MI}:1433, time taken: 4ms\nComplete: 2/2 successful attempts (100%). Average success time: 6.5ms\n"),
    ("connected-server", R): lambda: ask("same-vnet-client-nsg", probe(tcp(), tds("answered", name_matches=True))),
    ("connected-server", B): lambda: ask("same-vnet-client-nsg", probe(tcp(), tds("answered", name_matches=False, answered_by="a proxy"))),
    ("connected-server", U): lambda: ask("same-vnet-client-nsg", tnc(True)),
    ("connected-age", R): lambda: ask("same-vnet-client-nsg", tnc(True), log("")),
    ("connected-age", B): lambda: ask("same-vnet-client-nsg", tnc(True), log("2026-10-01T09:30:00Z")),
    ("connected-age", U): lambda: ask("same-vnet-client-nsg", tnc(True)),
    ("connected-effective", R): lambda: ask("same-vnet-client-nsg", tnc(True), shown_by_azure()),
    ("connected-effective", B): lambda: ask("same-vnet-client-nsg", tnc(True), shown_by_azure("10.0.0.0/27")),
    ("connected-effective", U): lambda: ask("same-vnet-client-nsg", tnc(True)),
}  # fmt: skip
EVERY = [("test-failed", key, make) for key, make in FAILED.items()] + [
    ("test-connected", key, make) for key, make in CONNECTED.items()
]


@pytest.mark.parametrize(
    ("tree", "met", "make"), EVERY, ids=lambda one: "-".join(map(str, one)) if isinstance(one, tuple) else None
)
def test_a_realistic_paste_takes_each_exit(tree: str, met: tuple[str, Verdict], make: Asked) -> None:
    """The step says what was pasted, and the walk goes on where the tree says."""
    found = make()
    assert found.verdict is not Verdict.REACHABLE
    asked = follow_up(found)
    assert asked is not None and asked.id == tree
    step, verdict = met
    steps = taken(found)
    ids = [one.step.id for one in steps]
    assert step in ids, (ids, found.at_source.looks)
    at = ids.index(step)
    assert steps[at].verdict is verdict, steps[at].says
    there = asked.step(step).exits[verdict.value]
    while asked.step(there).only == "app" and there not in ids:  # shown for web apps alone
        there = asked.step(there).exits["reachable"]
    assert steps[at].says and ids[at + 1] == there
    assert steps[-1].step.who and steps[-1].step.is_end


# Exits that no evidence leads to, and why.
NEVER = {
    (
        "failed-layer",
        U,
    ): "only a test leads into this tree, or a name that leads elsewhere, which another step takes first",
}


def test_every_exit_of_both_trees_is_taken_by_some_paste() -> None:
    """No exit is there for show: each is in the list above, or named with the reason why nothing leads there."""
    every = {(step.id, verdict) for tree in TREES.values() for step in tree.steps if step.looks for verdict in Verdict}
    met = {key for _, key, _ in EVERY}
    assert every - met == set(NEVER) and met <= every
    assert {look for tree in TREES.values() for step in tree.steps for look in step.looks} == set(LOOKS)


def test_every_end_is_reached_and_names_who_must_act() -> None:
    """By pastes alone, or with the answer of a person; a repair points at faults of the catalogue."""
    ends = set()
    for _, _, make in EVERY:
        found = make()
        ends.add(taken(found)[-1].step.id)
        for step in [one.step for one in taken(found) if one.step.answers]:
            ends |= {taken(found, {step.id: answer.id})[-1].step.id for answer in step.answers}
    known = {step.id: step for tree in TREES.values() for step in tree.steps if step.is_end}
    assert ends == set(known)
    for step in known.values():
        assert step.who and step.end in {"repair", "evidence", "escalation", "tree"}
        assert step.end != "repair" or (step.suspects and set(step.suspects) <= known_ids())


def test_an_answer_counts_only_where_evidence_says_nothing() -> None:
    """A person says that another program connects; the rules that were shown are sound: the rules count."""
    said = {"failed-guest": "program"}
    assert walked(ask(PROXY, tnc(False)), said)["failed-guest"] is B
    assert list(walked(ask(PROXY, tnc(False)), said))[-1] == "failed-guest-rule"
    assert walked(ask(PROXY, tnc(False), PROFILES, NO_RULES), said)["failed-guest"] is R
    assert list(walked(ask(PROXY, tnc(False)), {"failed-guest": "no such answer"}))[-1] == "failed-collect"


@pytest.mark.parametrize(
    "name", [PROXY, HUB, SITE, APP, "peering-healthy", "developer-box-routes-sound", "private-endpoint-healthy"]
)
def test_a_test_that_failed_never_makes_a_block_and_always_leads_on(name: str) -> None:
    """Whatever the way: unknown, the guide goes on, and every command is filled in for its place."""
    one = case(name)
    found = ask(
        name,
        f"ops@host:~$ nc -vz -w 25 {MI} 1433\nnc: connect to {MI} port 1433 (tcp) failed: Connection timed out\nops@host:~$ \n",
    )
    assert found.verdict is U and found.at_source.disagreement == "test-failed"
    in_app = "/microsoft.web/sites/" in found.source.id.lower()
    for step in [one.step for one in taken(found) if one.verdict is U]:
        for ready in commands(step, found):
            assert "{" not in ready.run.replace("{ $p", "").replace("@{", "").replace("[].{", "")
            assert ready.at != "source" or ("app's console" in ready.place) is in_app
    assert (
        MI in " ".join(ready.run for step in TREES["test-failed"].steps for ready in commands(step, found)) and one.id
    )


@pytest.mark.parametrize(
    "name", ["same-vnet-client-nsg", "peering-return-dropped", "same-vnet-stopped", "peering-missing"]
)
def test_a_test_that_connected_is_never_called_blocked_in_silence(name: str) -> None:
    """The block is withdrawn to unknown, or, where an open port proves nothing against it, the two stand side by side."""
    source = "10.1.1.4" if name.startswith("peering") else "10.0.1.4"
    found = ask(name, tnc(True, source=source))
    assert found.at_source.disagreement == "test-connected" and taken(found)[-1].step.who
    assert found.verdict is U or name == "same-vnet-stopped"
    if name == "same-vnet-stopped":
        answered = ask(name, probe(tcp(), tds("answered", name_matches=True), login("denied", error_number=18456)))
        assert answered.verdict is U


def test_a_wrong_name_is_not_refuted_by_an_open_port() -> None:
    """TCP opens at an address whatever name was typed: that is no contradiction."""
    one = case("same-vnet-by-address")
    snapshot = bound(one.snapshot(), read_sent(tnc(True), "sent.txt"), find_source(Network(one.snapshot()), one.source))
    found = diagnose(snapshot, one.source, one.target)
    assert found.verdict is B and found.at_source.disagreement == ""


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        [1],
        {"rows": 3},
        [{"what": 1}],
        [{"issues": 5, "type": "Source"}],
        [{"at": 3}],
        [{"name": "WEBSITE_PRIVATE_IP"}],
    ],
)
@pytest.mark.parametrize(
    "kind",
    [
        "windows-firewall",
        "linux-firewall",
        "azure-connectivity",
        "azure-activity",
        "environment",
        "ipconfig",
        "traceroute",
        "probe-tds",
        "hosts-file",
    ],
)
def test_outputs_of_another_shape_leave_every_step_standing(kind: str, value: object) -> None:
    """A snapshot from elsewhere may hold anything under the name of our formats."""
    odd = {"kind": kind, "about": "", "from": "client", "format": "mi-workbook/paste/1", "value": value, "whole": True}
    one = case(PROXY)
    sent = [{**one, "from": "client"} for one in read_sent(tnc(False), "sent.txt").observations]
    found = diagnose(one.snapshot().observed([*sent, odd]), one.source, MI)
    assert found.verdict is U and walked(found)["failed-machine"] is R


def test_every_view_shows_the_walk_and_hostile_text_stays_text() -> None:
    """Terminal, JSON, HTML, Markdown: each step's outcome, the next command, who must act."""
    evil = "<script>alert(1)</script>"
    one = case(PROXY)
    text = tnc(False) + PROFILES + RULES.replace("Deny SQL to servers (GPO)", evil)
    snapshot = bound(one.snapshot(), read_sent(text, "sent.txt"), find_source(Network(one.snapshot()), one.source))
    found = diagnose(snapshot, one.source, MI)
    console = Console(file=io.StringIO(), width=4000, record=True)
    render(found, console)
    page, prose, told = to_html(found, snapshot), to_markdown(found, snapshot), console.export_text()
    for shown in (page, prose, told, json.dumps(diagnosis_json(found))):
        assert "Owner of the source machine" in shown and "Does TCP connect" in shown and "alert" in shown
    assert evil not in page and evil not in prose
    walk = diagnosis_json(found)["disagreement"]
    assert (
        walk["tree"] == "test-failed"
        and walk["end"]["id"] == "failed-guest-rule"
        and walk["end"]["suspects"][0] == "fw-own-rule"
    )
    assert diagnosis_json(diagnose(one.snapshot(), one.source, MI))["disagreement"] is None


def test_the_walk_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files beside the evidence are the source's; --ran-at names another place, and decides on which side to look."""
    one = case(SITE)
    one.snapshot().save(tmp_path / "azure.json")
    (tmp_path / "site.txt").write_text(tnc(False, source="192.168.7.20"), encoding="utf-8")
    (tmp_path / "vm.txt").write_text(tnc(True, source="10.0.1.9"), encoding="utf-8")
    asked = ["diagnose", str(tmp_path / "azure.json"), str(tmp_path / "site.txt"), "--from", one.source, "--to", MI]
    assert main(asked) == 3
    shown = capsys.readouterr().out
    assert (
        "step by step" in shown
        and "Which side it is on is still open" in shown
        and "test-connectivity" not in shown.split("failed-guest")[0][:0]
    )
    assert main([*asked, "--ran-at", "vnet-data/snet-app", str(tmp_path / "vm.txt"), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["disagreement"]["end"]["id"] == "failed-between"
    (tmp_path / "odd.txt").write_text("nothing that anybody knows\n", encoding="utf-8")
    assert main([*asked, "--ran-at", "vnet-data/snet-app", str(tmp_path / "odd.txt")]) == 2
    assert main([*asked, "--ran-at", "no-such-vm", str(tmp_path / "vm.txt")]) == 2


def opened(name: str) -> Session:
    """A session on a built-in case."""
    session = start()
    session.act({"do": "case", "value": name})
    return session


def test_the_session_goes_on_from_the_disagreement_paste_by_paste() -> None:
    """One screen: the failed test leads into the tree; each paste moves its end; steps can be revisited; an answer is kept."""
    session = opened(PROXY)
    assert session.screen["steps"][-1]["id"] == "healthy"
    session.act({"do": "paste", "value": tnc(False)})
    shown = session.screen
    assert shown["verdict"]["kind"] == "unknown" and shown["steps"][-1]["id"] == "failed-collect"
    assert [one["group"] for one in shown["steps"] if one["group"]] == [TREES["test-failed"].title]
    assert "curl.exe" in shown["next"] and [one["current"] for one in shown["steps"]].count(True) == 1
    session.act({"do": "step", "value": "failed-guest"})
    step = session.screen["step"]
    assert any("Get-NetFirewallProfile" in run for _, run in step["commands"]) and step["asks"]["counts"]
    session.act({"do": "say", "step": "failed-guest", "value": "program"})
    assert (
        session.screen["cause"]["label"].startswith("Found beside")
        and "You answered" in session.screen["cause"]["says"]
    )
    assert (
        session.screen["step"]["id"] == "failed-guest-rule"
        and session.screen["step"]["who"] == "Owner of the source machine"
    )
    kept = State()
    resume(kept, "s.json", save(session.state).encode())
    assert kept.said == {"failed-guest": "program"} and kept.at == "failed-guest-rule"
    session.act({"do": "paste", "value": PROFILES + NO_RULES})
    assert session.screen["steps"][-1]["id"] == "failed-collect"
    session.act({"do": "paste", "value": tnc(True, source="10.0.1.9"), "place": "vnet-data/snet-app"})
    assert session.screen["steps"][-1]["id"] == "failed-between" and not session.screen["error"]
    session.act({"do": "paste", "value": resource("Stopped")})
    assert session.screen["verdict"]["kind"] == "blocked" and session.screen["steps"][-1]["id"] == "repair"


@pytest.mark.parametrize("message", [
    {"do": "say"}, {"do": "say", "step": "failed-guest", "value": "no"}, {"do": "say", "step": "healthy", "value": "x"}, {"do": "say", "step": 4, "value": []},
    {"do": "own"}, {"do": "own", "value": 99, "owner": "x", "rows": 1}, {"do": "paste", "value": "x", "place": "no-such-vm"}, {"do": "paste", "value": "", "place": 7},
])  # fmt: skip
def test_messages_that_fit_nothing_end_in_words(message: Json) -> None:
    """Nothing changes, and the reason is said."""
    session = opened(PROXY)
    session.act({"do": "paste", "value": tnc(False)})
    before = session.screen["verdict"]
    session.act(message)
    assert (
        session.screen["error"]
        and "failed at this" not in session.screen["error"]
        and session.screen["verdict"] == before
    )


@pytest.mark.parametrize("said", [3, [], {"a": 1}])
def test_a_session_with_odd_answers_is_refused(said: object) -> None:
    """In words, with the place."""
    session = opened(PROXY)
    document = {**json.loads(save(session.state)), "said": said}
    with pytest.raises(InputError, match="said"):
        resume(State(), "s.json", json.dumps(document).encode())


def test_a_step_knows_its_commands_by_place() -> None:
    """A web app gets the commands of its console only, and the control test is for a VM."""
    step: Step = TREES["test-failed"].step("failed-layer")
    places = {ready.place for ready in commands(step, ask(APP, nc("failed: Connection timed out")))}
    assert places == {
        "the app's console (Kudu, Windows), at the source",
        "the app's console (SSH, Linux), at the source",
    }
    control = commands(TREES["test-failed"].step("failed-control"), ask(APP, nc("failed: Connection timed out")))
    assert {ready.at for ready in control} == {"control"}


@pytest.mark.parametrize("said", ["No such host is known", "DNS request timed out."])
def test_a_name_that_an_app_cannot_resolve_is_no_sound_path(said: str) -> None:
    """Azure's zone has the name; the app's own look at it fails, be it by silence: unknown, and the guide looks at names."""
    found = ask(APP, f"C:\\home>nameresolver {MI}\nServer: Default\n\n{said}\n\nC:\\home>\n")
    assert found.verdict is U and found.at_source.disagreement == "test-failed"
    assert walked(found)["failed-target"] is B and list(walked(found))[-1] == "failed-ask-dns"


def test_a_socket_that_an_app_may_not_open_is_its_own_matter() -> None:
    """The sandbox of an app has no firewall to set; what it forbids is told as that."""
    forbidden = SILENT_APP.replace(
        "A connection attempt failed because the connected party did not properly respond after a period of time",
        "An attempt was made to access a socket in a way forbidden by its access permissions",
    )
    assert walked(ask(APP, SILENT_APP))["failed-guest"] is R
    found = ask(APP, forbidden)
    assert list(walked(found))[-1] == "failed-guest-rule" and "forbade" in [one.says for one in taken(found)][-2]


@pytest.mark.parametrize("system", ["linux", "windows"])
def test_a_line_of_the_hosts_file_is_named(system: str) -> None:
    """The old address stands in the file that was printed: its owner must take it out, whatever DNS says."""
    found = ask(PROXY, tnc(False, "10.99.0.4"), fixture(f"hosts-lines/{system}"))
    assert list(walked(found))[-1] == "failed-hosts"
    assert any("hosts file says 10.99.0.4" in one.says for one in taken(found))
    assert "build01" not in repr(found)


def test_mistakes_of_a_tree_are_told_at_once() -> None:
    """Looks, faults, commands, consoles, readers and places that are not known stand in one message."""
    told = mistakes(
        tree_text(
            step_text(
                "a",
                'looks = ["moon"]',
                'suspects = ["no-such-fault"]',
                'only = "mars"',
                """commands = [{ on = "amiga", run = "x", reads = "nc" }, { on = "linux", run = "", reads = "nc" },
            { on = "linux", run = "x", reads = "tea-leaves" }]""",
                'next = { reachable = "b", blocked = "b", unknown = "b" }',
            ),
            step_text("b", 'end = "evidence"'),
        )
    )
    for words in ("look moon", "no-such-fault", "only mars", "amiga", "of nothing", "tea-leaves"):
        assert words in told


def test_each_appliance_is_named_with_its_direction_and_its_own_test() -> None:
    """Where the appliance itself connects, its policy or the way to it is left; where it fails, what lies behind."""
    hub = case(HUB)
    network = Network(hub.snapshot())
    at = next(
        d.by for t in diagnose(hub.snapshot(), hub.source, MI).traces for d in t.decisions if d.kind == "appliance"
    )
    assert find_source(network, at).kind == "nic"
    plain = {look.look: look.says for look in ask(HUB, tnc(False, source="10.1.1.4")).at_source.looks}["appliance"]
    assert "there: " in plain and "From" not in plain
    for ended, side in ((OPENED, "its policy"), (SILENT, "behind it")):
        found = ask(HUB, tnc(False, source="10.1.1.4"), elsewhere=((at, ended),))
        (look,) = [one for one in found.at_source.looks if one.look == "appliance"]
        assert look.verdict is U and side in look.says
    assert "on the appliance itself" in {
        ready.place.partition(", ")[2] for ready in commands(TREES["test-failed"].step("failed-appliance"), found)
    }


def test_any_address_of_the_sources_interface_is_its_own() -> None:
    """A second address of the NIC is no other machine; the path that was judged is that of the first all the same."""
    one = case(PROXY)
    document = one.snapshot().to_dict()
    (raw,) = [item for item in document["resources"] if item["name"] == "nic-app"]
    second = json.loads(json.dumps(raw["properties"]["ipConfigurations"][0]))
    second["name"], second["properties"]["primary"], second["properties"]["privateIPAddress"] = (
        "second",
        False,
        "10.0.1.44",
    )
    raw["properties"]["ipConfigurations"].append(second)
    snapshot = bound(
        from_document(document),
        read_sent(tnc(False, source="10.0.1.44"), "sent.txt"),
        find_source(Network(from_document(document)), one.source),
    )
    found = diagnose(snapshot, one.source, MI)
    assert {look.look: look.verdict for look in found.at_source.looks}["machine"] is R


@pytest.mark.parametrize(
    "properties", ["5", "[]", '{"subnets": 7}', '{"addressSpace": {"addressPrefixes": "x"}, "subnets": [5]}']
)
def test_a_pasted_resource_of_another_shape_is_refused_and_changes_nothing(properties: str) -> None:
    """Held to the shape that a file is held to; the answer on the screen stays."""
    session = opened(PROXY)
    before = session.screen["verdict"]
    (held,) = [one for one in case(PROXY).snapshot().resources if str(one["type"]).lower().endswith("/virtualnetworks")]
    session.act(
        {
            "do": "paste",
            "value": json.dumps({"id": held["id"], "name": "v", "type": held["type"]})[:-1]
            + f', "properties": {properties}}}',
        }
    )
    assert session.screen["error"] and "must be" in session.screen["error"]
    assert session.screen["verdict"] == before


@pytest.mark.parametrize(
    ("said", "verdict", "following"),
    [("silence", B, "failed-guest"), ("once", R, "failed-refused"), ("unknown", U, "failed-guest")],
)
def test_the_time_until_it_failed_may_be_told(said: str, verdict: Verdict, following: str) -> None:
    """Test-NetConnection does not say how it failed; the person who watched it may."""
    steps = walked(ask(PROXY, tnc(False)), {"failed-how": said})
    assert steps["failed-how"] is verdict
    ids = list(steps)
    assert ids[ids.index("failed-how") + 1] == following
