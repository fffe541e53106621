"""Where a subnet sends packets for a destination, and whether the next hop takes them there."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Gap
from mi_workbook.core.ranges import Ranges, show_addresses
from mi_workbook.core.trace import Cause, Decision
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.network import NETWORK_MANAGERS, Network
from mi_workbook.network.reading import ipv4
from mi_workbook.network.resource_id import key
from mi_workbook.network.vnet import Subnet, Vnet
from mi_workbook.reach.effective_routes import EffectiveRoutes, Route, effective_routes
from mi_workbook.reach.peering import crossing, missing_route

GATEWAY_TYPES = {"virtualnetworkgateway"}
PEERING_TYPES = {"vnetpeering", "vnetglobalpeering"}
APPLIANCE_TYPES = {"virtualappliance", "virtualapplianceecmp"}


@dataclass(frozen=True, slots=True)
class Leg:
    """One way from a subnet to addresses in another subnet of the evidence (None: outside)."""

    start: Subnet
    addresses: Ranges
    end: Subnet | None
    direction: str


def leg(network: Network, way: Leg) -> list[Decision]:
    """Decisions of routing from one subnet to some addresses; never empty.

    Parts of the destination that take different routes are all judged; they count as one decision list in order.
    """
    try:
        if not way.addresses:
            raise MissingEvidence(_no_addresses(way))
        table = effective_routes(network, way.start)
        decisions: list[Decision] = []
        for part, routes in table.split(way.addresses):
            decisions += _by(network, way, table, part, routes)
        return decisions
    except MissingEvidence as missing:
        return [Decision("route", way.start.id, Verdict.UNKNOWN, missing.gap.missing, gap=missing.gap)]


def _no_addresses(way: Leg) -> Gap:
    place = way.end.id if way.end is not None else "the destination"
    return Gap(
        f"Address prefix of {place}", "Without it no route can be looked up.", f"az resource show --ids {place} -o json"
    )


def _by(network: Network, way: Leg, table: EffectiveRoutes, part: Ranges, routes: tuple[Route, ...]) -> list[Decision]:
    if not routes:
        return [_blocked(way, Cause.ROUTE_NONE, f"No route for {show_addresses(part)}.", None)]
    route = _preferred(routes)
    kind = route.next_hop_type.lower()
    if table.doubtful(route):
        return [Decision("route", way.start.id, Verdict.UNKNOWN, _words(route, part), route.evidence, gap=table.gap)]
    if kind == "vnetlocal":
        return [_local(network, way, route, part)]
    if kind in PEERING_TYPES:
        return [_passed(way, route, part), *crossing(network, way.start, way.end, route, way.direction)]
    if kind in APPLIANCE_TYPES:
        return [_passed(way, route, part), _appliance(network, way, route)]
    if kind == "interfaceendpoint":
        return [_passed(way, route, part)]
    if kind == "internet":
        return _internet(network, way, route, part)
    if kind == "none":
        return _none(network, way, route, part)
    return [_unsupported(way, route, part)]


def _preferred(routes: tuple[Route, ...]) -> Route:
    """User before system; the VNet's own space before a peer's."""
    return min(routes, key=lambda r: (r.source != "User", r.next_hop_type != "VnetLocal"))


def _words(route: Route, part: Ranges) -> str:
    hop = f"{route.next_hop_type} {route.next_hop_ip}".strip()
    named = f"user route {route.name}" if route.source == "User" else "system route"
    return f"{show_addresses(part)} takes {named} {route.prefix} to {hop}."


def _passed(way: Leg, route: Route, part: Ranges) -> Decision:
    return Decision("route", way.start.id, Verdict.REACHABLE, _words(route, part), route.evidence, rule=route.name)


def _blocked(way: Leg, cause: Cause, why: str, route: Route | None) -> Decision:
    evidence = route.evidence if route else ()
    return Decision("route", way.start.id, Verdict.BLOCKED, why, evidence, cause, rule=route.name if route else "")


def _local(network: Network, way: Leg, route: Route, part: Ranges) -> Decision:
    """VnetLocal reaches the own VNet only; elsewhere the address space overlaps the destination's."""
    if way.end is None or key(way.end.vnet_id) == key(way.start.vnet_id):
        return _passed(way, route, part)
    why = f"{_words(route, part)} The destination is in another VNet, whose space the own VNet claims as well."
    return _blocked(way, Cause.ADDRESS_OVERLAP, why, route)


