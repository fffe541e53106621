"""Places where a verdict could be given on evidence that was not seen, each found by doubting and kept shut here."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from arm import (
    connection,
    gateway,
    instance,
    joined,
    nic,
    nsg,
    peered,
    private_endpoint,
    resource,
    route_table,
    rule,
    site,
    subnet,
    vnet,
)

from mi_workbook.cases import case
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import Snapshot

SOUND = case("same-vnet-healthy")


@pytest.mark.parametrize(("kind", "member"), [("networkSecurityGroups", "securityRules"), ("routeTables", "routes")])
def test_rules_and_routes_that_were_left_out_are_not_read_as_none(kind: str, member: str) -> None:
    """A security group or route table without its list is one whose list was not collected."""
    resources: list[dict[str, Any]] = copy.deepcopy(SOUND.snapshot().to_dict()["resources"])
    for one in resources:
        if one["type"].endswith(kind):
            del one["properties"][member]
    found = diagnose(Snapshot(resources), SOUND.source, SOUND.target)
    assert found.verdict is Verdict.UNKNOWN and found.gaps


def test_word_for_a_protocol_that_nobody_documented_may_match() -> None:
    """A deny rule whose protocol is not understood is not a rule that does not apply."""
    resources = [vnet("v", ["10.0.0.0/16"], {"mi": subnet("10.0.0.0/27", "n"), "app": subnet("10.0.1.0/24")}),
                 nsg("n", rule("odd", 100, "Deny", protocol="6")), nic("vm", "10.0.1.4", "v/app"), instance("v/mi")]  # fmt: skip
    assert diagnose(Snapshot(resources, complete=None), "vm", "mi").verdict is Verdict.UNKNOWN


def status(one: dict[str, Any], word: str) -> dict[str, Any]:
    """The connection with another status."""
    return {**one, "properties": {**one["properties"], "connectionStatus": word}}


def on_premises(*connections: Any, second: str = "") -> list[Any]:
    """An instance behind a gateway with one or two sites."""
    sites = [site("london", "192.168.0.0/16")] + ([site("backup", second)] if second else [])
    return [vnet("v", ["10.0.0.0/16"], {"mi": subnet("10.0.0.0/27"), "GatewaySubnet": subnet("10.0.255.0/27")}),
            gateway("gw", "v"), *sites, *connections, instance("v/mi")]  # fmt: skip


def test_redundant_sites_with_the_same_prefixes_are_one_network() -> None:
    """Two devices of one site, each with its own tunnel: the reply may take either."""
    both = on_premises(connection("b", "gw", "backup"), connection("a", "gw", "london"), second="192.168.0.0/16")
    found = diagnose(Snapshot(both, complete=None), "onprem:london=192.168.1.5", "mi")
    assert found.verdict is Verdict.UNKNOWN
    assert not [f for f in found.findings if f.severity == "blocks"]


def test_more_specific_prefix_of_another_site_is_not_proof_of_a_hijack() -> None:
    """Whether two sites are joined behind their devices is not in Azure."""
    both = on_premises(connection("a", "gw", "london"), connection("b", "gw", "backup"), second="192.168.1.0/24")
    assert diagnose(Snapshot(both, complete=None), "onprem:london=192.168.1.5", "mi").verdict is Verdict.UNKNOWN


def test_tunnel_whose_status_was_not_read_counts_before_one_that_is_down() -> None:
    """With a second connection that may be up, the site is not cut off."""
    two = on_premises(status(connection("a", "gw", "london"), "NotConnected"),
                      status(connection("b", "gw", "london"), ""))  # fmt: skip
    assert diagnose(Snapshot(two, complete=None), "onprem:london=192.168.1.5", "mi").verdict is Verdict.UNKNOWN


def test_address_in_a_vnet_with_public_space_is_not_the_internet() -> None:
    """VNets may use public ranges."""
    resources = [
        vnet("v", ["20.1.0.0/16"], {"mi": subnet("20.1.0.0/27"), "app": subnet("20.1.1.0/24")}),
        instance("v/mi"),
    ]
    assert diagnose(Snapshot(resources, complete=None), "ip:20.1.1.4", "mi").verdict is Verdict.REACHABLE


def named(*records: dict[str, Any]) -> list[dict[str, Any]]:
    """A private endpoint with a linked zone that holds these records."""
    zone = resource("privateDnsZones", "privatelink.abc123.database.windows.net")
    resources = [
        vnet("a", ["10.1.0.0/16"], {"app": subnet("10.1.0.0/24"), "pe": subnet("10.1.5.0/24")}),
        vnet("b", ["10.2.0.0/16"], {"mi": subnet("10.2.0.0/27")}), nic("vm", "10.1.0.4", "a/app"), instance("b/mi"),
        private_endpoint("pe", "a/pe", "10.1.5.4"), zone,
        {"id": f"{zone['id']}/virtualNetworkLinks/l", "name": "l", "type": "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
         "properties": {"virtualNetwork": {"id": vnet("a", [], {})["id"]}}},
    ]  # fmt: skip
    return joined(resources) + [
        {"id": f"{zone['id']}/{one['kind']}/{one['name']}", "name": one["name"],
         "type": f"Microsoft.Network/privateDnsZones/{one['kind']}", "properties": one["properties"]} for one in records
    ]  # fmt: skip


def test_alias_record_in_a_private_zone_is_not_a_missing_record() -> None:
    """A CNAME answers too; where it leads is looked up elsewhere."""
    alias = {"kind": "CNAME", "name": "mi", "properties": {"cnameRecord": {"cname": "other.example"}}}
    assert (
        diagnose(Snapshot(named(alias), complete=None), "vm", "mi.abc123.database.windows.net").verdict
        is Verdict.UNKNOWN
    )
    assert diagnose(Snapshot(named(), complete=None), "vm", "mi.abc123.database.windows.net").verdict is Verdict.BLOCKED


def test_exact_record_answers_before_the_wildcard() -> None:
    """A wildcard stands for names that have no record of their own, whichever was read first."""
    wild = {"kind": "A", "name": "*", "properties": {"aRecords": [{"ipv4Address": "10.1.9.9"}]}}
    own = {"kind": "A", "name": "mi", "properties": {"aRecords": [{"ipv4Address": "10.1.5.4"}]}}
    assert (
        diagnose(Snapshot(named(wild, own), complete=None), "vm", "mi.abc123.database.windows.net").verdict
        is Verdict.REACHABLE
    )


def test_borrowed_gateway_that_was_not_collected_may_add_routes() -> None:
    """A peering that uses the remote gateway proves that there is one."""
    resources = [
        vnet("a", ["10.1.0.0/16"], {"app": subnet("10.1.0.0/24", table="rt")}, {"hub": peered(["10.9.0.0/16"], useRemoteGateways=True),
                                                                            "b": peered(["10.2.0.0/16"])}),
        vnet("hub", ["10.9.0.0/16"], {"GatewaySubnet": subnet("10.9.255.0/27")}, {"a": peered(["10.1.0.0/16"], allowGatewayTransit=True)}),
        vnet("b", ["10.2.0.0/16"], {"mi": subnet("10.2.0.0/27")}, {"a": peered(["10.1.0.0/16"])}),
        route_table("rt", ("10.2.0.0/16", "None", "")), nic("vm", "10.1.0.4", "a/app"), instance("b/mi"),
    ]  # fmt: skip
    assert diagnose(Snapshot(resources), "vm", "mi").verdict is Verdict.UNKNOWN


def test_dns_over_tcp_alone_may_be_enough() -> None:
    """Only where both UDP and TCP 53 are shut is a DNS server surely out of reach."""
    shut = case("same-vnet-dns-shut")
    changes = copy.deepcopy(shut.snapshot().to_dict()["resources"])
    for one in changes:
        for held in one["properties"].get("securityRules", []):
            if held["name"] == "deny-dns":
                held["properties"]["protocol"] = "Udp"
    assert diagnose(Snapshot(changes, complete=None), shut.source, shut.target).verdict is Verdict.UNKNOWN
