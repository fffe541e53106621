"""The walk of a packet from a source to an endpoint of a managed instance, and of the reply back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.ranges import NOTHING, Ranges
from mi_workbook.core.trace import Cause, Decision, Flow, Hop, Trace
from mi_workbook.core.verdict import Verdict, along, together
from mi_workbook.network.instance import NORMAL_PORT, PUBLIC_PORT, REDIRECT_PORTS, ManagedInstance, PrivateEndpoint
from mi_workbook.network.network import Network
from mi_workbook.network.resource_id import key, last
from mi_workbook.network.service_tags import PUBLIC
from mi_workbook.network.vnet import Subnet
from mi_workbook.reach.clients import client_routes, own_side
from mi_workbook.reach.forwarding import Leg, follow
from mi_workbook.reach.names import ServerName, judge
from mi_workbook.reach.origin import INSIDE as INSIDE
from mi_workbook.reach.origin import Origin as Origin
from mi_workbook.reach.peering import FORWARDED
from mi_workbook.reach.security import admin_rules, gate
from mi_workbook.reach.tunnels import gateway_state, tunnel
from mi_workbook.reach.web_apps import doubts, manager, no_gateway, over_gateway, over_relay, stays_outside

# Source: "az sql mi" REST reference (ManagedInstance.state) and "Stop and start an instance".
CONNECTION_TYPES = frozenset({"proxy", "redirect", "default"})
STOPPED = frozenset({"stopped", "stopping", "starting", "creating", "creationfailed", "deleting"})


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its ends found.

    addresses: what may send; subnet: where the packets enter the virtual networks (the source's own, the GatewaySubnet of
    its gateway; for the Internet the instance's); answer: what the name resolved to, where a zone in the evidence says so;
    name_decides: False where an unclear DNS answer cannot change the path, so that it is judged last.
    """

    addresses: Ranges
    subnet: Subnet
    at: str
    nic_nsg: str
    instance: ManagedInstance
    endpoint: str
    name: ServerName | None
    resolution: Decision | None = None
    answer: Ranges = NOTHING
    name_decides: bool = True
    origin: Origin = INSIDE


def traces(network: Network, question: Question) -> list[Trace]:
    """Forward and return traces for each set of ports that must be open; all must be reachable."""
    found = []
    for ports in required_ports(question):
        found += _both_ways(network, question, ports)
    if question.endpoint == "vnet-local" and question.instance.connection_type.lower() not in CONNECTION_TYPES:
        found += _perhaps_redirected(network, question)
    return found


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
        f"az resource show --ids {instance.id} --query properties.proxyOverride",
    )
    decision = Decision(
        "endpoint", instance.id, Verdict.UNKNOWN, why, (instance.reading.evidence("proxyOverride"),), gap=gap
    )
    return [Trace(ways[0].flow, "forward", (Hop(instance.id, (decision,)),))]


def required_ports(question: Question) -> list[Ranges]:
    """1433; under Redirect all of 11000-11999 as well; 3342 on the public endpoint.

    Source: "Connection types", sections "Connection types" and "Redirect connection type"; "Default" is Proxy there.
    """
    if question.endpoint == "public":
        return [Ranges(((PUBLIC_PORT, PUBLIC_PORT),))]
    normal = Ranges(((NORMAL_PORT, NORMAL_PORT),))
    redirect = question.endpoint == "vnet-local" and question.instance.connection_type.lower() == "redirect"
    return [normal, Ranges((REDIRECT_PORTS,))] if redirect else [normal]


def _both_ways(network: Network, question: Question, ports: Ranges) -> list[Trace]:
    if question.origin.integration is not None or question.origin.relay is not None:
        short = _cut_short(network, question, ports)
        if short is not None:
            return [Trace(Flow(question.addresses, Ranges(), ports), "forward", (*_start(question, network), *short))]
    try:
        subnet, destination, head = _destination(network, question)
    except MissingEvidence as missing:
        decision = Decision("endpoint", question.instance.id, Verdict.UNKNOWN, missing.gap.missing, gap=missing.gap)
        flow = Flow(question.addresses, Ranges(), ports)
        return [Trace(flow, "forward", (*_start(question, network), Hop(question.instance.id, (decision,))))]
    flow = Flow(question.addresses, destination, ports)
    back = Flow(destination, question.addresses, ports)
    forward = Trace(flow, "forward", (*_start(question, network), *_forward(network, question, flow, subnet, head)))
    reply = Trace(back, "return", (*_reply(network, question, back, subnet), *_last(network, question, subnet)))
    return [forward, reply]


