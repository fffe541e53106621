"""Effective routes of a subnet, computed as Azure does, also where no VM stands in the subnet."""

from __future__ import annotations

import ipaddress
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.ranges import Ranges, prefix
from mi_workbook.network.gateway import Gateway
from mi_workbook.network.network import Network
from mi_workbook.network.observed import CapturedRoute, captured_routes, watched_nics
from mi_workbook.network.reading import Reading, ipv4
from mi_workbook.network.resource_id import key, last
from mi_workbook.network.route_table import RouteTable
from mi_workbook.network.service_tags import meaning
from mi_workbook.network.vnet import Peering, Subnet, Vnet
from mi_workbook.reach.gateways import GatewayRoute, GatewayView, gateway_view

# Source: "Virtual network traffic routing", section "Default routes". Captured tables show more such prefixes, and
# the list changed over the years; these four are the documented ones and the only ones inside private space.
DROPPED = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")


@dataclass(frozen=True, slots=True)
class Route:
    """A row of an effective route table: source, state, prefix, next hop type and address, as Azure spells them."""

    source: str
    state: str
    prefix: str
    next_hop_type: str
    next_hop_ip: str = ""
    name: str = ""
    why: str = ""
    evidence: tuple[Evidence, ...] = ()
    peering: Peering | None = None
    gateway: Gateway | None = None
    behind: str = ""
    by: str = ""
    beats_bgp: bool = False

    @property
    def addresses(self) -> Ranges:
        """Addresses the row covers; none for a service tag."""
        try:
            return prefix(self.prefix)
        except ValueError:
            return Ranges()

    @property
    def length(self) -> int:
        """Prefix length, -1 for a service tag."""
        return 33 - self.addresses.size.bit_length() if self.addresses else -1


class RouteIndex:
    """Active routes found by address: one table for each prefix length, and their starts in order."""

    __slots__ = ("by_length", "ordered", "starts")

    def __init__(self, routes: Iterable[Route]) -> None:
        active = [route for route in routes if route.state == "Active" and route.addresses]
        self.by_length: dict[int, dict[int, list[Route]]] = {}
        for route in active:
            first = route.addresses.spans[0][0]
            self.by_length.setdefault(route.length, {}).setdefault(first, []).append(route)
        self.ordered = sorted(active, key=lambda route: route.addresses.spans[0][0])
        self.starts = [route.addresses.spans[0][0] for route in self.ordered]

    def meeting(self, wanted: Ranges) -> list[Route]:
        """Routes that share an address with a set: those over its starts, and those that begin inside it."""
        found: dict[int, Route] = {}
        for first, final in wanted:
            for length, table in self.by_length.items():
                for route in table.get(first >> (32 - length) << (32 - length), ()):
                    found[id(route)] = route
            inside = self.ordered[bisect_left(self.starts, first) : bisect_right(self.starts, final)]
            found |= {id(route): route for route in inside}
        return list(found.values())

    def winner(self, address: int) -> Route | None:
        """The route with the longest prefix over one address, None where there is none."""
        for length in sorted(self.by_length, reverse=True):
            hit = self.by_length[length].get(address >> (32 - length) << (32 - length))
            if hit:
                return hit[0]
        return None


