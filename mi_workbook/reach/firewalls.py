"""What an Azure Firewall does with a flow, and with replies: it knows only connections that it saw begin.

Source: "Azure Firewall rule processing logic" (network rules, then application rules, then denied); "Integrate Azure Firewall
with Azure Standard Load Balancer", section "Asymmetric routing" (replies of a connection it did not see are dropped).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.ranges import EVERY_ADDRESS, NOTHING, Ranges, ports, show_addresses, show_ports, show_some
from mi_workbook.core.trace import Cause, Decision, Flow, Hop, Trace
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.firewall import FirewallRule, FirewallRules, firewall_rules, group_members
from mi_workbook.network.network import Network
from mi_workbook.network.reading import Reading
from mi_workbook.network.service_tags import PRIVATE, TagMeaning, meaning
from mi_workbook.reach.rule_sets import Judged, Layer, judge

UNREAD = TagMeaning(NOTHING, EVERY_ADDRESS)
EVERY_PORT = Ranges(((0, 65535),))
SHOWN = 3


def through_firewall(network: Network, firewall: Reading, flow: Flow) -> Decision:
    """What its rules decide for a flow on its way there. Raises MissingEvidence where they were not collected."""
    rules = firewall_rules(network.snapshot, firewall)
    turned = meaning_of(rules.translated)
    if rules.translated and turned.perhaps.meets(flow.destination):
        return _unknown(firewall, "A DNAT rule may turn the destination into another address.")
    layers = [_layer(network, rule, flow.protocol) for rule in rules.network]
    layers.append(Layer(False, False, (EVERY_ADDRESS, EVERY_ADDRESS), (EVERY_ADDRESS, EVERY_ADDRESS), flow.ports, True))
    judged = judge(layers, flow.source, flow.destination, flow.ports)
    if judged.all_allowed:
        return _allowed(firewall, rules, flow, judged)
    if judged.each_pair_denied:
        return _denied(firewall, rules, flow, judged)
    names = ", ".join(_name(rules, position) for position, _ in judged.takers(SHOWN))
    where = show_some(judged.denied_sources()) if judged.any_denied else show_some(flow.source)
    return _unknown(firewall, f"Whether all of it passes cannot be told: {names} decide for parts of it ({where}).")


def _layer(network: Network, rule: FirewallRule, protocol: str) -> Layer:
    """A rule as a box. A protocol, port or name that cannot be told only perhaps matches."""
    source = _side(network, rule.sources, rule.source_groups)
    target = _side(network, rule.destinations, rule.destination_groups)
    source = source if rule.sources or rule.source_groups else UNREAD
    target = target if rule.destinations or rule.destination_groups else UNREAD
    if rule.fqdns:
        target = TagMeaning(target.surely if rule.destinations else NOTHING, EVERY_ADDRESS)
    found, readable = _ports(rule.ports)
    mine = {protocol.lower(), "any"} & set(rule.protocols)
    others = set(rule.protocols) <= {"tcp", "udp", "icmp"} and bool(rule.protocols)
    if not mine and others:
        found = NOTHING
    return Layer(
        allows=rule.allows is True,
        perhaps_allows=rule.allows is None,
        sources=(source.surely, source.perhaps),
        destinations=(target.surely, target.perhaps),
        ports=found,
        sure=readable and bool(mine) and rule.allows is not None,
    )


def _side(network: Network, texts: tuple[str, ...], groups: tuple[str, ...]) -> TagMeaning:
    return meaning_of((*texts, *group_members(network.snapshot, groups)))


def meaning_of(texts: tuple[str, ...]) -> TagMeaning:
    """Addresses of a firewall's list of prefixes, ranges, tags and "*"; what is not known is perhaps any address."""
    surely, perhaps = NOTHING, NOTHING
    for text in texts:
        found = meaning(text) or TagMeaning(NOTHING, EVERY_ADDRESS)
        surely, perhaps = surely | found.surely, perhaps | found.perhaps
    return TagMeaning(surely, perhaps)


def _ports(texts: tuple[str, ...]) -> tuple[Ranges, bool]:
    spans: list[tuple[int, int]] = []
    for text in texts:
        try:
            spans += ports(text)
        except ValueError:
            return EVERY_PORT, False
    return (Ranges.of(spans), True) if texts else (EVERY_PORT, False)


def _name(rules: FirewallRules, position: int) -> str:
    if position >= len(rules.network):
        return "no rule matches, and what no rule matches is denied"
    rule = rules.network[position]
    return f"rule {rule.name} of collection {rule.collection}"


def _evidence(firewall: Reading, rules: FirewallRules, positions: list[int]) -> tuple[Evidence, ...]:
    """The rules that decide, and for the default everything it was read from."""
    found = [rules.network[n].reading.whole() for n in positions if n < len(rules.network)]
    if len(found) < len(positions):
        found += [holder.whole() for holder in rules.held_in if holder.document != firewall.document]
    return (*found, firewall.whole())