def _cut_short(network: Network, question: Question, ports: Ranges) -> list[Hop] | None:
    """Hops of a web app whose packets no network here carries: by a relay, or nowhere."""
    relay, joined, instance = question.origin.relay, question.origin.integration, question.instance
    if relay is not None:
        carried = Hop(question.at, tuple(over_relay(relay, joined, instance, ports)))
        return [carried, Hop(instance.id, (_ready(instance),)), Hop(relay.id, (manager(relay),))]
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
    inside = question.origin.kind == "inside"
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


def _last(network: Network, question: Question, end: Subnet) -> tuple[Hop, ...]:
    """What lies outside of Azure is judged last: what Azure's configuration blocks is blocked whatever is found there."""
    hops = []
    if question.resolution is not None and not _name_first(question):
        hops.append(Hop("server name", (question.resolution,)))
    joined = question.origin.integration
    if joined is not None and question.origin.gateways:
        unsure = doubts(network, joined, question.origin.gateways[0], end.id)
        hops += [Hop(question.at, tuple(unsure))] if unsure else []
    elif question.origin.kind in {"clients", "site", "express"}:
        hops.append(Hop(question.at, tuple(own_side(network, question.origin, question.addresses))))
    return tuple(hops)


def _destination(network: Network, question: Question) -> tuple[Subnet, Ranges, list[Decision]]:
    """Subnet and addresses of the endpoint, and decisions about the endpoint itself."""
    if question.endpoint == "private":
        endpoint = _endpoint(network, question)
        where = network.subnet(endpoint.subnet_id)
        found = Ranges.of((a, a) for a in network.endpoint_addresses(endpoint))
        return where, found or where.addresses, [_approval(endpoint)]
    subnet = network.subnet(question.instance.subnet_id)
    if question.endpoint == "public":
        return subnet, PUBLIC, [_public(question.instance)]
    return subnet, subnet.addresses, []


def _endpoint(network: Network, question: Question) -> PrivateEndpoint:
    found = network.private_endpoints(question.instance.id)
    named = [e for e in found if any(question.answer & Ranges(((a, a),)) for a in network.endpoint_addresses(e))]
    near = [e for e in found if key(e.subnet_id).startswith(key(question.subnet.vnet_id) + "/")]
    if found:
        return (named or near or list(found))[0]
    raise MissingEvidence(
        Gap(
            f"A private endpoint of {question.instance.name}",
            "The question asks for it and none is in the evidence.",
            "az network private-endpoint list -o json (needs Microsoft.Network/privateEndpoints/read)",
        )
    )


def _approval(endpoint: PrivateEndpoint) -> Decision:
    """Only Approved carries traffic. Source: "What is a private endpoint?", section "Private endpoint properties"."""
    evidence = (endpoint.reading.evidence("privateLinkServiceConnections"),)
    if endpoint.status.lower() == "approved":
        return Decision("endpoint", endpoint.id, Verdict.REACHABLE, f"{endpoint.name} is Approved.", evidence)
    why = (
        f"The connection of {endpoint.name} is {endpoint.status or 'without a status'}; only Approved carries traffic."
    )
    if endpoint.status.lower() in {"pending", "rejected", "disconnected", "removed"}:
        return Decision("endpoint", endpoint.id, Verdict.BLOCKED, why, evidence, Cause.PE_NOT_APPROVED)
    gap = Gap(f"Status of {endpoint.name}", why, f"az network private-endpoint show --ids {endpoint.id} -o json")
    return Decision("endpoint", endpoint.id, Verdict.UNKNOWN, why, evidence, gap=gap)


