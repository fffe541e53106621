"""Effective routes of a subnet, computed as Azure does, also where no VM stands in the subnet."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.ranges import Ranges, prefix
from mi_workbook.network.network import PRIVATE_ENDPOINTS, Network
from mi_workbook.network.resource_id import key, last
from mi_workbook.network.route_table import RouteTable
from mi_workbook.network.vnet import Peering, Subnet, Vnet

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
        return ipaddress.ip_network(self.prefix, strict=False).prefixlen if self.addresses else -1


@dataclass(frozen=True, slots=True)
class EffectiveRoutes:
    """All rows of one subnet, and what could not be known (gateway-learned routes)."""

    subnet: Subnet
    routes: tuple[Route, ...]
    gap: Gap | None
    removed: tuple[Route, ...] = ()

    def split(self, wanted: Ranges) -> Iterator[tuple[Ranges, tuple[Route, ...]]]:
        """Parts of a destination with the routes that win for each (several: equal cost)."""
        left = wanted
        active = sorted((r for r in self.routes if r.state == "Active"), key=lambda r: -r.length)
        for length in dict.fromkeys(r.length for r in active):
            for route in [r for r in active if r.length == length]:
                part = left & route.addresses
                if part:
                    yield part, tuple(r for r in active if r.prefix == route.prefix)
                    left = left - part
        if left:
            yield left, ()

    def doubtful(self, route: Route) -> bool:
        """True where a gateway-learned route that was not seen could replace this row.

        VNet, peering and private endpoint routes stay even against more specific gateway routes; a host route cannot
        be beaten by length. Source: "Virtual network traffic routing", section "How Azure selects a route".
        """
        safe = {"VnetLocal", "VNetPeering", "VNetGlobalPeering", "InterfaceEndpoint"}
        return (
            self.gap is not None
            and not (route.source == "Default" and route.next_hop_type in safe)
            and not (route.source == "User" and route.length == 32)
        )


def effective_routes(network: Network, subnet: Subnet) -> EffectiveRoutes:
    """Effective routes of a subnet: rows that win are Active, rows that lose on an equal prefix are Invalid.

    Raises MissingEvidence where the VNet or the subnet's route table was not collected.
    Source: "Virtual network traffic routing", sections "System routes", "Custom routes", "How Azure selects a route".
    """
    vnet = network.spaced(subnet.vnet_id)
    table = network.route_table(subnet.route_table_id) if subnet.route_table_id else None
    user = list(_user_routes(table)) if table else []
    system = [*_vnet_routes(vnet), *_peering_routes(network, vnet, table), *_endpoint_routes(network, vnet)]
    system = [_against_user(route, user, vnet, network) for route in system]
    kept, removed = _default_routes(vnet, user)
    return EffectiveRoutes(
        subnet=subnet,
        routes=tuple([*system, *(_against_user(r, user, vnet, network) for r in kept), *user]),
        gap=_gateway_gap(vnet, table),
        removed=tuple(removed),
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
        for text in peering.remote_prefixes or peering.remote_current_prefixes:
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
    near = {key(vnet.id)} | {key(p.remote_id) for p in vnet.peerings if p.state.lower() == "connected"}
    for raw in network.snapshot.of_type(PRIVATE_ENDPOINTS):
        endpoint = network.private_endpoint(str(raw.get("id", "")))
        if key(endpoint.subnet_id).rpartition("/subnets/")[0] not in near:
            continue
        for address in network.endpoint_addresses(endpoint):
            yield Route(
                "Default", "Active", f"{ipaddress.IPv4Address(address)}/32", "InterfaceEndpoint",
                name="", why=f"Private endpoint {endpoint.name}.", evidence=(endpoint.reading.whole(),),
            )  # fmt: skip


def _user_routes(table: RouteTable) -> Iterator[Route]:
    for route in table.routes:
        yield Route(
            "User", "Active", route.prefix, route.next_hop_type, ", ".join(route.next_hop_ips), route.name,
            f"User-defined route {route.name} of {table.name}.", (route.reading.whole(),),
        )  # fmt: skip


def _default_routes(vnet: Vnet, user: list[Route]) -> tuple[list[Route], list[Route]]:
    """0.0.0.0/0 to the Internet and the dropped private ranges, less those that Azure takes away.

    A dropped range goes when the VNet's space equals or includes it, when a user route has the same prefix, and all of
    them go when a user route replaces 0.0.0.0/0. Source: "Virtual network traffic routing", section "Default".
    """
    default_replaced = any(r.prefix == "0.0.0.0/0" for r in user)
    kept = [Route("Default", "Active", "0.0.0.0/0", "Internet", why="System default route.")]
    removed = []
    for text in DROPPED:
        route = Route("Default", "Active", text, "None", why="Azure drops private ranges that nothing else routes.")
        if default_replaced or vnet.addresses.covers(prefix(text)) or any(r.prefix == text for r in user):
            removed.append(
                replace(route, state="Invalid", why="Removed: replaced by the VNet's space or a user route.")
            )
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
    if not other.addresses.covers(route.addresses) or other.length <= 0:
        return False
    near = [vnet, *(_vnet_or_none(network, p.remote_id) for p in vnet.peerings)]
    for candidate in [found for found in near if found is not None]:
        for subnet in candidate.subnets:
            if subnet.addresses.covers(route.addresses):
                policy = subnet.private_endpoint_policies.lower()
                spaces = [p for p in candidate.prefixes if ":" not in p and prefix(p).covers(route.addresses)]
                shortest = max((ipaddress.ip_network(p, strict=False).prefixlen for p in spaces), default=33)
                return policy in {"enabled", "routetableenabled"} and other.length >= shortest
    return False


def _gateway_gap(vnet: Vnet, table: RouteTable | None) -> Gap | None:
    """Gateway routes exist where the VNet has or borrows a gateway, unless the table keeps them out."""
    transit = [p for p in vnet.peerings if p.use_remote_gateways and p.state.lower() == "connected"]
    gateway = [s for s in vnet.subnets if s.id in vnet.gateway_subnets and s.reading.get("ipConfigurations")]
    if (table is not None and table.propagation_off) or not (transit or gateway):
        return None
    return Gap(
        missing=f"Gateway-learned routes of VNet {vnet.name}",
        why="A gateway adds routes here, and this version does not compute them.",
        how="az network nic show-effective-route-table on a running VM of the subnet, or "
        "az network vnet-gateway list-learned-routes on the gateway.",
    )


def _vnet_or_none(network: Network, vnet_id: str) -> Vnet | None:
    try:
        return network.vnet(vnet_id)
    except MissingEvidence:
        return None
