"""Rows of an effective route table, and the longest prefix found among them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.ranges import Ranges, prefix
from mi_workbook.network.gateway import Gateway
from mi_workbook.network.resource_id import key
from mi_workbook.network.vnet import Peering, Subnet


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
    keeps gateway routes out was not read; forced: a gateway's default site may take what only a system default routes;
    contested: why it is open which gateway route of a prefix is in force.
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
    contested: dict[str, Gap] = field(default_factory=dict)

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
        if route.source == "VirtualNetworkGateway" and route.prefix in self.contested:
            return self.contested[route.prefix]
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


APPLIANCE = "appliance"  # what lies behind a route that a Route Server learned
# Source: "Virtual network traffic routing", section "How Azure selects a route": system routes for virtual networks,
# peerings and service endpoints are preferred even if BGP routes are more specific.
OVER_GATEWAY = frozenset({"VnetLocal", "VNetPeering", "VNetGlobalPeering", "InterfaceEndpoint"})
