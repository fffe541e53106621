"""Effective routes equal tables that were captured in Azure."""

import json
from pathlib import Path
from typing import Any

import pytest

from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import Network
from mi_workbook.reach.effective_routes import effective_routes

BASE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"


def vnet(name: str, space: str, subnets: dict[str, dict[str, Any]], peers: dict[str, str]) -> dict[str, Any]:
    """A VNet as ARM returns it, with Connected peerings."""
    at = f"{BASE}/virtualNetworks/{name}"
    return {
        "id": at, "name": name, "type": "Microsoft.Network/virtualNetworks", "location": "westeurope",
        "properties": {
            "addressSpace": {"addressPrefixes": [space]},
            "subnets": [{"id": f"{at}/subnets/{n}", "name": n, "properties": p} for n, p in subnets.items()],
            "virtualNetworkPeerings": [
                {"name": f"to-{n}", "properties": {
                    "peeringState": "Connected", "remoteVirtualNetwork": {"id": f"{BASE}/virtualNetworks/{n}"},
                    "remoteAddressSpace": {"addressPrefixes": [s]}}}
                for n, s in peers.items()
            ],
        },
    }  # fmt: skip


def table(*routes: tuple[str, str]) -> dict[str, Any]:
    """A route table whose routes lead to appliances."""
    return {
        "id": f"{BASE}/routeTables/rt", "name": "rt", "type": "Microsoft.Network/routeTables",
        "properties": {"routes": [
            {"name": f"r{i}", "properties": {"addressPrefix": p, "nextHopType": "VirtualAppliance", "nextHopIpAddress": h}}
            for i, (p, h) in enumerate(routes)]},
    }  # fmt: skip


def one(space: str, peers: dict[str, str], *routes: tuple[str, str]) -> list[dict[str, Any]]:
    """A VNet "v" with one subnet "s"."""
    subnet = {"addressPrefix": space.replace("/16", "/24")} | (
        {"routeTable": {"id": f"{BASE}/routeTables/rt"}} if routes else {}
    )
    return [vnet("v", space, {"s": subnet}, peers), table(*routes)]


def endpoint(address: str) -> dict[str, Any]:
    """A private endpoint in subnet "sql" of "v"."""
    name = f"pe{address}"
    return {
        "id": f"{BASE}/privateEndpoints/{name}", "name": name, "type": "Microsoft.Network/privateEndpoints",
        "properties": {"subnet": {"id": f"{BASE}/virtualNetworks/v/subnets/sql"},
                       "customDnsConfigs": [{"fqdn": "x", "ipAddresses": [address]}]},
    }  # fmt: skip


PE = [
    vnet("v", "192.168.0.0/16", {
        "sql": {"addressPrefix": "192.168.2.0/24", "privateEndpointNetworkPolicies": "RouteTableEnabled"},
        "s": {"addressPrefix": "192.168.13.0/24", "routeTable": {"id": f"{BASE}/routeTables/rt"}}}, {}),
    table(("192.168.2.0/24", "192.168.16.4")), endpoint("192.168.2.4"), endpoint("192.168.2.5"),
]  # fmt: skip
HUB = {"hub": "10.4.0.0/16"}
NETWORKS = {
    "24_lab_vnet1_udr_10_8": one("10.1.0.0/16", HUB, ("10.0.0.0/8", "10.4.2.101")),
    "26_lab_vnet2_udr_default": one("10.2.0.0/16", HUB, ("0.0.0.0/0", "10.4.2.101")),
    "29_lab_vnet1_udr_subnet_override": one(
        "10.1.0.0/16", HUB, ("10.0.0.0/8", "10.4.0.4"), ("10.1.1.0/24", "10.4.0.4")
    ),
    "35_private_endpoint_udr_same_vnet": PE,
    "41_p2s_stage0_spoke_unpeered": one("10.100.201.0/24", {}),
    "46_pe_plain_peering": one("10.0.0.0/24", {"w": "10.1.0.0/24"}),
    "52_mslearn_sales_marketing_peering": one("10.1.0.0/16", {"m": "10.2.0.0/16"}),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_computed_routes_equal_the_captured_table(name: str, data: Path) -> None:
    """Same rows, leaving out the system's None list, which changed over the years."""
    golden = json.loads((data / "golden_routes" / name / "expected.json").read_text(encoding="utf-8"))
    network = Network(Snapshot(NETWORKS[name]))
    routes = effective_routes(network, network.subnet(f"{BASE}/virtualNetworks/v/subnets/s")).routes
    computed = {
        (r.source, r.state, r.prefix, r.next_hop_type, r.next_hop_ip) for r in routes if r.next_hop_type != "None"
    }
    captured = {
        (r["source"], r["state"], r["addressPrefix"], r["nextHopType"], r["nextHopIp"] or "")
        for r in golden["routes"] if r["nextHopType"] != "None"
    }  # fmt: skip
    assert captured == computed if golden["complete_table"] else captured <= computed
