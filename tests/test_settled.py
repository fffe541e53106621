"""Tests from the source settle what the configuration cannot show; where both disagree, neither is believed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from arm import Json, at, gateway, instance, joined, nic, nsg, peered, private_endpoint, route_table, rule, subnet, vnet

from mi_workbook.core.errors import InputError
from mi_workbook.core.finding import Diagnosis
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.files import load
from mi_workbook.evidence.snapshot import Snapshot

FQDN = "mi.abc123.database.windows.net"


def tried(
    result: str,
    about: str = "client",
    port: int = 1433,
    host: str = FQDN,
    when: str = "2026-11-20T10:00:00Z",
    **more: Any,
) -> Json:
    """A connection that was tried."""
    row = {"host": host, "address": "", "port": port, "result": result, **more}
    return {"kind": "test-netconnection", "about": about, "at": when, "format": "text", "value": [row]}


def ask(
    *observations: Json, appliance: bool = False, denied: bool = False, proxy: str = "Proxy", source: str = "vm"
) -> Diagnosis:
    """From vm (10.1.1.4) to the instance in a peered VNet; through an appliance, or denied, where told."""
    table = {"table": "ra"} if appliance else {}
    resources = [
        vnet("a", ["10.1.0.0/16"], {"app": subnet("10.1.1.0/24", "n", **table), "nva": subnet("10.1.9.0/24")}, {"b": peered(["10.2.0.0/16"])}),
        vnet("b", ["10.2.0.0/16"], {"mi": subnet("10.2.0.0/27")}, {"a": peered(["10.1.0.0/16"])}),
        route_table("ra", ("10.2.0.0/16", "VirtualAppliance", "10.1.9.4")),
        nsg("n", *([rule("no", 200, "Deny", "Outbound")] if denied else [])),
        nic("vm", "10.1.1.4", "a/app"), nic("nva", "10.1.9.4", "a/nva", enableIPForwarding=True), instance("b/mi", proxyOverride=proxy),
    ]  # fmt: skip
    return diagnose(Snapshot(resources, observations=observations, complete=None), source, FQDN)


def test_connection_that_was_made_settles_what_an_appliance_does() -> None:
    """Its policy is not in Azure, and the test went through it."""
    assert ask(appliance=True).verdict is Verdict.UNKNOWN
    assert ask(tried("open"), appliance=True).verdict is Verdict.REACHABLE


@pytest.mark.parametrize("about", ["vm", "VM", at("networkInterfaces", "vm"), "10.1.1.4", "client"])
def test_observation_counts_for_the_place_it_names(about: str) -> None:
    """By name, id or address, or as what the client of the question sent."""
    assert ask(tried("open", about), appliance=True).verdict is Verdict.REACHABLE


@pytest.mark.parametrize(
    "observation",
    [
        tried("open", "vm-other"), tried("open", "this-machine"), tried("open", port=443), tried("open", host="elsewhere.example"),
        tried("maybe"), tried("open", port=True), {"kind": "x", "about": "client", "value": [None, 3, "open"]},
        {"kind": "x", "about": ["client"], "value": {"port": 1433, "result": ["open"]}},
    ],
)  # fmt: skip
def test_other_tests_settle_nothing(observation: Json) -> None:
    """Another place, another target, another port, or what is no result."""
    assert ask(observation, appliance=True).verdict is Verdict.UNKNOWN


def test_open_1433_proves_nothing_about_redirect() -> None:
    """The ports of Redirect stay unknown until a login was followed to its end."""
    assert ask(tried("open"), appliance=True, proxy="Redirect").verdict is Verdict.UNKNOWN
    one = tried("open", port=11003)
    assert ask(tried("open"), one, appliance=True, proxy="Redirect").verdict is Verdict.UNKNOWN
    assert ask(tried("denied"), appliance=True, proxy="Redirect").verdict is Verdict.REACHABLE


def test_failure_where_azure_stops_nothing_is_neither_reachable_nor_blocked() -> None:
    """The cause lies outside; the next test is named."""
    found = ask(tried("timeout"))
    assert found.verdict is Verdict.UNKNOWN
    assert "firewall" in found.gaps[0].how and "timeout" in found.gaps[0].why


def test_connection_where_the_configuration_blocks_is_a_contradiction() -> None:
    """One of them is out of date."""
    found = ask(tried("open"), denied=True)
    assert found.verdict is Verdict.UNKNOWN and "disagree" in found.gaps[0].missing


def test_failure_agrees_with_a_block() -> None:
    """The configuration says why."""
    found = ask(tried("timeout"), denied=True)
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "client-nsg-out")
    assert found.repair is not None and found.repair.proved


def test_later_test_counts() -> None:
    """It failed once and works now, or the other way round; of two without a time neither counts as the later one."""
    old, new = "2026-11-19T10:00:00Z", "2026-11-20T10:00:00Z"
    assert ask(tried("timeout", when=old), tried("open", when=new)).verdict is Verdict.REACHABLE
    assert ask(tried("open", when=old), tried("timeout", when=new)).verdict is Verdict.UNKNOWN
    assert ask(tried("open", when=""), tried("timeout", when="")).verdict is Verdict.UNKNOWN


def test_name_that_was_typed_wrong_stays_wrong() -> None:
    """A test of the right name says nothing of the wrong one."""
    resources = [vnet("v", ["10.0.0.0/16"], {"mi": subnet("10.0.0.0/27"), "app": subnet("10.0.1.0/24")}), nic("vm", "10.0.1.4", "v/app"),
                 instance("v/mi")]  # fmt: skip
    found = diagnose(
        Snapshot(resources, observations=[tried("open")], complete=None), "vm", "mi.abc124.database.windows.net"
    )
    assert found.verdict is Verdict.BLOCKED


def test_client_of_a_gateway_is_settled_by_its_own_test() -> None:
    """Its routes and firewall are not in Azure; a login that failed as expected went all the way."""
    resources = [
        vnet("v", ["10.0.0.0/16"], {"mi": subnet("10.0.0.0/27"), "GatewaySubnet": subnet("10.0.255.0/27")}),
        gateway("gw", "v", "172.16.0.0/24"), instance("v/mi"),
    ]  # fmt: skip
    plain = diagnose(Snapshot(resources, complete=None), "p2s:gw=172.16.0.5", FQDN)
    told = Snapshot(resources, observations=[tried("open", "172.16.0.5")], complete=None)
    assert (plain.verdict, diagnose(told, "p2s:gw=172.16.0.5", FQDN).verdict) == (Verdict.UNKNOWN, Verdict.REACHABLE)


def test_what_probe_wrote_is_evidence_from_the_client(tmp_path: Path) -> None:
    """`mi-workbook probe --json` on the client, sent as a file beside the configuration."""
    shown = {"kind": "probe-tcp", "about": f"{FQDN},1433", "at": "2026-11-20T10:00:00+00:00", "format": "mi-workbook/probe/1",
             "value": {"address": "10.2.0.4", "port": 1433, "outcome": "open", "ms": 3.0, "waited": 10.0}}  # fmt: skip
    (tmp_path / "probe.json").write_text(
        json.dumps({"schema": "mi-workbook/probe/1", "observations": [shown]}), encoding="utf-8"
    )
    resources = [
        vnet("a", ["10.1.0.0/16"], {"app": subnet("10.1.1.0/24", "", "ra")}, {"b": peered(["10.2.0.0/16"])}),
        vnet("b", ["10.2.0.0/16"], {"mi": subnet("10.2.0.0/27")}, {"a": peered(["10.1.0.0/16"])}),
        route_table("ra", ("10.2.0.0/16", "VirtualAppliance", "10.1.9.4")), nic("vm", "10.1.1.4", "a/app"), instance("b/mi"),
    ]  # fmt: skip
    (tmp_path / "azure.json").write_text(json.dumps(resources), encoding="utf-8")
    assert diagnose(load(tmp_path / "azure.json"), "vm", FQDN).verdict is Verdict.UNKNOWN
    assert diagnose(load(tmp_path / "azure.json", tmp_path / "probe.json"), "vm", FQDN).verdict is Verdict.REACHABLE


def test_damaged_output_of_probe_is_refused(tmp_path: Path) -> None:
    """With the place of the damage."""
    (tmp_path / "probe.json").write_text('{"observations": [3]}', encoding="utf-8")
    with pytest.raises(InputError, match="/observations/0"):
        load(tmp_path / "probe.json")


def looked_up(*rows: tuple[str, str, str], about: str = "client") -> Json:
    """An answer of a DNS tool: name, type, value."""
    return {"kind": "nslookup", "about": about, "at": "", "format": "text",
            "value": [{"name": n, "type": t, "value": v, "server": "10.1.0.53"} for n, t, v in rows]}  # fmt: skip


def named_by_others(*observations: Json, servers: tuple[str, ...] = ("10.77.0.53",)) -> Diagnosis:
    """An app whose network has a DNS server of its own, a private endpoint beside it, and no way to the instance itself."""
    home = vnet("a", ["10.1.0.0/16"], {"app": subnet("10.1.1.0/24"), "pe": subnet("10.1.5.0/24")})
    home["properties"]["dhcpOptions"]["dnsServers"] = list(servers)
    resources = [home, vnet("b", ["10.2.0.0/16"], {"mi": subnet("10.2.0.0/27")}), nic("vm", "10.1.1.4", "a/app"), instance("b/mi"),
                 private_endpoint("pe", "a/pe", "10.1.5.4")]  # fmt: skip
    return diagnose(Snapshot(joined(resources), observations=observations, complete=None), "vm", FQDN)


def test_answer_at_the_client_tells_which_endpoint_is_used() -> None:
    """What a DNS server of one's own answers is not in Azure; what the client got is the answer."""
    chain = (FQDN, "CNAME", "mi.privatelink.abc123.database.windows.net.")
    private = ("mi.privatelink.abc123.database.windows.net", "A", "10.1.5.4")
    assert named_by_others().verdict is Verdict.UNKNOWN
    assert (named_by_others(looked_up(chain, private)).verdict, named_by_others(looked_up(chain, private)).endpoint) == (
        Verdict.REACHABLE, "private")  # fmt: skip
    assert named_by_others(looked_up((FQDN, "A", "10.2.0.9"))).verdict is Verdict.BLOCKED