def _public(instance: ManagedInstance) -> Decision:
    evidence = (instance.reading.evidence("publicDataEndpointEnabled"),)
    if instance.public_endpoint:
        return Decision("endpoint", instance.id, Verdict.REACHABLE, "The public endpoint is on.", evidence)
    if instance.public_endpoint is False:
        why = "The public endpoint is off, so its name does not resolve."
        return Decision("endpoint", instance.id, Verdict.BLOCKED, why, evidence, Cause.PUBLIC_ENDPOINT_OFF)
    gap = Gap("publicDataEndpointEnabled", "Whether the public endpoint is on is not in the evidence.",
              f"az resource show --ids {instance.id} --query properties.publicDataEndpointEnabled")  # fmt: skip
    return Decision("endpoint", instance.id, Verdict.UNKNOWN, gap.why, evidence, gap=gap)


def _forward(network: Network, question: Question, flow: Flow, end: Subnet, head: list[Decision]) -> tuple[Hop, ...]:
    try:
        hops = list(_to(network, question, flow, end))
    except MissingEvidence as missing:
        hops = [
            Hop(question.at, (Decision("route", question.at, Verdict.UNKNOWN, missing.gap.missing, gap=missing.gap),))
        ]
    if head:
        hops.append(Hop(head[0].by, tuple(head)))
    routing = [d for hop in hops for d in hop.decisions if d.kind in ROUTING]
    if any(d.result is Verdict.BLOCKED for d in routing):
        return tuple(hops)
    foreign = flow.source if _relayed(hops) else Ranges()
    return (*hops, Hop(end.id, tuple(_arrival(network, question, flow, end, foreign))))


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
        return [_from_internet(question)]
    if origin.kind != "inside":
        return [*_into_azure(network, question, flow, end), *follow(network, leg)]
    gates = admin_rules(network, start)
    if question.nic_nsg:
        gates.append(gate(network, question.nic_nsg, "Outbound", start, flow, f"NIC {last(question.at)}"))
    gates.append(gate(network, start.nsg_id, "Outbound", start, flow, f"subnet {start.name}"))
    first, *others = follow(network, leg)
    egress = _egress(start) if question.endpoint == "public" else []
    return [Hop(question.at, (*gates, *first.decisions, *egress)), *others]


def _into_azure(network: Network, question: Question, flow: Flow, end: Subnet) -> list[Hop]:
    """From a client, a site or a circuit to the gateway: the client's routes or the tunnel, and the gateway's state."""
    origin = question.origin
    gateway = origin.gateways[0]
    state = gateway_state(gateway)
    if origin.kind == "clients":
        joined, place = origin.integration, (network, gateway, end.id, flow.destination)
        decisions = over_gateway(joined, *place) if joined is not None else client_routes(*place)
        return [Hop(question.at, tuple(decisions)), *([Hop(gateway.id, tuple(state))] if state else [])]
    if origin.kind == "site" and origin.connection is not None:
        over = tunnel(network, origin.connection, gateway, flow)
        return [Hop(question.at, tuple(over)), *([Hop(gateway.id, tuple(state))] if state else [])]
    entered = Decision("gateway", gateway.id, Verdict.REACHABLE, f"It enters through {gateway.name}.",
                       (gateway.reading.whole(),))  # fmt: skip
    return [Hop(question.at, (entered, *state))]


def _from_internet(question: Question) -> Hop:
    """From the Internet only the public endpoint can be reached; the other names resolve to private addresses.

    Source: "Connectivity architecture of SQL Managed Instance", section "Communication overview".
    """
    instance = question.instance
    evidence = (instance.reading.evidence("fullyQualifiedDomainName"),)
    if question.endpoint == "public":
        why = "It comes over the Internet."
        return Hop(question.at, (Decision("route", question.at, Verdict.REACHABLE, why, evidence),))
    why = f"{instance.fqdn or instance.name} resolves anywhere, to a private address that the Internet does not carry."
    return Hop(
        question.at, (Decision("route", question.at, Verdict.BLOCKED, why, evidence, Cause.OUTSIDE_PRIVATE_NAME),)
    )


