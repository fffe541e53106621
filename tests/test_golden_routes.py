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


GATEWAYS = f"{BASE}/virtualNetworkGateways"


def gateway(name: str, home: str, pool: str = "", address: str = "") -> list[dict[str, Any]]:
    """A VPN gateway in a VNet, with its public address."""
    clients = {"vpnClientConfiguration": {"vpnClientAddressPool": {"addressPrefixes": [pool]}}} if pool else {}
    return [
        {"id": f"{GATEWAYS}/{name}", "name": name, "type": "Microsoft.Network/virtualNetworkGateways",
         "properties": {"gatewayType": "Vpn", "vpnType": "RouteBased", **clients, "ipConfigurations": [{"properties": {
             "subnet": {"id": f"{BASE}/virtualNetworks/{home}/subnets/GatewaySubnet"},
             "publicIPAddress": {"id": f"{BASE}/publicIPAddresses/{name}"}}}]}},
        {"id": f"{BASE}/publicIPAddresses/{name}", "name": name, "type": "Microsoft.Network/publicIPAddresses",
         "properties": {"ipAddress": address}},
    ]  # fmt: skip


def over_bgp(name: str, peer: str) -> list[dict[str, Any]]:
    """A site-to-site connection with BGP to a site that is known by its BGP speaker alone."""
    site = f"{BASE}/localNetworkGateways/{name}"
    return [
        {"id": site, "name": name, "type": "Microsoft.Network/localNetworkGateways",
         "properties": {"localNetworkAddressSpace": {"addressPrefixes": [peer]}}},
        {"id": f"{BASE}/connections/{name}", "name": name, "type": "Microsoft.Network/connections",
         "properties": {"connectionType": "IPsec", "enableBgp": True, "virtualNetworkGateway1": {"id": f"{GATEWAYS}/gw"},
                        "localNetworkGateway2": {"id": site}}},
    ]  # fmt: skip


def learned(*prefixes: str) -> list[dict[str, Any]]:
    """What the gateway learned over BGP."""
    rows = [{"network": prefix, "nextHop": "10.9.9.9", "origin": "EBgp"} for prefix in prefixes]
    return [{"kind": "learned-routes", "about": f"{GATEWAYS}/gw", "value": {"value": rows}}]


def flagged(one: dict[str, Any], **flags: bool) -> dict[str, Any]:
    """The VNet with flags set on all its peerings."""
    for peering in one["properties"]["virtualNetworkPeerings"]:
        peering["properties"] |= flags
    return one


GW = {"GatewaySubnet": {"addressPrefix": "10.255.255.0/27"}}
SPOKES = {"a": "10.100.201.0/24", "b": "10.100.202.0/24"}
P2S = gateway("gw", "v", "10.100.204.0/24", "20.16.121.157")
HUB_GATEWAY = gateway("gw", "hub", "", "172.176.82.173")
BEHIND_GATEWAYS: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "30_lab_vnet5_vpn_before_gateway_transit": (
        [vnet("v", "10.5.0.0/16", {"s": {"addressPrefix": "10.5.1.0/24"}, **GW}, {}),
         *gateway("gw", "v", "", "172.176.83.53"), *over_bgp("hub", "10.4.0.254/32")],
        learned("10.4.0.0/16")),
    "32_lab_vnet1_after_gateway_transit": (
        [flagged(one("10.1.0.0/16", HUB, ("10.0.0.0/8", "10.4.0.4"), ("10.1.1.0/24", "10.4.0.4"))[0], useRemoteGateways=True),
         table(("10.0.0.0/8", "10.4.0.4"), ("10.1.1.0/24", "10.4.0.4")),
         flagged(vnet("hub", "10.4.0.0/16", GW, {"v": "10.1.0.0/16"}), allowGatewayTransit=True),
         *HUB_GATEWAY, *over_bgp("vnet5", "10.5.0.254/32")],
        learned("10.5.0.0/16")),
    "40_p2s_stage0_hub_nva": ([vnet("v", "10.100.200.0/24", {"s": {"addressPrefix": "10.100.200.64/26"}, **GW}, {}), *P2S], []),
    "42_p2s_stage1_hub_nva_peered": (
        [flagged(vnet("v", "10.100.200.0/24", {"s": {"addressPrefix": "10.100.200.64/26"}, **GW}, SPOKES),
                 allowGatewayTransit=True), *P2S], []),
    "43_p2s_stage1_spoke_learns_client_pool": (
        [flagged(vnet("v", "10.100.201.0/24", {"s": {"addressPrefix": "10.100.201.0/26"}}, {"hub": "10.100.200.0/24"}),
                 useRemoteGateways=True),
         flagged(vnet("hub", "10.100.200.0/24", GW, {"v": "10.100.201.0/24"}), allowGatewayTransit=True),
         *gateway("gw", "hub", "10.100.204.0/24", "20.16.121.157")], []),
}  # fmt: skip
SNAPSHOTS = {name: Snapshot(resources) for name, resources in NETWORKS.items()} | {
    name: Snapshot(resources, observations=seen, complete=None) for name, (resources, seen) in BEHIND_GATEWAYS.items()
}


def test_every_captured_table_is_compared(data: Path) -> None:
    """No table of the recorded material is left out."""
    assert {folder.name for folder in (data / "golden_routes").iterdir()} == set(SNAPSHOTS)


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_computed_routes_equal_the_captured_table(name: str, data: Path) -> None:
    """Same rows, leaving out the system's None list, which changed over the years."""
    golden = json.loads((data / "golden_routes" / name / "expected.json").read_text(encoding="utf-8"))
    network = Network(SNAPSHOTS[name])
    table = effective_routes(network, network.subnet(f"{BASE}/virtualNetworks/v/subnets/s"))
    assert not table.gaps
    routes = table.routes
    computed = {
        (r.source, r.state, r.prefix, r.next_hop_type, r.next_hop_ip) for r in routes if r.next_hop_type != "None"
    }
    captured = {
        (r["source"], r["state"], r["addressPrefix"], r["nextHopType"], r["nextHopIp"] or "")
        for r in golden["routes"] if r["nextHopType"] != "None"
    }  # fmt: skip
    assert captured == computed if golden["complete_table"] else captured <= computed