@dataclass(frozen=True, slots=True)
class EffectiveRoutes:
    """All rows of one subnet, what could not be known, and the gateways whose routes they may be.

    unread: a user route whose prefix cannot be read, so that it may cover any address; propagation: whether the route table
    keeps gateway routes out was not read; forced: a gateway's default site may take what only a system default routes.
    """

    subnet: Subnet
    routes: tuple[Route, ...]
    gaps: tuple[Gap, ...]
    index: RouteIndex
    removed: tuple[Route, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    unread: Gap | None = None
    propagation: Gap | None = None
    forced: Gap | None = None

    @property
    def gap(self) -> Gap | None:
        """The first gap, None where the table is whole."""
        return self.gaps[0] if self.gaps else None

    def split(self, wanted: Ranges) -> Iterator[tuple[Ranges, tuple[Route, ...]]]:
        """Parts of a destination with the routes that win for each (several: equal cost)."""
        left = wanted
        near = sorted(self.index.meeting(wanted), key=lambda r: -r.length)
        for route in near:
            part = left & route.addresses
            if part:
                yield part, tuple(r for r in near if r.addresses == route.addresses)
                left = left - part
        if left:
            yield left, ()

    def doubt(self, route: Route, part: Ranges) -> Gap | None:
        """What was not read and may put another row in the place of this one; None where nothing may."""
        if self.unread is not None:
            return self.unread
        if self.propagation is not None and route.source == "VirtualNetworkGateway":
            return self.propagation
        if self.forced is not None and route.source == "Default" and route.next_hop_type in {"Internet", "None"}:
            return self.forced
        return self.gap if self.doubtful(route, part) else None

    def doubtful(self, route: Route, part: Ranges) -> bool:
        """True where a gateway-learned route that was not seen could replace this row.

        VNet, peering and private endpoint routes stay even against more specific gateway routes; a host route cannot
        be beaten by length, and a point-to-site pool leads to its gateway either way.
        Source: "Virtual network traffic routing", section "How Azure selects a route".
        """
        if not self.gaps or route.beats_bgp:
            return False
        if route.source == "Default" and route.next_hop_type in OVER_GATEWAY:
            return False
        if route.source == "User" and route.length == 32:
            return False
        borrowed = route.gateway is not None and key(route.gateway.vnet_id) != key(self.subnet.vnet_id)
        if borrowed and route.gateway is not None and route.gateway.sku.lower() == "basic":
            return True
        return not (route.gateway is not None and route.gateway.pool.covers(part))


# Source: "Virtual network traffic routing", section "How Azure selects a route": system routes for virtual networks,
# peerings and service endpoints are preferred even if BGP routes are more specific.
OVER_GATEWAY = frozenset({"VnetLocal", "VNetPeering", "VNetGlobalPeering", "InterfaceEndpoint"})


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
    view = _with_captured(network, subnet, view)
    gateway, filtered = _gateway_routes(network, view, system, user)
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
        unread=next((_unread(route) for route in user if not route.addresses and not _known(route.prefix)), None),
    )


def _known(text: str) -> bool:
    """True for an IPv6 prefix, which no IPv4 packet matches, and for a service tag that is known to be public addresses."""
    if ":" in text:
        return True
    try:
        return meaning(text) is not None and bool(text)
    except ValueError:
        return False


