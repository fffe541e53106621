"""Where a subnet sends packets for a destination, and what each next hop does with them, hop by hop.

Source: "Virtual network traffic routing"; "Virtual network peering"; "Configure VPN gateway transit".
"""

from __future__ import annotations

from dataclasses import replace

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Gap
from mi_workbook.core.ranges import Ranges, show_addresses
from mi_workbook.core.trace import Cause, Decision, Hop
from mi_workbook.core.verdict import Verdict, along
from mi_workbook.network.network import NETWORK_MANAGERS, Network
from mi_workbook.network.resource_id import key, shell_word
from mi_workbook.network.vnet import Subnet
from mi_workbook.reach.appliances import at_appliance, before_appliance
from mi_workbook.reach.cross_check import confirmed, shown_otherwise
from mi_workbook.reach.effective_routes import effective_routes
from mi_workbook.reach.leg import Leg, blocked, passed, words
from mi_workbook.reach.no_route import missing_gateway_route, missing_route, propagation_off
from mi_workbook.reach.onto_gateways import other_way, to_gateway
from mi_workbook.reach.peering import crossing, forwarded, unlisted
from mi_workbook.reach.routes import APPLIANCE, EffectiveRoutes, Route

PEERING_TYPES = {"vnetpeering", "vnetglobalpeering"}
APPLIANCE_TYPES = {"virtualappliance", "virtualapplianceecmp"}
MOST_HOPS = 8
OVERLAP = "The destination is elsewhere: two networks claim its address."


def follow(network: Network, leg: Leg) -> list[Hop]:
    """The hops from a subnet on: routing there, then every appliance and gateway; never empty.

    Parts of the destination that take different routes are all judged; they count as one list in order. Where only some
    of the parts are blocked, it depends on the address in use, which is not in the evidence.
    """
    try:
        if not leg.addresses:
            raise MissingEvidence(_no_addresses(leg))
        table = effective_routes(network, leg.start)
        ways = [(part, *_by(network, leg, table, part, routes)) for part, routes in table.split(leg.addresses)]
        shut = [way for way in ways if _verdict(way[1], way[2]) is Verdict.BLOCKED]
        if shut and len(shut) < len(ways):
            ways = [_partly(leg, way) if way in shut else way for way in ways]
        here = [decision for way in ways for decision in way[1]]
        return [Hop(leg.start.id, tuple(here)), *(hop for way in ways for hop in way[2])]
    except MissingEvidence as missing:
        unknown = Decision("route", leg.start.id, Verdict.UNKNOWN, missing.gap.missing, gap=missing.gap)
        return [Hop(leg.start.id, (unknown,))]


Way = tuple[Ranges, list[Decision], list[Hop]]


def _verdict(here: list[Decision], after: list[Hop]) -> Verdict:
    return along(d.result for d in (*here, *(d for hop in after for d in hop.decisions)))


def _partly(leg: Leg, way: Way) -> Way:
    """A way that is blocked for some of the addresses only: unknown which of them is used."""
    part, here, after = way
    gap = Gap(
        f"Which of the addresses {show_addresses(leg.addresses)} is in use",
        f"Packets for {show_addresses(part)} are stopped, those for the other addresses are not.",
        "nslookup of the server name from the client, ipconfig on the client; then ask with the address (ip:ADDRESS).",
    )

    def doubted(decision: Decision) -> Decision:
        return replace(decision, result=Verdict.UNKNOWN, gap=gap) if decision.result is Verdict.BLOCKED else decision

    hops = [Hop(hop.at, tuple(doubted(d) for d in hop.decisions)) for hop in after]
    return part, [doubted(d) for d in here], hops


def _no_addresses(leg: Leg) -> Gap:
    place = leg.end.id if leg.end is not None else "the destination"
    return Gap(
        f"Address prefix of {place}",
        "Without it no route can be looked up.",
        f"az resource show --ids {shell_word(place)} -o json",
    )


Onward = tuple[list[Decision], list[Hop]]


