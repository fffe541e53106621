"""What a virtual network gateway does with a packet: which gateway a route means, whether it runs, where it sends it on.

Source: "Virtual network traffic routing", sections "User-defined" and "0.0.0.0/0 address prefix"; "Configure VPN gateway
transit".
"""

from __future__ import annotations

from dataclasses import replace

from mi_workbook.core.evidence import Gap
from mi_workbook.core.ranges import Ranges
from mi_workbook.core.trace import Cause, Decision, Hop
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.gateway import Gateway
from mi_workbook.network.network import Network
from mi_workbook.network.resource_id import key, shell_word
from mi_workbook.reach.gateways import far_end, gateway_view
from mi_workbook.reach.leg import Beyond, Leg, passed
from mi_workbook.reach.peering import unlisted
from mi_workbook.reach.routes import Route
from mi_workbook.reach.tunnels import gateway_state, tunnel

Way = tuple[list[Decision], list[Hop], Leg | None]


def to_gateway(network: Network, leg: Leg, route: Route, part: Ranges) -> Way:
    """Decisions where the packet leaves for a gateway, the hops at gateways, and the leg behind them where it goes on."""
    if leg.end is None and leg.beyond is None:
        return [passed(leg, route, part), _forced_tunnel(leg, route)], [], None
    gateways = _gateways(network, leg, route)
    if isinstance(gateways, Decision):
        return [passed(leg, route, part), gateways], [], None
    beyond = leg.beyond
    wanted = {key(g.id) for g in beyond.gateways} if beyond is not None else set()
    gateway = next((g for g in gateways if key(g.id) in wanted), gateways[0])
    state = gateway_state(gateway)
    if beyond is None or key(gateway.id) not in wanted:
        return [passed(leg, route, part)], *_past_gateway(network, leg, route, part, gateway, state)
    last = _taken_away(leg, route, gateway) if other_way(network, beyond, route) else _handed_over(gateway, beyond)
    return [passed(leg, route, part)], [Hop(gateway.id, (*state, last))], None


def _forced_tunnel(leg: Leg, route: Route) -> Decision:
    """Packets for the Internet that a route takes to a gateway leave through the network behind it.

    Source: "Virtual network traffic routing", section "0.0.0.0/0 address prefix" (no longer reachable from the Internet).
    """
    why = f"{route.why} Packets for the Internet go to the gateway instead (forced tunnelling)."
    if leg.direction == "return":
        return Decision("route", leg.start.id, Verdict.BLOCKED, why, route.evidence, Cause.REPLY_NOT_TO_INTERNET,
                        rule=route.name)  # fmt: skip
    gap = Gap("How the network behind the gateway lets this traffic out", why, "Test-NetConnection from the source.")
    return Decision("route", leg.start.id, Verdict.UNKNOWN, why, route.evidence, gap=gap, rule=route.name)


def other_way(network: Network, beyond: Beyond, route: Route) -> bool:
    """True where the gateway would send the packet elsewhere than to the clients or the site in question."""
    if route.behind in {"", "learned"}:
        return False
    if beyond.kind == "site" and route.behind == "site":
        return key(network.connection(route.by).site_id) != key(beyond.by)
    return route.behind != beyond.kind


def _gateways(network: Network, leg: Leg, route: Route) -> tuple[Gateway, ...] | Decision:
    """The gateways a route leads to. A user route can only lead to a VPN gateway.

    Source: "Virtual network traffic routing", section "User-defined" (virtual network gateway of type VPN).
    """
    if route.gateway is not None:
        return (route.gateway,)
    view = gateway_view(network, network.vnet(leg.start.vnet_id))
    vpn = tuple(g for g in view.gateways if g.kind == "vpn")
    if vpn and len(vpn) == len(view.gateways):
        return vpn
    if view.gateways and not vpn:
        why = (
            f"User route {route.name} leads to an ExpressRoute gateway, which no user route can; such packets are lost."
        )
        return Decision("route", leg.start.id, Verdict.BLOCKED, why, route.evidence, Cause.UDR_TO_EXPRESSROUTE,
                        rule=route.name)  # fmt: skip
    if view.gaps or vpn:
        gap = view.gaps[0] if view.gaps else _coexist(route)
        return Decision("route", leg.start.id, Verdict.UNKNOWN, gap.why, route.evidence, gap=gap, rule=route.name)
    not_listed = unlisted(network, network.vnet(leg.start.vnet_id))
    if not_listed is not None:
        return not_listed
    why = f"User route {route.name} leads to a virtual network gateway, and the VNet neither has nor borrows one."
    return Decision("route", leg.start.id, Verdict.BLOCKED, why, route.evidence, Cause.NO_GATEWAY, rule=route.name)


def _coexist(route: Route) -> Gap:
    return Gap(
        f"Where user route {route.name} leads beside an ExpressRoute gateway",
        "Azure's documentation does not allow a user route to the gateway where VPN and ExpressRoute coexist.",
        "Delete the route and rely on BGP; or test from a VM of the subnet: az network watcher show-next-hop.",
    )


def _handed_over(gateway: Gateway, beyond: Beyond) -> Decision:
    why = f"{gateway.name} hands it to {beyond.name}."
    return Decision("gateway", gateway.id, Verdict.REACHABLE, why, (gateway.reading.whole(),))


def _past_gateway(
    network: Network, leg: Leg, route: Route, part: Ranges, gateway: Gateway, state: list[Decision]
) -> tuple[list[Hop], Leg | None]:
    """A gateway that does not hold the destination itself: another VNet over a tunnel, or a network it routes to."""
    onward = replace(leg, addresses=part, passed=(*leg.passed, leg.start.id))
    if route.behind == "vnet":
        connection = network.connection(route.by)
        far = far_end(network, gateway, connection)
        over = tunnel(network, connection, gateway, leg.flow)
        hops = [Hop(gateway.id, (*state, *over)), Hop(far.id, tuple(gateway_state(far)) or (_relays(far),))]
        return hops, replace(onward, start=network.subnet(far.subnet_id))
    own = network.subnet(gateway.subnet_id) if route.behind not in {"site", "clients", "learned"} else None
    if own is None or own.id in onward.passed:
        return [Hop(gateway.id, (*state, _taken_away(leg, route, gateway)))], None
    return [Hop(gateway.id, tuple(state) or (_relays(gateway),))], replace(onward, start=own)


def _relays(gateway: Gateway) -> Decision:
    return Decision(
        "gateway", gateway.id, Verdict.REACHABLE, f"{gateway.name} passes it on.", (gateway.reading.whole(),)
    )


def _taken_away(leg: Leg, route: Route, gateway: Gateway) -> Decision:
    """A gateway route that covers a destination which is not known to be behind that gateway.

    Never a block of its own: what lies behind a gateway may lead on, and how a gateway weighs its own clients against a
    site's prefix is not documented.
    """
    where = leg.end.name if leg.end is not None else leg.beyond.name if leg.beyond is not None else "the destination"
    why = f"{route.why} It takes the packets to {gateway.name}, and {where} is not known to be there."
    gap = Gap(
        f"Whether the network behind {gateway.name} leads on to {where}",
        why,
        f"az network vnet-gateway list-learned-routes --ids {shell_word(gateway.id)} -o table; and a trace from a machine behind it.",
    )
    return Decision("route", leg.start.id, Verdict.UNKNOWN, why, route.evidence, Cause.GATEWAY_ROUTE_HIJACK, gap,
                    rule=route.name)  # fmt: skip
