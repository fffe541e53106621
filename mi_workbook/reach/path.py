"""The walk of a packet from a source to an endpoint of a managed instance, and of the reply back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.ranges import Ranges
from mi_workbook.core.trace import Cause, Decision, Flow, Hop, Trace
from mi_workbook.core.verdict import Verdict, along, together
from mi_workbook.network.gateway import Gateway
from mi_workbook.network.instance import REDIRECT_PORTS
from mi_workbook.network.network import Network
from mi_workbook.network.resource_id import key, shell_word, vnet_of
from mi_workbook.network.service_tags import PUBLIC
from mi_workbook.network.tested import connection_tests
from mi_workbook.network.vnet import Subnet
from mi_workbook.reach.app_membership import membership_doubts, refused
from mi_workbook.reach.clients import client_routes, own_side
from mi_workbook.reach.endpoint import destination, ready, unread_state
from mi_workbook.reach.firewalls import remembered
from mi_workbook.reach.forwarding import follow
from mi_workbook.reach.guards import arrival, departure
from mi_workbook.reach.host_firewall import stopped_at_source
from mi_workbook.reach.internet import egress, from_internet, to_internet
from mi_workbook.reach.leg import Leg
from mi_workbook.reach.names import judge
from mi_workbook.reach.peering import FORWARDED
from mi_workbook.reach.question import Question, required_ports
from mi_workbook.reach.settled import doubted, settle
from mi_workbook.reach.tunnels import gateway_state, tunnel
from mi_workbook.reach.unmodelled import name_policies, odd_members
from mi_workbook.reach.web_apps import doubts, manager, no_gateway, over_gateway, over_relay, stays_outside

CONNECTION_TYPES = frozenset({"proxy", "redirect", "default"})


def traces(network: Network, question: Question) -> list[Trace]:
    """Forward and return traces for each set of ports that must be open; all must be reachable."""
    found = []
    for ports in required_ports(question):
        found += _both_ways(network, question, ports)
    if question.endpoint == "vnet-local" and question.instance.connection_type.lower() not in CONNECTION_TYPES:
        found += _perhaps_redirected(network, question)
    return _with_tests(network, question, found)


def _with_tests(network: Network, question: Question, ways: list[Trace]) -> list[Trace]:
    """The traces held against connections that were tried from the source and its own packet filter; a changed network was
    not tried.
    """
    if not network.snapshot.observations or network.snapshot.touched():
        return ways
    tests = connection_tests(network.snapshot, question.places)
    instance = question.instance
    names = frozenset({(instance.public_fqdn if question.endpoint == "public" else instance.fqdn).lower()})
    own = partial(stopped_at_source, network.snapshot, question.places)
    return doubted(trace for trip in round_trips(ways) for trace in settle(trip, tests, names, question.at, own))


def round_trips(ways: Iterable[Trace]) -> list[tuple[Trace, ...]]:
    """Traces grouped by their ports: the way there and the way back of one connection."""
    trips: dict[Ranges, list[Trace]] = {}
    for trace in ways:
        trips.setdefault(trace.flow.ports, []).append(trace)
    return [tuple(trip) for trip in trips.values()]


def verdict(ways: Iterable[Trace]) -> Verdict:
    """Each connection is judged by the first decision, in the packet's order, that does not let it on; all are needed."""
    return together(along(d.result for t in trip for d in t.decisions) for trip in round_trips(ways))


def stop(ways: Iterable[Trace]) -> Decision | None:
    """The decision that made the verdict, None where it is reachable."""
    ways = list(ways)
    whole = verdict(ways)
    for trip in round_trips(ways):
        first = next((d for t in trip for d in t.decisions if d.result is not Verdict.REACHABLE), None)
        if first is not None and first.result is whole:
            return first
    return None


def _perhaps_redirected(network: Network, question: Question) -> list[Trace]:
    """Where the connection type was not seen: the Redirect ports, blocked only perhaps."""
    ways = _both_ways(network, question, Ranges((REDIRECT_PORTS,)))
    shut = [d for trace in ways for d in trace.decisions if d.result is not Verdict.REACHABLE and d.kind != "client"]
    if not shut:
        return ways
    instance = question.instance
    why = f"Whether {instance.name} uses Redirect is not in the evidence, and TCP 11000-11999 is not open all the way."
    gap = Gap(
        f"Connection type of {instance.name}",
        why,
        f"az resource show --ids {shell_word(instance.id)} --query properties.proxyOverride",
    )
    decision = Decision(
        "endpoint", instance.id, Verdict.UNKNOWN, why, (instance.reading.evidence("proxyOverride"),), gap=gap
    )
    return [Trace(ways[0].flow, "forward", (Hop(instance.id, (decision,)),))]


