"""Security rules at both ends: admin rules and groups of the source, then those of the destination and the instance's state."""

from __future__ import annotations

from dataclasses import replace

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Gap
from mi_workbook.core.ranges import Ranges
from mi_workbook.core.trace import Decision, Flow
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.network import Network
from mi_workbook.network.resource_id import last
from mi_workbook.network.service_tags import PUBLIC
from mi_workbook.network.vnet import Subnet
from mi_workbook.reach.admin_rules import NONE, Ahead, ahead_of_groups
from mi_workbook.reach.endpoint import ready
from mi_workbook.reach.question import Question
from mi_workbook.reach.security import gate


def departure(network: Network, question: Question, flow: Flow) -> list[Decision]:
    """Rules that the packet meets where it starts: admin rules, the NIC's group, the subnet's group."""
    start, gates = question.subnet, []
    if question.nic_nsg:
        gates.append(gate(network, question.nic_nsg, "Outbound", start, flow, f"NIC {last(question.at)}"))
    gates.append(gate(network, start.nsg_id, "Outbound", start, flow, f"subnet {start.name}"))
    return _behind(ahead_of_groups(network, start, "Outbound", flow), gates)


def arrival(network: Network, question: Question, flow: Flow, end: Subnet, foreign: Ranges) -> list[Decision]:
    """Security rules of the destination's subnet, then the instance's own state.

    Security admin rules are not applied to private endpoints. Source: "Security admin rules in Azure Virtual Network Manager",
    note on private endpoints.
    """
    off = _policy_off(end) if question.endpoint == "private" else None
    if off is not None:
        return [off, ready(question.instance)]
    arriving = flow
    if question.endpoint == "public":
        known = question.origin.kind == "internet"
        arriving = Flow(question.addresses if known else PUBLIC, end.addresses, flow.ports)
    guard = gate(network, end.nsg_id, "Inbound", end, arriving, f"subnet {end.name}", foreign)
    if question.endpoint == "private" and _lists_ports(network, end):
        guard = replace(guard, notes=(*guard.notes, SEVERAL_PORTS))
    ahead = NONE if question.endpoint == "private" else ahead_of_groups(network, end, "Inbound", arriving)
    return [*_behind(ahead, [guard]), ready(question.instance)]


def _policy_off(end: Subnet) -> Decision | None:
    """What takes the place of the security group of a private endpoint's subnet; None where the group applies."""
    evidence = (end.reading.evidence("privateEndpointNetworkPolicies"),)
    try:
        policy = end.network_policy
    except MissingEvidence as missing:
        return Decision("nsg", end.id, Verdict.UNKNOWN, missing.gap.why, evidence, gap=missing.gap)
    if policy in {"enabled", "networksecuritygroupenabled"}:
        return None
    why = f"Network policy of subnet {end.name} is off, so its security group does not apply to private endpoints."
    return Decision("nsg", end.id, Verdict.REACHABLE, why, evidence)


SEVERAL_PORTS = (
    "A rule of the private endpoint's subnet has several port ranges. When network policies for private endpoints were new, only the "
    "first range of such a rule counted; whether that was lifted is not documented."
)


def _lists_ports(network: Network, end: Subnet) -> bool:
    try:
        rules = network.nsg(end.nsg_id).toward("Inbound") if end.nsg_id else ()
    except MissingEvidence:
        return False
    return any(len(rule.ports) > 1 for rule in rules)


def _behind(ahead: Ahead, gates: list[Decision]) -> list[Decision]:
    """Security groups behind admin rules: not asked where those deliver all of it; where they deliver a part, a denial is
    one of the rest only.
    """
    if ahead.skips:
        return list(ahead.decisions)
    if ahead.part:
        gates = [_of_the_rest(one) if one.result is Verdict.BLOCKED else one for one in gates]
    return [*ahead.decisions, *gates]


def _of_the_rest(decision: Decision) -> Decision:
    why = f"{decision.why} A security admin rule delivers part of it without asking."
    gap = Gap("The exact addresses in use", why, "nslookup of the server name from the client; ipconfig on the client.")
    return replace(decision, result=Verdict.UNKNOWN, why=why, gap=gap)
