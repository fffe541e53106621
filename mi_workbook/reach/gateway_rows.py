"""Rows that a virtual network gateway gives a subnet: which of them Azure leaves out, and what a captured table adds.

Source: "Virtual network traffic routing", section "How Azure selects a route".
"""

from __future__ import annotations

from dataclasses import replace

from mi_workbook.network.gateway import Gateway
from mi_workbook.network.network import Network
from mi_workbook.network.observed import captured_routes, watched_nics
from mi_workbook.network.reading import Reading
from mi_workbook.network.resource_id import key
from mi_workbook.network.vnet import Subnet
from mi_workbook.reach.gateways import GatewayRoute, GatewayView
from mi_workbook.reach.routes import OVER_GATEWAY, Route


def with_captured(network: Network, subnet: Subnet, view: GatewayView) -> GatewayView:
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
