"""Whether the DNS servers of a network can be reached from the source: an ordinary path on port 53.

Source: "Name resolution for resources in Azure virtual networks", section "Name resolution that uses your own DNS server".
"""

from __future__ import annotations

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Evidence
from mi_workbook.core.ranges import Ranges, prefix
from mi_workbook.core.trace import Cause, Decision, Flow
from mi_workbook.core.verdict import Verdict, along
from mi_workbook.network import keys
from mi_workbook.network.network import VNETS, Network
from mi_workbook.network.nsg import Rule
from mi_workbook.network.resource_id import key, last
from mi_workbook.network.vnet import Subnet
from mi_workbook.reach.forwarding import follow
from mi_workbook.reach.leg import Leg
from mi_workbook.reach.question import Question
from mi_workbook.reach.security import gate

DNS = Ranges(((53, 53),))


def none_answers(network: Network, question: Question, servers: tuple[str, ...]) -> Decision | None:
    """A block where no DNS server can be reached; None where one may be, or a server is outside of the evidence."""
    stops = [_stop(network, question, server) for server in servers]
    if not stops or any(stop is None for stop in stops):
        return None
    found = [stop for stop in stops if stop is not None]
    vnet = network.vnet(question.subnet.vnet_id)
    why = f"No DNS server of {vnet.name} ({', '.join(servers)}) can be asked on port 53. {found[0].why}"
    evidence = (Evidence(vnet.id, vnet.reading.at("dhcpOptions"), {"dnsServers": list(servers)}), *found[0].evidence)
    return Decision("name", found[0].by, Verdict.BLOCKED, why, evidence, Cause.DNS_UNREACHABLE, rule=found[0].rule)


def platform_shut(network: Network, question: Question) -> Decision | None:
    """A deny for the tag AzurePlatformDNS at the source: the one kind of rule that reaches the platform's own DNS.

    Source: "Network security groups", section "Azure platform considerations".
    """
    for nsg_id in (question.nic_nsg, question.subnet.nsg_id):
        try:
            rules = network.nsg(nsg_id).toward("Outbound") if nsg_id else ()
        except MissingEvidence:
            continue
        first = next((rule for rule in rules if _names_the_tag(rule)), None)
        if first is not None and first.access.lower() == "deny":
            why = f"Rule {first.name} (priority {first.priority}) of {last(nsg_id)} denies AzurePlatformDNS, so no name resolves."
            evidence = (Evidence(first.reading.document, first.reading.pointer, first.name),)
            return Decision("name", nsg_id, Verdict.BLOCKED, why, evidence, Cause.DNS_UNREACHABLE, rule=first.name)
    return None


def _names_the_tag(rule: Rule) -> bool:
    return any(text.lower() == "azureplatformdns" for text in rule.destinations) and rule.protocol.lower() in {
        "*",
        "udp",
        "any",
    }


def _stop(network: Network, question: Question, server: str) -> Decision | None:
    """What blocks the way to one server or back, None where nothing surely does."""
    try:
        address = prefix(server)
        end = _home(network, question.subnet, address)
        if end is None or address.size != 1:
            return None
        stops = [_over(network, question, end, address, protocol) for protocol in ("Udp", "Tcp")]
    except (MissingEvidence, ValueError):
        return None
    return stops[0] if all(stops) else None


def _over(network: Network, question: Question, end: Subnet, address: Ranges, protocol: str) -> Decision | None:
    """What surely blocks one protocol on the way to a server or back; a client may fall back to the other."""
    flow = Flow(question.addresses, address, DNS, protocol)
    back = Leg(end, question.addresses, question.subnet, "return", Flow(address, question.addresses, DNS, protocol))
    decisions = _there(network, question, end, flow)
    decisions += [decision for hop in follow(network, back) for decision in hop.decisions]
    if along(d.result for d in decisions) is not Verdict.BLOCKED:
        return None
    return next(d for d in decisions if d.result is Verdict.BLOCKED)


def _home(network: Network, start: Subnet, address: Ranges) -> Subnet | None:
    """The subnet that holds an address as it is seen from another: in the own VNet or in a peer; None where it is elsewhere."""
    first = address.spans[0][0] if address else 0
    own = network.vnet(start.vnet_id)
    near = {key(own.id), *(key(peering.remote_id) for peering in own.peerings)}
    for raw in network.snapshot.having(VNETS, "block", keys.vnet_blocks, str(first >> keys.BLOCK)):
        for subnet in network.vnet(str(raw.get("id", ""))).subnets:
            if key(subnet.vnet_id) in near and subnet.addresses.covers(address):
                return subnet
    return None


def _there(network: Network, question: Question, end: Subnet, flow: Flow) -> list[Decision]:
    start = question.subnet
    decisions = []
    if question.nic_nsg:
        decisions.append(gate(network, question.nic_nsg, "Outbound", start, flow, f"NIC {last(question.at)}"))
    decisions.append(gate(network, start.nsg_id, "Outbound", start, flow, f"subnet {start.name}"))
    leg = Leg(start, flow.destination, end, "forward", flow)
    decisions += [d for hop in follow(network, leg) for d in hop.decisions]
    decisions.append(gate(network, end.nsg_id, "Inbound", end, flow, f"subnet {end.name}"))
    for nic in network.holders(flow.destination.spans[0][0]):
        if nic.nsg_id:
            decisions.append(gate(network, nic.nsg_id, "Inbound", end, flow, f"NIC {nic.name}"))
    return decisions