def _allowed(firewall: Reading, rules: FirewallRules, flow: Flow, judged: Judged) -> Decision:
    """Allowed; where it also translates the source address, replies come back to the firewall."""
    positions = [position for position, _ in judged.takers(SHOWN)]
    kept = _keeps_source(rules)
    why = f"Firewall {firewall.name} allows it: {', '.join(_name(rules, n) for n in positions)}."
    evidence = _evidence(firewall, rules, positions)
    if not kept.surely.covers(flow.destination):
        return _unknown(
            firewall, f"{why} It may translate the source address on the way to {show_addresses(flow.destination)}."
        )
    return Decision("appliance", firewall.document, Verdict.REACHABLE, why, evidence)


def _keeps_source(rules: FirewallRules) -> TagMeaning:
    known = tuple(text for text in rules.not_translated if text.lower() != "ianaprivateranges")
    given = meaning_of(known)
    if len(known) == len(rules.not_translated):
        return given
    return TagMeaning(given.surely | PRIVATE, given.perhaps | PRIVATE)


def _denied(firewall: Reading, rules: FirewallRules, flow: Flow, judged: Judged) -> Decision:
    deniers = judged.deniers(SHOWN)
    positions = [position for position, _ in deniers]
    names = ", ".join(_name(rules, n) for n in positions)
    why = f"Firewall {firewall.name} denies TCP {show_ports(judged.denied_ports())}: {names}."
    if positions[-1] >= len(rules.network) and rules.sql_rules:
        sql = ", ".join(rules.sql_rules[:SHOWN])
        return _unknown(firewall, f"{why} But application rules for SQL ({sql}) are asked before the default, by name.")
    return Decision("appliance", firewall.document, Verdict.BLOCKED, why, _evidence(firewall, rules, positions),
                    Cause.FIREWALL_DENY)  # fmt: skip


def _unknown(firewall: Reading, why: str) -> Decision:
    gap = Gap(
        f"What firewall {firewall.name} does with this traffic",
        why,
        f"The network rule log of {firewall.name} (AZFWNetworkRule, AZFWApplicationRule) for the client's address and port.",
    )
    return Decision("appliance", firewall.document, Verdict.UNKNOWN, why, (firewall.whole(),), gap=gap)


def on_the_way_back(firewall: Reading, evidence: tuple[Evidence, ...]) -> Decision:
    """A reply at a firewall, before it is known whether the firewall saw the connection begin."""
    decision = _unknown(firewall, f"Whether firewall {firewall.name} knows the connection depends on the way there.")
    return replace(decision, evidence=(*evidence, *decision.evidence))


def remembered(forward: Trace, reply: Trace) -> tuple[Trace, Trace]:
    """Both traces with the firewalls' memory: replies pass where the way there did, and are dropped where it surely did not."""
    seen = {d.by for d in _at_firewalls(forward)}
    open_there = all(d.result is Verdict.REACHABLE for d in forward.decisions)
    back = {d.by for d in _at_firewalls(reply)}
    hops = tuple(Hop(hop.at, tuple(_remember(d, seen, open_there) for d in hop.decisions)) for hop in reply.hops)
    missed = sorted(seen - back)
    if missed and hops:
        hops = (*hops, Hop(hops[-1].at, tuple(_half(by) for by in missed)))
    return forward, replace(reply, hops=hops)


def _at_firewalls(trace: Trace) -> Iterator[Decision]:
    return (decision for decision in trace.decisions if _at_firewall(decision))


def _at_firewall(decision: Decision) -> bool:
    return decision.kind == "appliance" and "/azurefirewalls/" in decision.by.lower()


def _remember(decision: Decision, seen: set[str], open_there: bool) -> Decision:
    if not _at_firewall(decision):
        return decision
    if decision.by in seen:
        why = "The firewall knows the connection: the way there led through it as well."
        return replace(decision, result=Verdict.REACHABLE, why=why, gap=None)
    if open_there:
        why = "The reply passes a firewall that the way there did not; a stateful firewall drops replies it does not know."
        return replace(decision, result=Verdict.BLOCKED, why=why, gap=None, cause=Cause.ASYMMETRIC)
    return decision


def _half(by: str) -> Decision:
    name = by.rsplit("/", 1)[-1]
    why = f"The way there passes firewall {name}, the way back does not: the firewall sees half of the connection."
    gap = Gap(f"What firewall {name} does with half of a connection", why,
              f"Test-NetConnection from the source; or a route back through {name}.")  # fmt: skip
    return Decision("appliance", by, Verdict.UNKNOWN, why, gap=gap)