@pytest.mark.parametrize(
    "observation",
    [
        looked_up(("other.example", "A", "10.1.5.4")), looked_up((FQDN, "A", "10.1.5.4"), (FQDN, "A", "10.2.0.9")),
        looked_up((FQDN, "A", "8.8.8.8")), looked_up((FQDN, "A", "<b>")), looked_up((FQDN, "A", "10.1.5.4"), about="elsewhere"),
    ],
)  # fmt: skip
def test_answers_that_tell_nothing_leave_it_unknown(observation: Json) -> None:
    """Another name, two addresses, an address that is neither, no address, another place."""
    assert named_by_others(observation).verdict is Verdict.UNKNOWN


def test_pasted_output_beside_the_configuration(tmp_path: Path) -> None:
    """A file of console output is evidence like any other: routes and a connection of the client."""
    text = (
        "C:\\>route print -4\n"
        "===========================================================================\nInterface List\n"
        " 57...........................vpn\n"
        "===========================================================================\n\nIPv4 Route Table\n"
        "===========================================================================\n"
        "Active Routes:\nNetwork Destination        Netmask          Gateway       Interface  Metric\n"
        "          0.0.0.0          0.0.0.0      192.168.1.1     192.168.1.23     25\n"
        "         10.0.0.0      255.255.0.0         On-link        172.16.0.5     43\n"
        "        127.0.0.0        255.0.0.0         On-link         127.0.0.1    331\n"
        "===========================================================================\nPersistent Routes:\n  None\n"
    )
    (tmp_path / "routes.txt").write_text(text, encoding="utf-8")
    resources = [
        vnet("v", ["10.0.0.0/16"], {"mi": subnet("10.0.0.0/27"), "GatewaySubnet": subnet("10.0.255.0/27")}),
        gateway("gw", "v", "172.16.0.0/24"), instance("v/mi"),
    ]  # fmt: skip
    (tmp_path / "azure.json").write_text(json.dumps(resources), encoding="utf-8")
    found = diagnose(load(tmp_path / "azure.json", tmp_path / "routes.txt"), "p2s:gw=172.16.0.5", FQDN)
    assert found.verdict is Verdict.UNKNOWN and "firewall" in found.gaps[-1].missing
    (tmp_path / "routes.txt").write_text(text.replace("10.0.0.0 ", "10.9.0.0 "), encoding="utf-8")
    found = diagnose(load(tmp_path / "azure.json", tmp_path / "routes.txt"), "p2s:gw=172.16.0.5", FQDN)
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "p2s-package-stale")
    cut = text.replace("10.0.0.0 ", "10.9.0.0 ").rpartition("=====")[0].rpartition("172.16.0.5")[0]
    (tmp_path / "routes.txt").write_text(cut, encoding="utf-8")
    found = diagnose(load(tmp_path / "azure.json", tmp_path / "routes.txt"), "p2s:gw=172.16.0.5", FQDN)
    assert found.verdict is Verdict.UNKNOWN


