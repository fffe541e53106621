"""Faults of security rules that end a path, and the fault of connectivity that alone makes rules deny."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mi_workbook.checks import gateway_faults, peering_faults
from mi_workbook.checks.check import Explain, Found, Subject, plain
from mi_workbook.checks.mending import allow_rule
from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.finding import Change
from mi_workbook.core.ranges import Ranges, show_addresses, show_ports
from mi_workbook.core.trace import Cause, Decision, Hop, Trace
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.nsg import Nsg, Rule
from mi_workbook.network.resource_id import key, vnet_of
from mi_workbook.network.vnet import Peering
from mi_workbook.reach.path import traces

CONNECTING: dict[Cause, Explain] = {
    Cause.TRANSIT_NOT_USED: gateway_faults.transit_flag,
    Cause.TRANSIT_NOT_ALLOWED: gateway_faults.transit_flag,
    Cause.SITE_PREFIX_MISSING: gateway_faults.site_prefix,
    Cause.PEERING_MISSING: peering_faults.peering,
    Cause.PEERING_NOT_CONNECTED: peering_faults.peering,
    Cause.PEERING_NOT_SYNCED: peering_faults.peering,
    Cause.PEERING_SUBNET_SCOPE: peering_faults.scope,
}


def denied(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """A security group that denies required ports, or what makes it deny: the one rule that would let them on."""
    nsg = subject.network.nsg(decision.by)
    outbound = decision.toward == "Outbound"
    direction = "Outbound" if outbound else "Inbound"
    access = _access_flag(subject, outbound)
    if access is not None:
        return peering_faults.no_access(decision, access)
    deeper = _deeper(subject, hop, decision, outbound)
    if deeper is not None:
        return deeper
    at_appliance = any(d.kind == "appliance" for d in hop.decisions)
    fault = (
        "rt-nva-nsg"
        if at_appliance
        else "client-nsg-out"
        if outbound
        else _inbound_fault(subject, trace, nsg, decision)
    )
    flow = trace.flow
    ends = (_prefixes(show_addresses(flow.source)), _prefixes(show_addresses(flow.destination)))
    if subject.question.endpoint == "public":
        ends = (["Internet"], ["*"]) if not outbound else (["*"], ["Internet"])
    first = next((r for r in nsg.toward(direction) if r.name == decision.rule), None)
    ports = _denied_ports(subject, hop, decision)
    changes = allow_rule(nsg, direction, first.priority if first else 4097, ports, ends)
    values = {
        "ports": show_ports(ports),
        "rule": decision.rule,
        "source_prefix": ", ".join(ends[0]),
        "prefix": ", ".join(ends[1]),
    }
    if changes:
        values["priority"] = str(changes[0].value["properties"]["priority"])
    return replace(plain(fault, decision, **values), changes=changes)


def narrow(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Iterator[Found]:
    """Rules that let only part of the sources in, where the source is a range of addresses.

    Source: "Integrate your app with an Azure virtual network" (allow the entire range, not single addresses).
    """
    if decision.toward == "Inbound" and trace.flow.source.size > 1:
        yield replace(denied(subject, trace, hop, decision), fault="mi-nsg-narrow-source")


def _denied_ports(subject: Subject, hop: Hop, decision: Decision) -> Ranges:
    """All required ports that this group denies here, so that one rule mends them together."""
    denied = Ranges()
    for trace in subject.traces:
        for other in trace.hops:
            at = other.at == hop.at and trace.direction == "forward"
            if at and any(d.by == decision.by and d.cause is Cause.NSG_DENY for d in other.decisions):
                denied = denied | trace.flow.ports
    return denied


def _prefixes(shown: str) -> list[str]:
    return [text for text in shown.split(", ") if "-" not in text] or ["VirtualNetwork"]


def _inbound_fault(subject: Subject, trace: Trace, nsg: Nsg, decision: Decision) -> str:
    if subject.question.endpoint != "vnet-local":
        return "pe-nsg" if subject.question.endpoint == "private" else "mi-nsg-3342"
    if _shadowed(nsg, trace, decision):
        return "mi-nsg-shadowed"
    return "mi-nsg-redirect" if trace.flow.ports.spans[0][0] >= 11000 else "mi-nsg-1433"


def _shadowed(nsg: Nsg, trace: Trace, decision: Decision) -> bool:
    """True where an own allow rule for the same ports stands behind the deny."""
    rules = list(nsg.toward("Inbound"))
    at = next((i for i, rule in enumerate(rules) if rule.name == decision.rule), len(rules))
    return any(_allows(rule, trace) for rule in rules[at + 1 :])


def _allows(rule: Rule, trace: Trace) -> bool:
    named = {text for part in trace.flow.ports for text in (f"{part[0]}-{part[1]}", str(part[0]))}
    return not rule.is_default and rule.access.lower() == "allow" and bool(named & set(rule.ports))


def _access_flag(subject: Subject, outbound: bool) -> Peering | None:
    """The peering side whose allowVirtualNetworkAccess alone makes the rules deny; shown by asking again with it on."""
    network, question = subject.network, subject.question
    here, there = question.subnet.vnet_id, vnet_of(question.instance.subnet_id)
    owner, remote = (here, there) if outbound else (there, here)
    try:
        vnet = network.vnet(owner)
    except MissingEvidence:
        return None
    for peering in vnet.peerings:
        if key(peering.remote_id) == key(remote) and not peering.allow_vnet_access:
            return peering if _opens(subject, peering, outbound) else None
    return None


def _deeper(subject: Subject, hop: Hop, decision: Decision, outbound: bool) -> Found | None:
    """The fault of connectivity that alone makes the rules deny: what is not connected is not in VirtualNetwork either.

    Shown by asking again with that fault mended.
    """
    for trace in subject.traces:
        cut = next((d for d in trace.decisions if d.result is Verdict.BLOCKED and d.cause in CONNECTING), None)
        if cut is None or cut.cause is None:
            continue
        found = CONNECTING[cut.cause](subject, trace, hop, cut)
        if found.changes and _gate_opens(subject, found.changes, outbound):
            evidence = (*cut.evidence, *decision.evidence)
            return replace(found, evidence=evidence, decision=decision, values={**found.values, "detail": cut.why})
    return None


def _opens(subject: Subject, peering: Peering, outbound: bool) -> bool:
    reading = peering.reading
    return _gate_opens(subject, (Change(reading.document, reading.at("allowVirtualNetworkAccess"), True),), outbound)


def _gate_opens(subject: Subject, changes: tuple[Change, ...], outbound: bool) -> bool:
    """True if the rules at one end let the flow on once these changes are made."""
    network = subject.network.after(changes)
    ways = [trace for trace in traces(network, subject.question) if trace.direction == "forward"]
    toward = "Outbound" if outbound else "Inbound"
    gates = [d for trace in ways for d in trace.decisions if d.kind == "nsg" and d.toward in {toward, ""}]
    return bool(gates) and all(d.result is not Verdict.BLOCKED for d in gates)