def _by(network: Network, leg: Leg, table: EffectiveRoutes, part: Ranges, routes: tuple[Route, ...]) -> Onward:
    """Decisions at this hop, and the hops behind it, for the part of the destination that one route wins."""
    if not routes:
        return [blocked(leg, Cause.ROUTE_NONE, f"No route for {show_addresses(part)}.", None)], []
    route = _preferred(_toward(network, leg, routes))
    gap = table.doubt(route, part) or (_tag_gap(table) if _tagged(table, leg) else None)
    if gap is not None:
        return [Decision("route", leg.start.id, Verdict.UNKNOWN, words(route, part), route.evidence, gap=gap)], []
    longer = _perhaps_longer(network, leg, route)
    longer = longer or shown_otherwise(network, leg.start, route, part, words(route, part))
    if longer is not None:
        return [passed(leg, route, part), longer], []
    here, after = _taken(network, leg, table, route, part)
    return [confirmed(network, leg.start, route, part, here[0]), *here[1:]], after


def _taken(network: Network, leg: Leg, table: EffectiveRoutes, route: Route, part: Ranges) -> Onward:
    """What the next hop of a route does with the packets."""
    kind = route.next_hop_type.lower()
    if leg.end is None and kind in {*PEERING_TYPES, "interfaceendpoint"}:
        return [blocked(leg, Cause.ADDRESS_OVERLAP, f"{words(route, part)} {OVERLAP}", route)], []
    if kind in APPLIANCE_TYPES or route.behind == APPLIANCE:
        return _to_appliance(network, leg, table, route, part)
    if kind == "virtualnetworkgateway":
        return _past_gateways(network, leg, route, part)
    return DELIVERIES.get(kind, _unsupported)(network, leg, route, part), []


def _perhaps_longer(network: Network, leg: Leg, route: Route) -> Decision | None:
    """A route that was not seen and may be longer than this one: of a peering that was not listed, or a network manager.

    Routes as long as the destination's own network or longer cannot be beaten by them.
    """
    if leg.end is None or route.next_hop_type.lower() in {*PEERING_TYPES, "vnetlocal", "interfaceendpoint"}:
        return None
    if key(leg.end.vnet_id) == key(leg.start.vnet_id) or route.source == "Default":
        return None
    try:
        space = network.vnet(leg.end.vnet_id).addresses
    except MissingEvidence:
        space = leg.end.addresses
    if space.covers(route.addresses) and route.source == "User":
        return None
    if network.snapshot.of_type(NETWORK_MANAGERS):
        return Decision("route", leg.start.id, Verdict.UNKNOWN, MANAGER_GAP.why, route.evidence, gap=MANAGER_GAP)
    return unlisted(network, network.vnet(leg.start.vnet_id))


MANAGER_GAP = Gap(
    "Routes of Azure Virtual Network Manager",
    "It can connect VNets without a peering (next hop type ConnectedGroup).",
    "az network manager list-effective-connectivity-config -g <group> --virtual-network-name <vnet>",
)


def _tagged(table: EffectiveRoutes, leg: Leg) -> bool:
    """True where a user route for a service tag may cover a public destination; its addresses are not in the evidence."""
    outside = leg.end is None and leg.beyond is None
    return outside and any(r.source == "User" and not r.addresses for r in table.routes)


def _tag_gap(table: EffectiveRoutes) -> Gap:
    tags = ", ".join(r.prefix for r in table.routes if r.source == "User" and not r.addresses)
    return Gap(
        f"Addresses of the service tags {tags} in the route table",
        "A user route for a service tag covers the tag's public addresses, which are not in the evidence.",
        "az network list-service-tags -l <region> -o json",
    )


def _toward(network: Network, leg: Leg, routes: tuple[Route, ...]) -> tuple[Route, ...]:
    """Of routes of equal cost those that lead to the place in question: one site may have several devices and tunnels."""
    if leg.beyond is None or len(routes) < 2:
        return routes
    fitting = tuple(r for r in routes if r.gateway is not None and not other_way(network, leg.beyond, r))
    return fitting or routes


def _preferred(routes: tuple[Route, ...]) -> Route:
    """User before gateway before system; the VNet's own space before a peer's; ExpressRoute before VPN."""
    order = {"User": 0, "VirtualNetworkGateway": 1}
    return min(routes, key=lambda r: (order.get(r.source, 2), r.next_hop_type != "VnetLocal"))