def _both_ways(network: Network, question: Question, ports: Ranges) -> list[Trace]:
    if question.origin.integration is not None or question.origin.relay is not None:
        short = _cut_short(network, question, ports)
        if short is not None:
            return [Trace(Flow(question.addresses, Ranges(), ports), "forward", (*_start(question, network), *short))]
    try:
        subnet, addresses, head = destination(network, question)
    except MissingEvidence as missing:
        decision = Decision("endpoint", question.instance.id, Verdict.UNKNOWN, missing.gap.missing, gap=missing.gap)
        flow = Flow(question.addresses, Ranges(), ports)
        return [Trace(flow, "forward", (*_start(question, network), Hop(question.instance.id, (decision,))))]
    flow = Flow(question.addresses, addresses, ports)
    back = Flow(addresses, question.addresses, ports)
    forward = Trace(flow, "forward", (*_start(question, network), *_forward(network, question, flow, subnet, head)))
    reply = Trace(
        back, "return", (*_reply(network, question, back, subnet), *_last(network, question, addresses, subnet))
    )
    if question.endpoint == "private" and any(d.kind == "appliance" for d in forward.decisions):
        reply = _perhaps_past_it(reply)
    return list(remembered(forward, reply))


def _perhaps_past_it(reply: Trace) -> Trace:
    """Replies of a private endpoint behind an appliance. Source: "What is a private endpoint?", section "Limitations" (SNAT)."""
    note = (
        "The way to the private endpoint leads through an appliance. Documentation recommends that it translates the source address "
        "(SNAT), so that replies come back to it; measured, some services reply through it without."
    )
    first, *others = reply.hops
    decisions = tuple(replace(d, notes=(*d.notes, note)) for d in first.decisions)
    return replace(reply, hops=(Hop(first.at, decisions), *others))


def _cut_short(network: Network, question: Question, ports: Ranges) -> list[Hop] | None:
    """Hops of a web app whose packets no network here carries: by a relay, or nowhere."""
    relay, joined, instance = question.origin.relay, question.origin.integration, question.instance
    if relay is not None:
        carried = Hop(question.at, tuple(over_relay(relay, joined, instance, ports)))
        return [carried, Hop(instance.id, (ready(instance),)), Hop(relay.id, (manager(relay),))]
    if joined is None or question.origin.kind != "internet" or question.endpoint == "public":
        return None
    stop = no_gateway(network, joined) if joined.kind == "gateway" else stays_outside(network, joined, instance)
    return [Hop(question.at, (stop,))]


def _start(question: Question, network: Network) -> tuple[Hop, ...]:
    hops = []
    named = judge(network, question.name, question.instance) if question.name is not None else []
    named += [question.resolution] if question.resolution is not None and _name_first(question) else []
    if named:
        hops.append(Hop("server name", tuple(named)))
    joined = question.origin.integration
    inside = question.origin.kind == "inside"
    if joined is not None and (inside or question.origin.gateways):
        stops = refused(network, joined)
        hops += [Hop(question.at, tuple(stops))] if stops else []
    if inside and key(question.subnet.id) == key(question.instance.subnet_id):
        why = f"Subnet {question.subnet.name} is delegated to managed instances; nothing else can run in it."
        evidence = (question.instance.reading.evidence("subnetId"),)
        decision = Decision(
            "endpoint", question.subnet.id, Verdict.BLOCKED, why, evidence, Cause.SOURCE_IN_INSTANCE_SUBNET
        )
        hops.append(Hop(question.at, (decision,)))
    return tuple(hops)


def _name_first(question: Question) -> bool:
    unclear = question.resolution is not None and question.resolution.result is Verdict.UNKNOWN
    return question.name_decides or not unclear


def _last(network: Network, question: Question, wanted: Ranges, end: Subnet) -> tuple[Hop, ...]:
    """What lies outside of Azure is judged last: what Azure's configuration blocks is blocked whatever is found there."""
    hops = []
    if question.resolution is not None and not _name_first(question):
        hops.append(Hop("server name", (question.resolution,)))
    odd = odd_members(network, _touched(question, end))
    if question.origin.kind == "inside" and question.resolution is not None:
        odd += name_policies(network, question.subnet.vnet_id, question.instance)
    odd += unread_state(question.instance)
    hops += [Hop(question.at, tuple(odd))] if odd else []
    joined = question.origin.integration
    if joined is not None and (question.origin.kind == "inside" or question.origin.gateways):
        unsure = membership_doubts(network, joined)
        unsure += doubts(network, joined, question.origin.gateways[0], end.id) if question.origin.gateways else []
        hops += [Hop(question.at, tuple(unsure))] if unsure else []
    elif question.origin.kind in {"clients", "site", "express"}:
        host = question.instance.fqdn
        own = own_side(network, question.origin, question.addresses, wanted, question.places, host)
        hops.append(Hop(question.at, tuple(own)))
    return tuple(hops)


def _touched(question: Question, end: Subnet) -> tuple[str, ...]:
    """Ids of the resources at both ends of the path whose members are looked at."""
    gateways = tuple(one.id for one in question.origin.gateways)
    return (question.at, question.subnet.vnet_id, end.vnet_id, *gateways)


