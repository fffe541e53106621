"""Rows that gateways and Route Servers give a subnet, which of them Azure leaves out, and which are in doubt.

Source: "Virtual network traffic routing", section "How Azure selects a route".
"""

from __future__ import annotations

from dataclasses import replace

from mi_workbook.core.evidence import Gap
from mi_workbook.network.gateway import Gateway
from mi_workbook.network.network import Network
from mi_workbook.network.reading import Reading
from mi_workbook.network.vnet import Subnet
from mi_workbook.reach.gateways import GatewayRoute, GatewayView
from mi_workbook.reach.route_servers import ServedRoute, beside_gateway, on_gateway_subnet
from mi_workbook.reach.routes import APPLIANCE, OVER_GATEWAY, Route


def gateway_routes(
    network: Network, view: GatewayView, system: list[Route], user: list[Route]
) -> tuple[list[Route], list[Route]]:
    """Gateway rows, and those that Azure leaves out: inside a VNet or peering prefix, or beaten by ExpressRoute.

    Source: "Virtual network traffic routing", section "How Azure selects a route"; "About BGP with VPN Gateway" (prefixes
    of the VNet are filtered); "Configure ExpressRoute and site-to-site coexisting connections" (ExpressRoute preferred).
    """
    own = [r for r in system if r.next_hop_type in OVER_GATEWAY - {"InterfaceEndpoint"}]
    kept: list[Route] = []
    left_out: list[Route] = []
    for route in (*(_of_gateway(network, one) for one in view.routes), *map(_of_server, view.served)):
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


def _of_gateway(network: Network, found: GatewayRoute) -> Route:
    return Route(
        "VirtualNetworkGateway", "Active", found.prefix, "VirtualNetworkGateway", _public_address(network, found.gateway),
        why=found.why, evidence=found.evidence, gateway=found.gateway, behind=found.behind, by=found.by,
    )  # fmt: skip


def _of_server(found: ServedRoute) -> Route:
    """Azure shows it as a gateway's route, with the appliance as next hop; the traffic goes to that address itself."""
    return Route(
        "VirtualNetworkGateway", "Active", found.prefix, "VirtualNetworkGateway", found.next_hop,
        why=found.why, evidence=found.evidence, behind=APPLIANCE, by=f"{found.server} {found.next_hop}",
    )  # fmt: skip


def contested(network: Network, subnet: Subnet, view: GatewayView, gateway: list[Route]) -> dict[str, Gap]:
    """Prefixes that a Route Server serves, where it is open whether its route is in force or which of several is."""
    by_gateway = {route.prefix for route in gateway if route.gateway is not None}
    found: dict[str, Gap] = {}
    for one in view.served:
        if one.doubt is not None:
            found[one.prefix] = one.doubt
        elif one.prefix in by_gateway and one.server:
            found[one.prefix] = beside_gateway(one.prefix, one.server, network.route_server(one.server).preference)
        elif subnet.is_gateway:
            found[one.prefix] = on_gateway_subnet(subnet)
    return found


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