def _internet(network: Network, way: Leg, route: Route, part: Ranges) -> list[Decision]:
    if way.end is None:
        return [_passed(way, route, part)]
    if route.source == "User":
        why = f"{_words(route, part)} A private destination is not reached over the Internet."
        return [_blocked(way, Cause.ROUTE_INTERNET_PRIVATE_DST, why, route)]
    return _unrouted(network, way, route, part)


def _none(network: Network, way: Leg, route: Route, part: Ranges) -> list[Decision]:
    if route.source == "User" or way.end is None:
        return [_blocked(way, Cause.ROUTE_NONE, f"{_words(route, part)} Such packets are dropped.", route)]
    return _unrouted(network, way, route, part)


def _unrouted(network: Network, way: Leg, route: Route, part: Ranges) -> list[Decision]:
    """Only a system default is left: say which peering should have given a route."""
    decision = missing_route(network, way.start, way.end, part, _words(route, part))
    claim = network.snapshot.absence(NETWORK_MANAGERS)
    if network.snapshot.of_type(NETWORK_MANAGERS) or claim == "unproven":
        gap = Gap(
            "Routes of Azure Virtual Network Manager",
            "It can connect VNets without a peering (next hop type ConnectedGroup).",
            "az network manager list-effective-connectivity-config -g <group> --virtual-network-name <vnet>",
        )
        return [replace(decision, result=Verdict.UNKNOWN, gap=gap)]
    note = "Azure Virtual Network Manager was not collected; taken as absent. It could connect VNets without a peering."
    return [replace(decision, notes=(note,) if claim == "unstated" else ())]


def _appliance(network: Network, way: Leg, route: Route) -> Decision:
    """A virtual appliance: reachable in one step, forwarding, and then unknown, for ARM does not hold its policy.

    Source: "Virtual network traffic routing", section "User-defined" (next hop reachability, IP forwarding).
    """
    hop = ipv4(tuple(text.strip() for text in route.next_hop_ip.split(",")))
    vnet = network.vnet(way.start.vnet_id)
    managers = network.snapshot.of_type(NETWORK_MANAGERS) or network.snapshot.absence(NETWORK_MANAGERS) == "unproven"
    if hop and not _near(vnet).covers(hop) and not managers:
        why = f"Next hop {route.next_hop_ip} is neither in {vnet.name} nor in a VNet that is directly peered and Connected."
        return _blocked(way, Cause.NVA_UNREACHABLE, why, route)
    nics = [nic for first, _ in hop for nic in network.holders(first)]
    if nics and all(nic.forwards is False for nic in nics):
        why = f"The appliance's NIC {nics[0].name} has IP forwarding off, so it drops packets that are not its own."
        return Decision("appliance", nics[0].id, Verdict.BLOCKED, why, (nics[0].reading.evidence("enableIPForwarding"),),
                        Cause.NVA_NOT_FORWARDING)  # fmt: skip
    return _policy_unknown(way, route, nics[0].id if nics else route.next_hop_ip)


def _policy_unknown(way: Leg, route: Route, at: str) -> Decision:
    gap = Gap(
        f"What the appliance {route.next_hop_ip} does with this traffic",
        f"User route {route.name} sends the {way.direction} packets through it; its rules and its routes are not in Azure.",
        f"Look at the log of {route.next_hop_ip} for the client's address and port, or run Test-NetConnection from the "
        "client while it captures; both directions must pass it.",
    )
    return Decision("appliance", at, Verdict.UNKNOWN, gap.why, route.evidence, gap=gap, rule=route.name)


def _near(vnet: Vnet) -> Ranges:
    found = vnet.addresses
    for peering in vnet.peerings:
        if peering.state.lower() == "connected":
            found = found | peering.remote
    return found


def _unsupported(way: Leg, route: Route, part: Ranges) -> Decision:
    gap = Gap(
        f"The path behind next hop type {route.next_hop_type}",
        _words(route, part) + " This version does not follow it.",
        "Test from the client: Test-NetConnection <server name> -Port 1433, and compare with a VM in the instance's VNet.",
    )
    return Decision("route", way.start.id, Verdict.UNKNOWN, gap.why, route.evidence, gap=gap, rule=route.name)