def _over_peering(network: Network, leg: Leg, route: Route, part: Ranges) -> list[Decision]:
    over = crossing(network, leg.start, leg.end, route, leg.direction)
    mark = forwarded(network, leg.start, route) if leg.forwarded and leg.direction == "forward" else []
    return [passed(leg, route, part), *over, *mark]


def _to_private_endpoint(network: Network, leg: Leg, route: Route, part: Ranges) -> list[Decision]:
    """An endpoint in a peered VNet is reached over that peering, as anything else there."""
    over = crossing(network, leg.start, leg.end, route, leg.direction)
    over += _perhaps_not_answered(network, leg, route)
    if route.peering is not None and _peering_routes_off(network, leg.start):
        over = [replace(d, notes=(*d.notes, PEERING_OFF_NOTE)) for d in over]
    return [passed(leg, route, part), *over]


def _perhaps_not_answered(network: Network, leg: Leg, route: Route) -> list[Decision]:
    """A client whose range the endpoint's side of the peering does not hold. Whether replies of an endpoint need it is not
    documented.
    """
    if route.peering is None or leg.end is None or leg.direction != "forward":
        return []
    there = network.vnet(leg.end.vnet_id).peering_with(leg.start.vnet_id)
    if there is None or not there.remote_prefixes or there.remote.covers(leg.start.addresses):
        return []
    why = f"Peering {there.name} does not hold the client's range, and whether a private endpoint's replies need it is not documented."
    gap = Gap(f"Whether replies of the private endpoint reach {leg.start.name}", why,
              f"Sync the peering (az network vnet peering sync), or test from {leg.start.name}.")  # fmt: skip
    return [
        Decision("peering", there.id, Verdict.UNKNOWN, why, (there.reading.evidence("remoteAddressSpace"),), gap=gap)
    ]


PEERING_OFF_NOTE = (
    "disablePeeringRoute is All on the route table. Whether it takes the routes of a peer's private endpoints away as well is not "
    "documented; taken as kept."
)


def _peering_routes_off(network: Network, subnet: Subnet) -> bool:
    return bool(subnet.route_table_id) and network.route_table(subnet.route_table_id).peering_routes_off


def _local(network: Network, leg: Leg, route: Route, part: Ranges) -> list[Decision]:
    """VnetLocal carries packets between ranges of the own VNet; elsewhere the address space overlaps the destination's.

    A user route with this next hop for addresses that the VNet does not have is unknown: the documentation says what the next hop
    is for, and not whether such packets are dropped or find a peered network. The public endpoint's address is not in the
    evidence, and none of a VNet's own. Source: "Virtual network traffic routing", section "System routes" (Virtual network).
    """
    if leg.end is not None and key(leg.end.vnet_id) == key(leg.start.vnet_id):
        return [passed(leg, route, part)]
    own = network.vnet(leg.start.vnet_id).addresses
    if not own.meets(part):
        why = f"{words(route, part)} The network has no such address; what Azure does with such packets is not documented."
        return [
            replace(blocked(leg, Cause.ROUTE_NONE, why, route), result=Verdict.UNKNOWN, gap=_kept_at_home(route, why))
        ]
    if leg.end is None and leg.beyond is None and part != leg.addresses:
        return [passed(leg, route, part)]
    return [blocked(leg, Cause.ADDRESS_OVERLAP, f"{words(route, part)} {OVERLAP}", route)]


def _internet(network: Network, leg: Leg, route: Route, part: Ranges) -> list[Decision]:
    if leg.end is None and leg.beyond is None:
        return [passed(leg, route, part)]
    if route.source == "User":
        why = f"{words(route, part)} A private destination is not reached over the Internet."
        return [blocked(leg, Cause.ROUTE_INTERNET_PRIVATE_DST, why, route)]
    return _unrouted(network, leg, route, part)


def _kept_at_home(route: Route, why: str) -> Gap:
    return Gap(
        f"What user route {route.name} does with packets for {route.prefix}",
        why,
        "Test-NetConnection <server name> -Port 1433 from the source; where it fails, delete the route or give it the next hop that is meant.",
    )


