"""What the packet lab found: each is the smallest network on which engine and packets disagreed.

A test that is marked as failing is an open doubt about the engine; `strict` makes the mark go when the engine is mended.
"""

from __future__ import annotations

import copy
from typing import Any

from arm import instance, joined, nic, peered, private_endpoint, resource, route_table, subnet, vnet, vnet_id

from mi_workbook.cases import case
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import Snapshot

FQDN = "mi.abc123.database.windows.net"


def by_endpoint(there: dict[str, Any], back: dict[str, Any]) -> list[dict[str, Any]]:
    """A client in one VNet and a private endpoint in a peered one. there, back: the two sides of the peering."""
    zone = resource("privateDnsZones", "privatelink.abc123.database.windows.net")
    return joined([
        vnet("app", ["10.1.0.0/16"], {"vm": subnet("10.1.1.0/24")}, {"data": there}),
        vnet("data", ["10.2.0.0/16"], {"mi": subnet("10.2.0.0/27"), "pe": subnet("10.2.5.0/24")}, {"app": back}),
        nic("vm-nic", "10.1.1.4", "app/vm"), instance("data/mi"), private_endpoint("pe", "data/pe", "10.2.5.4"), zone,
        {"id": f"{zone['id']}/virtualNetworkLinks/l", "name": "l", "type": f"{zone['type']}/virtualNetworkLinks",
         "properties": {"virtualNetwork": {"id": vnet_id("app")}}},
        {"id": f"{zone['id']}/A/mi", "name": "mi", "type": f"{zone['type']}/A",
         "properties": {"aRecords": [{"ipv4Address": "10.2.5.4"}]}},
    ])  # fmt: skip


def subnets(own: str, far: str, prefix: str) -> dict[str, Any]:
    """One side of a peering of single subnets."""
    return {**peered([prefix]), "peerCompleteVnets": False, "localSubnetNames": [own], "remoteSubnetNames": [far]}


def verdict(resources: list[dict[str, Any]]) -> Verdict:
    """The engine's verdict from the client to the name of the instance, everything collected."""
    return diagnose(Snapshot(resources, complete=None), "vm-nic", FQDN).verdict


def test_private_endpoint_in_a_peered_network_is_reachable() -> None:
    """The sound network that the doubts below are made from; packets pass."""
    assert verdict(by_endpoint(peered(["10.2.0.0/16"]), peered(["10.1.0.0/16"]))) is Verdict.REACHABLE
    named = by_endpoint(subnets("vm", "pe", "10.2.5.0/24"), subnets("pe", "vm", "10.1.1.0/24"))
    assert verdict(named) is Verdict.REACHABLE


def test_private_endpoint_outside_of_the_peered_subnets_is_not_reachable() -> None:
    """Only the subnets that a subnet peering names take part in it ("Configure subnet peering")."""
    resources = by_endpoint(subnets("vm", "mi", "10.2.0.0/27"), subnets("mi", "vm", "10.1.1.0/24"))
    assert verdict(resources) is not Verdict.REACHABLE


def test_private_endpoint_behind_a_peering_that_does_not_know_the_clients_range() -> None:
    """A range that the peering does not hold is out of reach until it is synced ("Update the address space for a peered
    virtual network"). No source says that replies of private endpoints are exempt from it, so it is no proof of reachable.
    """
    assert verdict(by_endpoint(peered(["10.2.0.0/16"]), peered(["10.200.0.0/16"]))) is not Verdict.REACHABLE


def test_private_endpoint_that_the_instance_does_not_know_of() -> None:
    """The endpoint says Approved, the instance lists no connection: its owner removed it, or one of the two is old."""
    mine = case("private-endpoint-healthy")
    document = copy.deepcopy(mine.snapshot().to_dict())
    for one in document["resources"]:
        if one["type"] == "Microsoft.Sql/managedInstances":
            one["properties"]["privateEndpointConnections"] = []
    found = diagnose(Snapshot(document["resources"], complete=None), mine.source, mine.target)
    assert found.verdict is Verdict.UNKNOWN
    assert any("does not list" in gap.why and "az sql mi show" in gap.how for gap in found.gaps)


def test_route_that_overrides_bgp_overrides_nothing_else() -> None:
    """`hasBgpOverride`: "overrides overlapping BGP routes regardless of LPM" (REST reference, Route). Routes of the VNet, of
    peerings and of private endpoints are not BGP routes; the more specific one of them wins as ever.
    """
    strong = route_table("t", ("10.0.0.0/8", "Internet", ""))
    strong["properties"]["routes"][0]["properties"]["hasBgpOverride"] = True
    resources = [
        vnet("v", ["10.1.0.0/16"], {"mi": subnet("10.1.0.0/27"), "vm": subnet("10.1.1.0/24", table="t")}), strong,
        nic("vm-nic", "10.1.1.4", "v/vm"), instance("v/mi"),
    ]  # fmt: skip
    assert verdict(resources) is Verdict.REACHABLE
