"""Effective routes of a subnet as rows for the kernel, from "Virtual network traffic routing". No code of the package.

The kernel does the longest-prefix match; among equal prefixes the lower metric wins: user, learned, system.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from lab.estate import Estate, Json, Subnet, Unbuildable, inside, low

RESERVED = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
USER, EXPRESS, LEARNED, OWN, PEER, DEFAULT = 10, 20, 25, 30, 35, 50
Net = ipaddress.IPv4Network


@dataclass(frozen=True)
class Row:
    """prefix; metric; what is done: local | peer VNET | appliance ADDRESS | gateway ID | internet | drop."""

    prefix: str
    metric: int
    does: str
    to: str = ""


def within(one: str, other: str) -> bool:
    """Whether a prefix is equal to or inside another."""
    return Net(one).subnet_of(Net(other))


def outside_prefixes(estate: Estate, gateway: str) -> dict[str, list[str]]:
    """What lies behind a gateway: "pool", "bgp", or the id of a site or of another gateway -> prefixes.

    "About VPN gateway settings" (local network gateways), "VNet-to-VNet", "About point-to-site".
    """
    raw = estate.gateways[gateway]
    found = {"pool": pool_of(raw), "bgp": estate.learned(gateway)}
    for one in estate.connections(gateway):
        if one.get("enableBgp"):
            raise Unbuildable("BGP over a VPN connection: what it announces is not configuration")
        site = low(one.get("localNetworkGateway2"))
        ends = {low(one.get("virtualNetworkGateway1")), low(one.get("virtualNetworkGateway2"))} - {gateway, ""}
        if site:
            found[site] = estate.by_id[site]["properties"]["localNetworkAddressSpace"]["addressPrefixes"]
        for end in ends:
            found[end] = list(estate.space(estate.home_of(end).vnet))
    return found


def pool_of(gateway: Json) -> list[str]:
    """Prefixes of the point-to-site pool. Only route-based VPN gateways have one ("About point-to-site")."""
    clients = gateway.get("vpnClientConfiguration") or {}
    if str(gateway.get("gatewayType")).lower() != "vpn" or str(gateway.get("vpnType")).lower() == "policybased":
        return []
    return list((clients.get("vpnClientAddressPool") or {}).get("addressPrefixes", []))


def effective(estate: Estate, subnet: Subnet) -> list[Row]:
    """All routes of a subnet that take part in selection."""
    table = subnet.table or {}
    user = [row for raw in table.get("routes", []) for row in _user(estate, subnet.vnet, raw["properties"])]
    own = [Row(prefix, OWN, "local") for prefix in estate.space(subnet.vnet)]
    peers = [] if table.get("disablePeeringRoute") == "All" else _peers(estate, subnet.vnet)
    learned = [] if table.get("disableBgpRoutePropagation") else _learned(estate, subnet.vnet)
    strong = [raw["properties"]["addressPrefix"] for raw in table.get("routes", [])
              if raw["properties"].get("hasBgpOverride")]  # fmt: skip
    shadows = [*(row.prefix for row in (*own, *peers)), *strong]
    learned = [row for row in learned if not any(within(row.prefix, over) for over in shadows)]
    rows = [*user, *own, *peers, *_endpoints(estate, subnet, user), *learned]
    return rows + _defaults(estate.space(subnet.vnet), any(row.prefix == "0.0.0.0/0" for row in (*user, *learned)))


def _defaults(space: tuple[str, ...], overridden: bool) -> list[Row]:
    """Section "System routes" > "Default": reserved ranges go when 0.0.0.0/0 is overridden or the VNet covers them."""
    if overridden:
        return []
    kept = [one for one in RESERVED if not any(within(one, prefix) for prefix in space)]
    return [Row("0.0.0.0/0", DEFAULT, "internet"), *(Row(one, DEFAULT, "drop") for one in kept)]


def _peers(estate: Estate, vnet: str) -> list[Row]:
    return [Row(prefix, PEER, "peer" if side.flows else "drop", side.remote)
            for side in estate.peerings(vnet) if side.connected for prefix in side.space]  # fmt: skip


def _learned(estate: Estate, vnet: str) -> list[Row]:
    rows = []
    for gateway in estate.serving(vnet):
        express = str(estate.gateways[gateway].get("gatewayType")).lower() == "expressroute"
        for prefixes in outside_prefixes(estate, gateway).values():
            rows += [Row(one, EXPRESS if express else LEARNED, "gateway", gateway) for one in prefixes]
    return rows


def _endpoints(estate: Estate, subnet: Subnet, user: list[Row]) -> list[Row]:
    """A /32 for each private endpoint here and in direct peers ("Manage network policies for private endpoints")."""
    near = {subnet.vnet: "local"} | {side.remote: "peer" for side in estate.peerings(subnet.vnet) if side.flows}
    rows = []
    for address, home in endpoint_addresses(estate):
        place = estate.subnets[home]
        if place.vnet not in near or not address:
            continue
        policy = str(place.raw.get("privateEndpointNetworkPolicies", "")).lower() in {"enabled", "routetableenabled"}
        room = min(Net(p).prefixlen for p in estate.space(place.vnet) if inside(address, [p]))
        beaten = policy and any(inside(address, [r.prefix]) and Net(r.prefix).prefixlen >= room for r in user)
        if not beaten:
            rows.append(Row(f"{address}/32", OWN, near[place.vnet], place.vnet))
    return rows


def endpoint_addresses(estate: Estate) -> list[tuple[str, str]]:
    """Address and subnet of each private endpoint."""
    found = []
    for one in estate.endpoints:
        nics = {low(ref) for ref in one.get("networkInterfaces", [])}
        held = [nic.address for nic in estate.nics if nic.id in nics]
        shown = [ip for entry in one.get("customDnsConfigs") or [] for ip in entry["ipAddresses"]]
        found.append(((held or shown or [""])[0], low(one["subnet"])))
    return found


def _user(estate: Estate, vnet: str, route: Json) -> list[Row]:
    prefix, kind = route["addressPrefix"], route["nextHopType"].lower()
    if "/" not in prefix or ":" in prefix:
        return []  # a service tag (public addresses, none of which the lab uses), or IPv6
    if kind == "virtualappliance":
        return [_appliance(estate, vnet, prefix, route["nextHopIpAddress"])]
    if kind == "virtualnetworkgateway":
        vpn = [one for one in estate.serving(vnet) if str(estate.gateways[one]["gatewayType"]).lower() == "vpn"]
        return [Row(prefix, USER, "gateway", vpn[0]) if vpn else Row(prefix, USER, "drop")]
    does = {"vnetlocal": "local", "none": "drop", "internet": "internet"}.get(kind)
    if does is None:
        raise Unbuildable(f"next hop {route['nextHopType']}")
    return [Row(prefix, USER, does)]


def _appliance(estate: Estate, vnet: str, prefix: str, hop: str) -> Row:
    """The next hop must be directly reachable: the VNet itself or a direct peer (section "User-defined")."""
    near = [*estate.space(vnet), *(p for side in estate.peerings(vnet) if side.flows for p in side.space)]
    return Row(prefix, USER, "appliance", hop) if inside(hop, near) else Row(prefix, USER, "drop")
