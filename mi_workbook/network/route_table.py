"""Route tables and their user-defined routes."""

from __future__ import annotations

from dataclasses import dataclass

from mi_workbook.network.reading import Reading


@dataclass(frozen=True, slots=True)
class UserRoute:
    """A user-defined route. `prefix` is a CIDR or a service tag."""

    reading: Reading
    name: str
    prefix: str
    next_hop_type: str
    next_hop_ips: tuple[str, ...]
    beats_bgp: bool = False


@dataclass(frozen=True, slots=True)
class RouteTable:
    """Microsoft.Network/routeTables. propagation_read: False where the evidence leaves disableBgpRoutePropagation out."""

    reading: Reading
    id: str
    name: str
    routes: tuple[UserRoute, ...]
    propagation_off: bool
    peering_routes_off: bool
    propagation_read: bool


def read_route_table(reading: Reading, separate: list[Reading]) -> RouteTable:
    """A route table with routes that are inline or separate resources."""
    seen = {route.id.lower() for route in reading.children("routes") if route.id}
    readings = [*reading.children("routes"), *(r for r in separate if r.id.lower() not in seen)]
    return RouteTable(
        reading=reading,
        id=reading.id,
        name=reading.name,
        routes=tuple(_route(child) for child in readings),
        propagation_off=reading.flag("disableBgpRoutePropagation") is True,
        propagation_read=reading.flag("disableBgpRoutePropagation") is not None,
        peering_routes_off=reading.text("disablePeeringRoute").lower() == "all",
    )


def _route(reading: Reading) -> UserRoute:
    hop = reading.get("nextHop")
    several = Reading("", "", hop).texts("nextHopIpAddresses") if isinstance(hop, dict) else ()
    return UserRoute(
        reading=reading,
        name=reading.name,
        prefix=reading.text("addressPrefix"),
        next_hop_type=reading.text("nextHopType"),
        next_hop_ips=reading.texts("nextHopIpAddress") + several,
        beats_bgp=reading.flag("hasBgpOverride") is True,
    )
