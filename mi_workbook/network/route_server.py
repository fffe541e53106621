"""Route Servers (Microsoft.Network/virtualHubs of kind RouteServer) and the appliances that speak BGP with them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mi_workbook.core.evidence import Evidence
from mi_workbook.evidence.snapshot import Snapshot, field
from mi_workbook.network.observed import about, texts
from mi_workbook.network.reading import Reading

ROUTE_SERVERS = "Microsoft.Network/virtualHubs"
BGP_CONNECTIONS = "Microsoft.Network/virtualHubs/bgpConnections"
ROUTE_SERVER_SUBNET = "routeserversubnet"
# A Route Server has two instances. Source: output of `az network routeserver peering list-learned-routes`.
INSTANCES = ("RouteServiceRole_IN_0", "RouteServiceRole_IN_1")


@dataclass(frozen=True, slots=True)
class RouteServer:
    """A Route Server. connection_ids: of its BGP peers, as it lists them itself; preference: hubRoutingPreference."""

    reading: Reading
    id: str
    name: str
    addresses: tuple[str, ...]
    connection_ids: tuple[str, ...]
    preference: str
    maps_routes: bool


@dataclass(frozen=True, slots=True)
class BgpConnection:
    """A BGP session with an appliance. maps_routes: a route map may change or drop what it announces."""

    reading: Reading
    id: str
    name: str
    peer: str
    maps_routes: bool


@dataclass(frozen=True, slots=True)
class AnnouncedRoute:
    """A row of what one instance learned from an appliance. path: how many networks (AS) it came through."""

    instance: str
    prefix: str
    next_hop: str
    path: int
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Announced:
    """What a Route Server learned from one appliance. unread: an instance or a row that could not be read."""

    routes: tuple[AnnouncedRoute, ...]
    unread: bool


def read_route_server(reading: Reading) -> RouteServer:
    """A Route Server. Source: REST reference of virtualHubs (2025-05-01)."""
    return RouteServer(
        reading,
        reading.id,
        reading.name,
        reading.texts("virtualRouterIps"),
        reading.references("bgpConnections"),
        reading.text("hubRoutingPreference") or "ExpressRoute",
        bool(reading.references("routeMaps")),
    )


def read_bgp_connection(reading: Reading) -> BgpConnection:
    """A BGP connection. Source: REST reference of virtualHubs/bgpConnections (2025-05-01)."""
    routing = reading.get("routingConfiguration")
    maps = Reading("", "", routing if isinstance(routing, dict) else {})
    mapped = bool(maps.reference("inboundRouteMap") or maps.reference("outboundRouteMap"))
    return BgpConnection(reading, reading.id, reading.name, reading.text("peerIp"), mapped)


def announced(snapshot: Snapshot, connection_id: str) -> Announced | None:
    """What a Route Server learned over a BGP connection, None where nobody looked. IPv6 is left out.

    The newest observation counts. Source: "Virtual Hub Bgp Connections - List Learned Routes" (PeerRoute); the AS path is
    written as numbers with dashes between them.
    """
    seen = list(about(snapshot, "learnedroutes", connection_id))
    if not seen:
        return None
    position, observation = max(seen, key=lambda one: str(one[1].get("at") or ""))
    value = observation.get("value")
    routes: list[AnnouncedRoute] = []
    unread = False
    for instance in INSTANCES:
        rows = field(value, instance) if isinstance(value, dict) else None
        if not isinstance(rows, list):
            unread = True
            continue
        for number, row in enumerate(rows):
            prefix, hop = (
                next(iter(texts(field(row, name))), "") if isinstance(row, dict) else ""
                for name in ("network", "nextHop")
            )
            if ":" in prefix:
                continue
            unread = unread or not prefix or not hop
            path = len(re.findall(r"\d+", str(field(row, "asPath", default="") or ""))) if isinstance(row, dict) else 0
            at = Evidence(f"observations/{position}", f"/value/{instance}/{number}", row)
            routes.append(AnnouncedRoute(instance, prefix, hop, path, at))
    return Announced(tuple(one for one in routes if one.prefix and one.next_hop), unread)