def test_a_test_that_only_says_false_is_a_failure_and_no_more() -> None:
    """Test-NetConnection False does not say why: what Azure lets through is unknown then, and what it blocks stays blocked."""
    found = ask(tried("failed"))
    assert found.verdict is Verdict.UNKNOWN and "1433 failed" in found.gaps[0].why
    assert ask(tried("failed"), denied=True).verdict is Verdict.BLOCKED
    assert ask(tried("unclear")).verdict is Verdict.REACHABLE  # only ping was tried, or the paste ends too early


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("test-netconnection", {"host": FQDN, "address": "", "port": None, "result": "name-not-found"}),
        ("resolve-dnsname", {"name": FQDN, "type": "failure", "value": "nxdomain", "server": ""}),
        ("nslookup", {"name": FQDN, "type": "failure", "value": "nxdomain", "server": "10.1.0.4"}),
    ],
)
def test_a_name_that_the_source_cannot_resolve_is_never_reachable(kind: str, row: Json) -> None:
    """The configuration resolves it, the source does not: the name is what to look at, unless another look found it."""
    seen = {"kind": kind, "about": "client", "at": "", "format": "text", "value": [row]}
    found = ask(seen)
    assert found.verdict is Verdict.UNKNOWN and "nslookup" in found.gaps[0].how
    answer = {**seen, "value": [{"name": FQDN, "type": "A", "value": "10.2.0.4"}]}
    assert ask(seen, answer).verdict is Verdict.REACHABLE
    assert (
        ask({**seen, "value": [{**row, "host": "other.example", "name": "other.example"}]}).verdict is Verdict.REACHABLE
    )