def _propagation(table: RouteTable) -> Gap:
    return Gap(
        f"disableBgpRoutePropagation of route table {table.name}",
        "Where it is true, no route of a gateway reaches the subnet.",
        f"az network route-table show --ids {table.id} -o json",
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


def _with_captured(network: Network, subnet: Subnet, view: GatewayView) -> GatewayView:
    """Gateway routes that Azure itself showed on a NIC of the subnet take the place of those that could not be known."""
    if not view.gaps or not view.gateways:
        return view
    for nic_id in watched_nics(network.snapshot):
        nic = network.nic(nic_id) if network.snapshot.get(nic_id) is not None else None
        rows = captured_routes(network.snapshot, nic_id) or ()
        if nic is None or nic.primary is None or key(nic.primary.subnet_id) != key(subnet.id) or not rows:
            continue
        known = {route.prefix for route in view.routes}
        found = tuple(
            GatewayRoute(row.prefix, view.gateways[0], "learned", view.gateways[0].id,
                         f"Shown by Azure on NIC {nic.name}.", (nic.reading.whole(),))
            for row in rows if row.source.lower() == "virtualnetworkgateway" and row.prefix not in known
        )  # fmt: skip
        return GatewayView(view.gateways, (*view.routes, *found), ())
    return view


def shown_winner(network: Network, subnet: Subnet, part: Ranges) -> CapturedRoute | None:
    """The route that Azure's own table of a NIC in the subnet has for addresses; None where none was captured, or on a
    network that was changed since.
    """
    if network.snapshot.touched():
        return None
    for nic_id in watched_nics(network.snapshot):
        nic = network.nic(nic_id) if network.snapshot.get(nic_id) is not None else None
        if nic is None or nic.primary is None or key(nic.primary.subnet_id) != key(subnet.id):
            continue
        rows = [row for row in captured_routes(network.snapshot, nic_id) or () if row.state.lower() == "active"]
        over = [(found.size, row) for row in rows if (found := ipv4((row.prefix,))) and found.covers(part)]
        if over:
            return min(over, key=lambda pair: pair[0])[1]
    return None


def _service_routes(subnet: Subnet) -> Iterator[Route]:
    """Service endpoints: the service's public prefixes, by the name of its tag. A user route cannot replace them.

    Source: "Virtual network traffic routing", section "VirtualNetworkServiceEndpoint".
    """
    for service in subnet.service_endpoints:
        tag = service.rpartition(".")[2] or service
        why = f"Service endpoint {service} on the subnet: public addresses of the service only."
        yield Route("Default", "Active", tag, "VirtualNetworkServiceEndpoint", why=why,
                    evidence=(subnet.reading.evidence("serviceEndpoints"),))  # fmt: skip


def _gateway_routes(
    network: Network, view: GatewayView, system: list[Route], user: list[Route]
) -> tuple[list[Route], list[Route]]:
    """Gateway rows, and those that Azure leaves out: inside a VNet or peering prefix, or beaten by ExpressRoute.

    Source: "Virtual network traffic routing", section "How Azure selects a route"; "About BGP with VPN Gateway" (prefixes
    of the VNet are filtered); "Configure ExpressRoute and site-to-site coexisting connections" (ExpressRoute preferred).
    """
    own = [r for r in system if r.next_hop_type in OVER_GATEWAY - {"InterfaceEndpoint"}]
    kept: list[Route] = []
    left_out: list[Route] = []
    for found in view.routes:
        route = Route(
            "VirtualNetworkGateway", "Active", found.prefix, "VirtualNetworkGateway", _public_address(network, found.gateway),
            why=found.why, evidence=found.evidence, gateway=found.gateway, behind=found.behind, by=found.by,
        )  # fmt: skip
        inside = next((r for r in own if route.addresses and r.addresses.covers(route.addresses)), None)
        over = next((r for r in user if r.beats_bgp and r.addresses.covers(route.addresses)), None)
        if inside is not None:
            why = f"{route.why} Left out: inside {inside.prefix} ({inside.next_hop_type})."
            left_out.append(replace(route, state="Invalid", why=why))
        elif over is not None:
            left_out.append(replace(route, state="Invalid", why=f"{route.why} User route {over.name} overrides BGP."))
        elif not any(_same_row(route, other) for other in kept):
            kept.append(route)
    express = {r.prefix for r in kept if r.gateway is not None and r.gateway.kind == "expressroute"}
    return [_against_express(route, express) for route in kept], left_out


def _same_row(one: Route, other: Route) -> bool:
    return (one.prefix, one.gateway, one.by) == (other.prefix, other.gateway, other.by)


def _against_express(route: Route, express: set[str]) -> Route:
    if route.prefix in express and route.gateway is not None and route.gateway.kind != "expressroute":
        return replace(route, state="Invalid", why=f"{route.why} Loses to ExpressRoute: same prefix.")
    return route


def _public_address(network: Network, gateway: Gateway) -> str:
    """The gateway's public address, which Azure shows as next hop; "" where it was not collected."""
    for address_id in gateway.public_ip_ids:
        raw = network.snapshot.get(address_id)
        if raw is not None:
            return Reading(address_id, "", raw).text("ipAddress")
    return ""


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