def _forward(network: Network, question: Question, flow: Flow, end: Subnet, head: list[Decision]) -> tuple[Hop, ...]:
    try:
        hops = list(_to(network, question, flow, end))
    except MissingEvidence as missing:
        hops = [
            Hop(question.at, (Decision("route", question.at, Verdict.UNKNOWN, missing.gap.missing, gap=missing.gap),))
        ]
    if head:
        hops.append(Hop(head[0].by, tuple(head)))
    if question.endpoint == "private" and flow.destination == end.addresses and flow.destination.size > 1:
        hops = [Hop(hop.at, tuple(_without_address(question, d) for d in hop.decisions)) for hop in hops]
    routing = [d for hop in hops for d in hop.decisions if d.kind in ROUTING]
    if any(d.result is Verdict.BLOCKED for d in routing):
        return tuple(hops)
    foreign = flow.source if _relayed(hops) else Ranges()
    return (*hops, Hop(end.id, tuple(arrival(network, question, flow, end, foreign))))


def _without_address(question: Question, decision: Decision) -> Decision:
    """A block on the way to an endpoint whose address is not known: its own /32 route would win over a shorter one."""
    if decision.kind not in ROUTING or decision.result is not Verdict.BLOCKED:
        return decision
    why = f"{decision.why} The address of the private endpoint is not in the evidence, and its own route may be longer."
    gap = Gap(f"Address of the private endpoint of {question.instance.name}", why,
              "az network private-endpoint show --ids <id> -o json, and az network nic show of its NIC")  # fmt: skip
    return replace(decision, result=Verdict.UNKNOWN, why=why, gap=gap, cause=None)


ROUTING = frozenset({"route", "peering", "appliance", "gateway", "client", "integration"})


def _relayed(hops: list[Hop]) -> bool:
    """True where an appliance forwarded the packet and the receiving side of the peering accepts forwarded traffic."""
    decisions = [d for hop in hops for d in hop.decisions]
    return any(d.kind == "appliance" for d in decisions) and not any(d.rule == FORWARDED for d in decisions)


def _to(network: Network, question: Question, flow: Flow, end: Subnet) -> list[Hop]:
    """The hops from the source to the destination's subnet."""
    start, origin = question.subnet, question.origin
    inside = None if question.endpoint == "public" else end
    leg = Leg(start, flow.destination, inside, "forward", flow)
    if origin.kind == "internet":
        return [from_internet(question)]
    if origin.kind != "inside":
        return [*_into_azure(network, question, flow, end), *follow(network, leg)]
    gates = departure(network, question, flow)
    first, *others = follow(network, leg)
    out = egress(network, question) if question.endpoint == "public" else []
    return [Hop(question.at, (*gates, *first.decisions, *out)), *others]


def _into_azure(network: Network, question: Question, flow: Flow, end: Subnet) -> list[Hop]:
    """From a client, a site or a circuit to the gateway: the client's routes or the tunnel, and the gateway's state."""
    origin = question.origin
    gateway = origin.gateways[0]
    state = gateway_state(gateway)
    if origin.kind == "clients":
        joined, place = origin.integration, (network, gateway, end.id, flow.destination)
        decisions = over_gateway(joined, *place) if joined is not None else client_routes(*place)
        decisions = _through_transit(network, question, gateway, decisions)
        return [Hop(question.at, tuple(decisions)), *([Hop(gateway.id, tuple(state))] if state else [])]
    if origin.kind == "site" and origin.connection is not None:
        over = tunnel(network, origin.connection, gateway, flow)
        return [Hop(question.at, tuple(over)), *([Hop(gateway.id, tuple(state))] if state else [])]
    entered = Decision("gateway", gateway.id, Verdict.REACHABLE, f"It enters through {gateway.name}.",
                       (gateway.reading.whole(),))  # fmt: skip
    return [Hop(question.at, (entered, *state))]


def _through_transit(
    network: Network, question: Question, gateway: Gateway, decisions: list[Decision]
) -> list[Decision]:
    """The client's decisions, with the note on forwarded traffic where they go on over a peering that does not accept it."""
    home = network.vnet(vnet_of(question.instance.subnet_id))
    side = home.peering_with(gateway.vnet_id)
    if side is None or side.allow_forwarded:
        return decisions
    note = (
        f"allowForwardedTraffic is false on {side.name}. Documentation: traffic of a VPN gateway does not need it; the page on "
        "troubleshooting peerings lists it as a check."
    )
    return [*decisions[:-1], replace(decisions[-1], notes=(*decisions[-1].notes, note))]


def _reply(network: Network, question: Question, back: Flow, end: Subnet) -> list[Hop]:
    """The way back: routing only, for security groups let replies of an allowed flow through.

    Source: "Network security groups", section "Security rules" (flow record); "Azure Firewall scenarios to inspect traffic
    destined to a private endpoint" (user routes are bypassed by traffic from private endpoints).
    """
    if question.endpoint == "private":
        why = "Replies of a private endpoint are sent back by the platform."
        return [Hop(end.id, (Decision("route", end.id, Verdict.REACHABLE, why, (Evidence(end.id, "/", end.name),)),))]
    if question.endpoint == "public":
        wanted = question.addresses if question.origin.kind == "internet" else PUBLIC
        return [to_internet(hop) for hop in follow(network, Leg(end, wanted, None, "return", back))]
    outside = question.origin.beyond
    home = question.subnet if outside is None else None
    return follow(network, Leg(end, question.addresses, home, "return", back, outside))