def _none(network: Network, leg: Leg, route: Route, part: Ranges) -> list[Decision]:
    if route.source == "User" or (leg.end is None and leg.beyond is None):
        return [blocked(leg, Cause.ROUTE_NONE, f"{words(route, part)} Such packets are dropped.", route)]
    return _unrouted(network, leg, route, part)


def _unrouted(network: Network, leg: Leg, route: Route, part: Ranges) -> list[Decision]:
    """Only a system default is left: say which peering or gateway should have given a route."""
    found = words(route, part)
    decision = propagation_off(network, leg.start, part, found)
    if decision is None and leg.beyond is not None:
        decision = missing_gateway_route(network, leg.start, leg.beyond.gateways, leg.beyond.by, part, found)
    elif decision is None:
        decision = missing_route(network, leg.start, leg.end, part, found)
    claim = network.snapshot.absence(NETWORK_MANAGERS)
    if network.snapshot.of_type(NETWORK_MANAGERS) or claim == "unproven":
        return [replace(decision, result=Verdict.UNKNOWN, cause=None, gap=MANAGER_GAP)]
    note = "Azure Virtual Network Manager was not collected; taken as absent. It could connect VNets without a peering."
    return [replace(decision, notes=(note,) if claim == "unstated" else ())]


def _to_appliance(network: Network, leg: Leg, table: EffectiveRoutes, route: Route, part: Ranges) -> Onward:
    """An appliance: near enough, forwarding, its own rules, then unknown; what follows it is looked at all the same."""
    stop = before_appliance(network, leg.start, route)
    if stop is not None:
        return [passed(leg, route, part), stop], []
    hop, onward = at_appliance(network, route, leg.flow, leg.direction, leg.start)
    hops = [hop]
    if onward is not None and not any(d.result is Verdict.BLOCKED for d in hop.decisions):
        hops += _onward(network, replace(leg, start=onward, addresses=part, forwarded=True), leg.start, route)
    return [passed(leg, route, part)], hops


def _onward(network: Network, leg: Leg, before: Subnet, route: Route) -> list[Hop]:
    """From an appliance on. Its own subnet may send the packet straight back to it, which is a loop.

    Source: "Virtual network traffic routing", section "User-defined" (appliance in the subnet its route applies to).
    """
    if len(leg.passed) >= MOST_HOPS:
        return []
    table = effective_routes(network, leg.start)
    for _, routes in table.split(leg.addresses):
        if routes and _preferred(routes).next_hop_ip == route.next_hop_ip and route.next_hop_ip:
            again = _preferred(routes)
            if again.source != "User":  # it announced the prefix itself, so it knows a way, a tunnel for instance
                return []
            why = f"Subnet {leg.start.name} of the appliance sends {words(again, leg.addresses)} That is the appliance itself."
            return [Hop(leg.start.id, (blocked(leg, Cause.NVA_LOOP, why, again),))]
    return follow(network, replace(leg, passed=(*leg.passed, before.id)))


def _past_gateways(network: Network, leg: Leg, route: Route, part: Ranges) -> Onward:
    """A virtual network gateway, and the way behind it where it passes the packet on."""
    here, hops, onward = to_gateway(network, leg, route, part)
    if onward is None:
        return here, hops
    if len(leg.passed) >= MOST_HOPS:
        return _unsupported(network, leg, route, part), []
    return here, [*hops, *follow(network, onward)]


def _unsupported(network: Network, leg: Leg, route: Route, part: Ranges) -> list[Decision]:
    gap = Gap(
        f"The path behind next hop type {route.next_hop_type}",
        words(route, part) + " This version does not follow it.",
        "Test from the client: Test-NetConnection <server name> -Port 1433, and compare with a VM in the instance's VNet.",
    )
    return [Decision("route", leg.start.id, Verdict.UNKNOWN, gap.why, route.evidence, gap=gap, rule=route.name)]


# What becomes of a packet at each next hop type that ends the way, by the name Azure gives it.
DELIVERIES = {
    "vnetlocal": _local,
    "vnetpeering": _over_peering,
    "vnetglobalpeering": _over_peering,
    "interfaceendpoint": _to_private_endpoint,
    "internet": _internet,
    "none": _none,
}
