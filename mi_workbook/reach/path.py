"""The walk of a packet from a source to an endpoint of a managed instance, and of the reply back."""

from __future__ import annotations

from dataclasses import dataclass

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.ranges import Ranges
from mi_workbook.core.trace import Cause, Decision, Flow, Hop, Trace
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.instance import NORMAL_PORT, PUBLIC_PORT, REDIRECT_PORTS, ManagedInstance, PrivateEndpoint
from mi_workbook.network.network import Network
from mi_workbook.network.resource_id import key, last
from mi_workbook.network.service_tags import PUBLIC
from mi_workbook.network.vnet import Subnet
from mi_workbook.reach.forwarding import Leg, leg
from mi_workbook.reach.names import ServerName, judge
from mi_workbook.reach.security import gate

# Source: "az sql mi" REST reference (ManagedInstance.state) and "Stop and start an instance".
CONNECTION_TYPES = frozenset({"proxy", "redirect", "default"})
STOPPED = frozenset({"stopped", "stopping", "starting", "creating", "creationfailed", "deleting"})


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its ends found: addresses that may send, their subnet and NIC NSG, instance, endpoint, name."""

    addresses: Ranges
    subnet: Subnet
    at: str
    nic_nsg: str
    instance: ManagedInstance
    endpoint: str
    name: ServerName | None
    resolution: Decision | None = None


def traces(network: Network, question: Question) -> list[Trace]:
    """Forward and return traces for each set of ports that must be open; all must be reachable."""
    found = []
    for ports in required_ports(question):
        found += _both_ways(network, question, ports)
    if question.endpoint == "vnet-local" and question.instance.connection_type.lower() not in CONNECTION_TYPES:
        found += _perhaps_redirected(network, question)
    return found


def _perhaps_redirected(network: Network, question: Question) -> list[Trace]:
    """Where the connection type was not seen: the Redirect ports, blocked only perhaps."""
    ways = _both_ways(network, question, Ranges((REDIRECT_PORTS,)))
    if all(trace.verdict is Verdict.REACHABLE for trace in ways):
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
    try:
        subnet, destination, head = _destination(network, question)
    except MissingEvidence as missing:
        decision = Decision("endpoint", question.instance.id, Verdict.UNKNOWN, missing.gap.missing, gap=missing.gap)
        flow = Flow(question.addresses, Ranges(), ports)
        return [Trace(flow, "forward", (*_start(network, question), Hop(question.instance.id, (decision,))))]
    flow = Flow(question.addresses, destination, ports)
    back = Flow(destination, question.addresses, ports)
    forward = Trace(flow, "forward", (*_start(network, question), *_forward(network, question, flow, subnet, head)))
    return [forward, Trace(back, "return", (_reply(network, question, subnet),))]


def _start(network: Network, question: Question) -> tuple[Hop, ...]:
    hops = []
    named = judge(network, question.name, question.instance) if question.name is not None else []
    named += [question.resolution] if question.resolution is not None else []
    if named:
        hops.append(Hop("server name", tuple(named)))
    if key(question.subnet.id) == key(question.instance.subnet_id):
        why = f"Subnet {question.subnet.name} is delegated to managed instances; nothing else can run in it."
        evidence = (question.instance.reading.evidence("subnetId"),)
        decision = Decision(
            "endpoint", question.subnet.id, Verdict.BLOCKED, why, evidence, Cause.SOURCE_IN_INSTANCE_SUBNET
        )
        hops.append(Hop(question.at, (decision,)))
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
    near = [e for e in found if key(e.subnet_id).startswith(key(question.subnet.vnet_id) + "/")]
    if found:
        return (near or list(found))[0]
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
    start = question.subnet
    gates = []
    if question.nic_nsg:
        gates.append(gate(network, question.nic_nsg, "Outbound", start, flow, f"NIC {last(question.at)}"))
    gates.append(gate(network, start.nsg_id, "Outbound", start, flow, f"subnet {start.name}"))
    inside = None if question.endpoint == "public" else end
    routing = leg(network, Leg(start, flow.destination, inside, "forward"))
    egress = _egress(start) if question.endpoint == "public" else []
    hops = [Hop(question.at, (*gates, *routing, *egress))]
    if head:
        hops.append(Hop(head[0].by, tuple(head)))
    if any(d.result is Verdict.BLOCKED for d in routing):
        return tuple(hops)
    return (*hops, Hop(end.id, tuple(_arrival(network, question, flow, end))))


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


def _arrival(network: Network, question: Question, flow: Flow, end: Subnet) -> list[Decision]:
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
            arriving = Flow(PUBLIC, end.addresses, flow.ports)
        guard = gate(network, end.nsg_id, "Inbound", end, arriving, f"subnet {end.name}")
    return [guard, _ready(question.instance)]


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


def _reply(network: Network, question: Question, end: Subnet) -> Hop:
    """The way back: routing only, for security groups let replies of an allowed flow through.

    Source: "Network security groups", section "Security rules" (flow record).
    """
    if question.endpoint == "private":
        why = "Replies of a private endpoint are sent back by the platform."
        return Hop(end.id, (Decision("route", end.id, Verdict.REACHABLE, why, (Evidence(end.id, "/", end.name),)),))
    inside = None if question.endpoint == "public" else question.subnet
    wanted = PUBLIC if question.endpoint == "public" else question.addresses
    return Hop(end.id, tuple(leg(network, Leg(end, wanted, inside, "return"))))
