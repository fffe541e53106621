"""Effective routes of a subnet, computed as Azure does, also where no VM stands in the subnet."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import replace

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.ranges import prefix
from mi_workbook.network.gateway import Gateway
from mi_workbook.network.network import Network
from mi_workbook.network.resource_id import key, last, shell_word
from mi_workbook.network.route_table import RouteTable
from mi_workbook.network.service_tags import readable
from mi_workbook.network.vnet import Peering, Subnet, Vnet
from mi_workbook.reach.gateway_rows import contested, gateway_routes
from mi_workbook.reach.gateways import GatewayView, gateway_view
from mi_workbook.reach.routes import EffectiveRoutes, Route, RouteIndex
from mi_workbook.reach.shown import with_captured

# Source: "Virtual network traffic routing", section "Default routes". Captured tables show more such prefixes, and
# the list changed over the years; these four are the documented ones and the only ones inside private space.
DROPPED = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")


def effective_routes(network: Network, subnet: Subnet) -> EffectiveRoutes:
    """Effective routes of a subnet: rows that win are Active, rows that lose on an equal prefix are Invalid.

    `removed` holds rows that Azure does not show because they never take part, with the reason.
    Raises MissingEvidence where the VNet or the subnet's route table was not collected.
    Source: "Virtual network traffic routing", sections "System routes", "Custom routes", "How Azure selects a route".
    """
    key_of = key(subnet.id)
    kept = network.memo("effective routes", key_of)
    if kept is None:
        kept = network.keep("effective routes", key_of, _effective_routes(network, subnet))
    table: EffectiveRoutes = kept
    return table


def _effective_routes(network: Network, subnet: Subnet) -> EffectiveRoutes:
    vnet = network.spaced(subnet.vnet_id)
    table = network.route_table(subnet.route_table_id) if subnet.route_table_id else None
    user = list(_user_routes(table)) if table else []
    system = [*_vnet_routes(vnet), *_peering_routes(network, vnet, table), *_endpoint_routes(network, vnet)]
    view = gateway_view(network, vnet) if not (table and table.propagation_off) else GatewayView((), (), ())
    view = with_captured(network, subnet, view)
    gateway, filtered = gateway_routes(network, view, system, user)
    disputed = contested(network, subnet, view, gateway)
    defaults, removed = _default_routes(vnet, user, gateway)
    system = [_against_user(route, user, vnet, network) for route in (*system, *defaults)]
    gateway = [_against_user(route, user, vnet, network) for route in gateway]
    routes = (*system, *_service_routes(subnet), *gateway, *user)
    return EffectiveRoutes(
        subnet=subnet,
        routes=routes,
        index=RouteIndex(routes),
        gaps=view.gaps,
        removed=(*removed, *filtered),
        gateways=view.gateways,
        propagation=_propagation(table) if table and not table.propagation_read else None,
        forced=next((_forced(one) for one in view.gateways if one.default_site_id), None),
        contested=disputed,
        unread=next((_unread(route) for route in user if not route.addresses and not readable(route.prefix)), None),
    )


def _propagation(table: RouteTable) -> Gap:
    return Gap(
        f"disableBgpRoutePropagation of route table {table.name}",
        "Where it is true, no route of a gateway reaches the subnet.",
        f"az network route-table show --ids {shell_word(table.id)} -o json",
    )


def _forced(gateway: Gateway) -> Gap:
    """Source: "Configure forced tunneling using Default Site for site-to-site connections"."""
    return Gap(
        f"Where default site {last(gateway.default_site_id)} of gateway {gateway.name} takes packets",
        "A gateway with a default site may take all packets that no other route covers to that site, those for the Internet included.",
        "az network nic show-effective-route-table of a running VM in the subnet's VNet: its row for 0.0.0.0/0.",
    )


def _unread(route: Route) -> Gap:
    return Gap(
        f"Prefix of user route {route.name}",
        f"It reads '{route.prefix}', which is neither a prefix nor a known service tag: the route may cover the destination.",
        "az network route-table show -o json",
    )


def _vnet_routes(vnet: Vnet) -> Iterator[Route]:
    space = vnet.reading.get("addressSpace")
    for text in vnet.prefixes:
        if ":" not in text:
            yield Route("Default", "Active", text, "VnetLocal", why="Address space of the VNet.",
                        evidence=(Evidence(vnet.id, vnet.reading.at("addressSpace"), space),))  # fmt: skip


def _peering_routes(network: Network, vnet: Vnet, table: RouteTable | None) -> Iterator[Route]:
    """One row per peered prefix of each Connected peering.

    Source: "Virtual network peering"; disablePeeringRoute: REST reference of route tables, 2025-07-01.
    """
    if table is not None and table.peering_routes_off:
        return
    for peering in vnet.peerings:
        if peering.state.lower() != "connected" or peering.only_ipv6:
            continue
        remote = _vnet_or_none(network, peering.remote_id)
        far = remote is not None and bool(remote.location) and remote.location != vnet.location
        for text in peering.remote_prefixes:
            if ":" not in text:
                yield Route(
                    "Default", "Active", text, "VNetGlobalPeering" if far else "VNetPeering",
                    why=f"Peering {peering.name} to {last(peering.remote_id)} is Connected.",
                    evidence=(peering.reading.evidence("remoteAddressSpace"),), peering=peering,
                )  # fmt: skip


def _endpoint_routes(network: Network, vnet: Vnet) -> Iterator[Route]:
    """A /32 for each private endpoint of the VNet and of directly peered VNets.

    Source: "Manage network policies for private endpoints", section "UDR support".
    """
    sides = {key(p.remote_id): p for p in vnet.peerings if p.state.lower() == "connected" and not p.only_ipv6}
    near: dict[str, Peering | None] = {**sides, key(vnet.id): None}
    for home, side in near.items():
        for endpoint in network.private_endpoints_in(home):
            for address in network.endpoint_addresses(endpoint):
                yield Route(
                    "Default", "Active", f"{ipaddress.IPv4Address(address)}/32", "InterfaceEndpoint",
                    why=f"Private endpoint {endpoint.name}.", evidence=(endpoint.reading.whole(),), peering=side,
                )  # fmt: skip


def _user_routes(table: RouteTable) -> Iterator[Route]:
    for route in table.routes:
        yield Route(
            "User", "Active", route.prefix, route.next_hop_type, ", ".join(route.next_hop_ips), route.name,
            f"User-defined route {route.name} of {table.name}.", (route.reading.whole(),), beats_bgp=route.beats_bgp,
        )  # fmt: skip


def _service_routes(subnet: Subnet) -> Iterator[Route]:
    """Service endpoints: the service's public prefixes, by the name of its tag. A user route cannot replace them.

    Source: "Virtual network traffic routing", section "VirtualNetworkServiceEndpoint".
    """
    for service in subnet.service_endpoints:
        tag = service.rpartition(".")[2] or service
        why = f"Service endpoint {service} on the subnet: public addresses of the service only."
        yield Route("Default", "Active", tag, "VirtualNetworkServiceEndpoint", why=why,
                    evidence=(subnet.reading.evidence("serviceEndpoints"),))  # fmt: skip


def _default_routes(vnet: Vnet, user: list[Route], gateway: list[Route]) -> tuple[list[Route], list[Route]]:
    """0.0.0.0/0 to the Internet and the dropped private ranges, less those that Azure takes away.

    A dropped range goes when the VNet's space equals or includes it, or when a user or gateway route has the same prefix;
    all of them go when 0.0.0.0/0 is replaced. Source: "Virtual network traffic routing", section "Default".
    """
    taken = {r.prefix for r in (*user, *gateway)}
    default = Route("Default", "Active", "0.0.0.0/0", "Internet", why="System default route.")
    by_gateway = next((r for r in gateway if r.prefix == "0.0.0.0/0"), None)
    kept, removed = ([], [replace(default, state="Invalid", why="Replaced by a learned default route.")]) if (
        by_gateway is not None) else ([default], [])  # fmt: skip
    for text in DROPPED:
        route = Route("Default", "Active", text, "None", why="Azure drops private ranges that nothing else routes.")
        if "0.0.0.0/0" in taken or text in taken or vnet.addresses.covers(prefix(text)):
            why = "Removed: replaced by the VNet's space, a user route or a learned route."
            removed.append(replace(route, state="Invalid", why=why))
        else:
            kept.append(route)
    return kept, removed


def _against_user(route: Route, user: list[Route], vnet: Vnet, network: Network) -> Route:
    """The system row, Invalid where a user route on the same prefix (or an overriding one) takes its place."""
    for other in user:
        if other.addresses and other.addresses == route.addresses:
            return replace(route, state="Invalid", why=f"{route.why} Loses to user route {other.name}: same prefix.")
        if route.next_hop_type == "InterfaceEndpoint" and _overrides_endpoint(network, vnet, route, other):
            return replace(route, state="Invalid", why=f"{route.why} Overridden by user route {other.name}.")
    return route


def _overrides_endpoint(network: Network, vnet: Vnet, route: Route, other: Route) -> bool:
    """A user route at least as long as the endpoint's VNet prefix, where that subnet's network policy is on.

    Source: "Manage network policies for private endpoints", section "UDR support".
    """
    local = (
        other.next_hop_type.lower() == "vnetlocal"
    )  # measured: such a route does not take an endpoint's traffic over
    if not other.addresses.covers(route.addresses) or other.length <= 0 or local:
        return False
    near = [vnet, *(_vnet_or_none(network, p.remote_id) for p in vnet.peerings)]
    for candidate in [found for found in near if found is not None]:
        for subnet in candidate.subnets:
            if subnet.addresses.covers(route.addresses):
                policy = subnet.network_policy
                spaces = [p for p in candidate.prefixes if ":" not in p and prefix(p).covers(route.addresses)]
                shortest = max((ipaddress.ip_network(p, strict=False).prefixlen for p in spaces), default=33)
                return policy in {"enabled", "routetableenabled"} and other.length >= shortest
    return False


def _vnet_or_none(network: Network, vnet_id: str) -> Vnet | None:
    try:
        return network.vnet(vnet_id)
    except MissingEvidence:
        return None