def _egress(start: Subnet) -> list[Decision]:
    """A private subnet needs an explicit way to the Internet, which lies outside what is read here.

    Source: "Default outbound access in Azure".
    """
    if start.reading.flag("defaultOutboundAccess") is not False or start.reading.reference("natGateway"):
        return []
    gap = Gap(
        f"How subnet {start.name} reaches the Internet",
        "Default outbound access is off and no NAT gateway is associated; a public address or load balancer may serve.",
        "az network nic show and az network lb list; or curl from the source.",
    )
    return [
        Decision(
            "route", start.id, Verdict.UNKNOWN, gap.why, (start.reading.evidence("defaultOutboundAccess"),), gap=gap
        )
    ]


def _arrival(network: Network, question: Question, flow: Flow, end: Subnet, foreign: Ranges) -> list[Decision]:
    """Security rules of the destination's subnet, then the instance's own state."""
    if question.endpoint == "private" and end.private_endpoint_policies.lower() not in {
        "enabled",
        "networksecuritygroupenabled",
    }:
        why = f"Network policy of subnet {end.name} is off, so its security group does not apply to private endpoints."
        guard = Decision(
            "nsg", end.id, Verdict.REACHABLE, why, (end.reading.evidence("privateEndpointNetworkPolicies"),)
        )
    else:
        arriving = flow
        if question.endpoint == "public":
            known = question.origin.kind == "internet"
            arriving = Flow(question.addresses if known else PUBLIC, end.addresses, flow.ports)
        guard = gate(network, end.nsg_id, "Inbound", end, arriving, f"subnet {end.name}", foreign)
    return [*admin_rules(network, end), guard, _ready(question.instance)]


def _ready(instance: ManagedInstance) -> Decision:
    """The instance answers only when Ready. A Stopped one still has provisioningState Succeeded."""
    state = instance.state.lower()
    evidence = (instance.reading.evidence("state"),)
    if state == "ready":
        return Decision("instance", instance.id, Verdict.REACHABLE, f"{instance.name} is Ready.", evidence)
    if not state and instance.provisioning_state.lower() in {"", "succeeded"}:
        note = f"The state of {instance.name} is not in the evidence; taken as Ready."
        return Decision("instance", instance.id, Verdict.REACHABLE, note, evidence, notes=(note,))
    why = f"{instance.name} is {instance.state or instance.provisioning_state}; only Ready accepts connections."
    if state in STOPPED:
        return Decision("instance", instance.id, Verdict.BLOCKED, why, evidence, Cause.INSTANCE_NOT_READY)
    gap = Gap(f"Whether {instance.name} accepts connections", why, f"az resource show --ids {instance.id} -o json")
    return Decision("instance", instance.id, Verdict.UNKNOWN, why, evidence, gap=gap)


def _reply(network: Network, question: Question, back: Flow, end: Subnet) -> list[Hop]:
    """The way back: routing only, for security groups let replies of an allowed flow through.

    Source: "Network security groups", section "Security rules" (flow record).
    """
    if question.endpoint == "private":
        why = "Replies of a private endpoint are sent back by the platform."
        return [Hop(end.id, (Decision("route", end.id, Verdict.REACHABLE, why, (Evidence(end.id, "/", end.name),)),))]
    if question.endpoint == "public":
        wanted = question.addresses if question.origin.kind == "internet" else PUBLIC
        return [_to_internet(hop) for hop in follow(network, Leg(end, wanted, None, "return", back))]
    outside = question.origin.beyond
    home = question.subnet if outside is None else None
    return follow(network, Leg(end, question.addresses, home, "return", back, outside))


def _to_internet(hop: Hop) -> Hop:
    """Replies of the public endpoint that a route takes elsewhere are lost.

    Source: "Virtual network traffic routing", section "0.0.0.0/0 address prefix" (no longer reachable from the Internet).
    """
    return Hop(hop.at, tuple(_lost(d) if d.kind == "appliance" else d for d in hop.decisions))


def _lost(decision: Decision) -> Decision:
    if decision.result is not Verdict.UNKNOWN:
        return decision
    why = f"{decision.why} Replies to the Internet that leave through an appliance do not match the request that came directly."
    return replace(decision, result=Verdict.BLOCKED, why=why, cause=Cause.REPLY_NOT_TO_INTERNET, gap=None)
