"""Faults that end a path: each Cause of a trace is given its fault, its words' values and what would mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from mi_workbook.checks import firewall_faults, gateway_faults, name_faults
from mi_workbook.checks.app_faults import APP_CAUSES
from mi_workbook.checks.check import Found, Subject
from mi_workbook.checks.mending import allow_rule, connected, in_sync, without_route
from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.finding import Change
from mi_workbook.core.ranges import Ranges, show_addresses, show_ports
from mi_workbook.core.trace import Cause, Decision, Hop, Trace
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.instance import PrivateEndpoint
from mi_workbook.network.network import Network
from mi_workbook.network.nsg import Nsg, Rule
from mi_workbook.network.resource_id import key, last, segment, vnet_of
from mi_workbook.network.vnet import Peering, Vnet
from mi_workbook.reach.names import endpoint_of
from mi_workbook.reach.path import traces
from mi_workbook.reach.peering import FORWARDED

QUESTION = "question"
CONNECTING = frozenset(
    {
        Cause.TRANSIT_NOT_USED,
        Cause.TRANSIT_NOT_ALLOWED,
        Cause.SITE_PREFIX_MISSING,
        Cause.PEERING_MISSING,
        Cause.PEERING_NOT_CONNECTED,
        Cause.PEERING_NOT_SYNCED,
        Cause.PEERING_SUBNET_SCOPE,
    }
)


def blockers(subject: Subject) -> Iterator[Found]:
    """A finding for each decision that stops or may stop the packet, in its order, forward before return."""
    for trace in subject.traces:
        for hop in trace.hops:
            for decision in hop.decisions:
                if decision.result is Verdict.BLOCKED and decision.cause is not None:
                    found = EXPLAIN[decision.cause](subject, trace, hop, decision)
                    yield (decision.kind != "name" and name_faults.unused_endpoint(subject, found)) or found
                elif decision.rule == FORWARDED:
                    yield _not_forwarded(decision)
                elif decision.result is Verdict.UNKNOWN and decision.cause is Cause.NSG_DENY:
                    yield from _narrow(subject, trace, hop, decision)
                elif decision.result is Verdict.UNKNOWN and decision.cause is not None:
                    yield replace(EXPLAIN[decision.cause](subject, trace, hop, decision), severity="degrades")
                elif decision.result is Verdict.UNKNOWN and decision.kind == "appliance":
                    fault = "rt-client-nva" if trace.direction == "forward" else "rt-mi-return-nva"
                    found = _plain(fault, decision, **_table_of(decision))
                    yield replace(found, severity="risk", changes=_drop_route(subject, trace, decision))


def _plain(fault: str, decision: Decision, **values: str) -> Found:
    return Found(fault, decision.by, decision.evidence, values, decision=decision)


def _table_of(decision: Decision) -> dict[str, str]:
    """The route table that leads to an appliance, for the command: the finding itself is at the appliance."""
    at = next((e.document for e in decision.evidence if segment(e.document, "routeTables")), "")
    return {"rt": last(at), "group": segment(at, "resourceGroups"), "route": decision.rule} if at else {}


def _name(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    name, instance = subject.question.name, subject.question.instance
    public = name is not None and endpoint_of(name) == "public"
    expected = f"{instance.public_fqdn},3342" if public else instance.fqdn
    fault = {
        Cause.NAME_WRONG: "name-typo",
        Cause.NAME_IS_ADDRESS: "ip-used",
        Cause.NAME_HAS_INSTANCE: "name-instance",
        Cause.NAME_IS_PRIVATELINK: "privatelink-name-in-string",
        Cause.NAME_NO_ZONE: "fqdn-no-zone",
        Cause.PORT_WRONG: "port-wrong-1433-public" if public else "port-wrong-3342-private",
    }[decision.cause or Cause.NAME_WRONG]
    found = _plain(
        fault, decision, expected=expected, actual=name.typed if name else "", ports="3342" if public else "1433"
    )
    changes = (Change(QUESTION, "/server", expected),)
    return replace(found, resource=instance.id, changes=changes)


def _nsg(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    nsg = subject.network.nsg(decision.by)
    outbound = decision.toward == "Outbound"
    direction = "Outbound" if outbound else "Inbound"
    access = _access_flag(subject, outbound)
    if access is not None:
        return _no_access(decision, access)
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
    return replace(_plain(fault, decision, **values), changes=changes)


def _not_forwarded(decision: Decision) -> Found:
    evidence = decision.evidence[0]
    change = Change(evidence.document, evidence.pointer, True)
    values = {"peering": last(decision.by), "vnet": segment(decision.by, "virtualNetworks"),
              "group": segment(decision.by, "resourceGroups")}  # fmt: skip
    return Found("peer-forwarded", decision.by, decision.evidence, values, (change,), decision)


def _narrow(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Iterator[Found]:
    """Rules that let only part of the sources in, where the source is a range of addresses.

    Source: "Integrate your app with an Azure virtual network" (allow the entire range, not single addresses).
    """
    if decision.toward == "Inbound" and trace.flow.source.size > 1:
        yield replace(_nsg(subject, trace, hop, decision), fault="mi-nsg-narrow-source")


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
        if cut is None:
            continue
        found = EXPLAIN[cut.cause or Cause.PEERING_MISSING](subject, trace, hop, cut)
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


def _no_access(decision: Decision, peering: Peering) -> Found:
    reading = peering.reading
    evidence = (reading.evidence("allowVirtualNetworkAccess"), *decision.evidence)
    change = Change(reading.document, reading.at("allowVirtualNetworkAccess"), True)
    return Found("peer-no-access", peering.id, evidence, _peering_values(peering), (change,), decision)


def _peering_values(peering: Peering) -> dict[str, str]:
    return {
        "peering": peering.name,
        "vnet": last(peering.vnet_id),
        "remote_id": peering.remote_id,
        "remote_vnet": last(peering.remote_id),
        "remote_group": segment(peering.remote_id, "resourceGroups"),
        "actual": peering.state,
    }


def _peering(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """A peering that is missing, one-sided, disconnected or out of sync between the two VNets of the question."""
    network = subject.network
    one = network.vnet(subject.question.subnet.vnet_id)
    try:
        other = network.vnet(vnet_of(subject.question.instance.subnet_id))
    except MissingEvidence:
        return _plain("peer-missing", decision)
    sides = [p for v, r in ((one, other), (other, one)) for p in v.peerings if key(p.remote_id) == key(r.id)]
    values = _vnet_values(one, other, sides)
    if decision.cause is Cause.PEERING_NOT_SYNCED:
        changes = _synced(sides, one, other)
        fault = "peer-not-synced"
    else:
        changes = connected(network, one, other)
        fault = _missing_fault(network, one, other, sides)
    return Found(fault, decision.by, decision.evidence, values, changes, decision)


def _synced(sides: list[Peering], one: Vnet, other: Vnet) -> tuple[Change, ...]:
    found: list[Change] = []
    for side in sides:
        remote = other if key(side.remote_id) == key(other.id) else one
        if not side.remote.covers(remote.addresses):
            found += in_sync(side, remote)
    return tuple(found)


def _vnet_values(one: Vnet, other: Vnet, sides: list[Peering]) -> dict[str, str]:
    here = next((p for p in sides if key(p.vnet_id) == key(one.id)), None)
    there = next((p for p in sides if key(p.vnet_id) == key(other.id)), None)
    return {
        "vnet": one.name,
        "group": segment(one.id, "resourceGroups"),
        "subscription": segment(one.id, "subscriptions"),
        "remote_vnet": other.name,
        "remote_group": segment(other.id, "resourceGroups"),
        "remote_id": other.id,
        "peering": here.name if here else f"to-{other.name}",
        "remote_peering": there.name if there else f"to-{one.name}",
        "actual": ", ".join(f"{p.name}: {p.state}" for p in sides) or "none",
        "expected": "Connected on both sides",
    }


def _missing_fault(network: Network, one: Vnet, other: Vnet, sides: list[Peering]) -> str:
    if any(p.state.lower() == "disconnected" for p in sides):
        return "peer-disconnected"
    if sides:
        return "peer-missing"
    middle = {key(p.remote_id) for p in one.peerings} & {key(p.remote_id) for p in other.peerings}
    return "peer-not-transitive" if middle else "peer-missing"


def _scope(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    changes: list[Change] = []
    question = subject.question
    names = {key(question.subnet.vnet_id): question.subnet.name,
             key(vnet_of(question.instance.subnet_id)): last(question.instance.subnet_id)}  # fmt: skip
    for own in names:
        for side in subject.network.vnet(own).peerings:
            if key(side.remote_id) in names and not side.complete_vnets:
                changes += _scoped(subject.network, side, names[own], names[key(side.remote_id)])
    return replace(_plain("peer-subnet-scope", decision), changes=tuple(changes))


def _scoped(network: Network, side: Peering, local: str, remote: str) -> list[Change]:
    """The lists of a subnet peering with both subnets in them, and the prefixes they add."""
    reading, changes = side.reading, []
    for member, listed, name in (("localSubnetNames", side.local_subnet_names, local),
                                 ("remoteSubnetNames", side.remote_subnet_names, remote)):  # fmt: skip
        if listed and name.lower() not in {n.lower() for n in listed}:
            changes.append(Change(reading.document, reading.at(member), [*listed, name]))
    subnet = next(s for s in network.vnet(side.remote_id).subnets if s.name == remote)
    if not side.remote.covers(subnet.addresses):
        space = {"addressPrefixes": [*side.remote_prefixes, *subnet.prefixes]}
        changes.append(Change(reading.document, reading.at("remoteAddressSpace"), space))
    return changes


def _drop_route(subject: Subject, trace: Trace, decision: Decision) -> tuple[Change, ...]:
    subnet = subject.question.subnet
    if trace.direction == "return":
        subnet = subject.network.subnet(subject.question.instance.subnet_id)
    if not subnet.route_table_id or not decision.rule:
        return ()
    return without_route(subject.network.route_table(subnet.route_table_id), decision.rule)


def _route(fault: str) -> Callable[[Subject, Trace, Hop, Decision], Found]:
    def explain(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
        subnet_id = subject.question.subnet.id if trace.direction == "forward" else subject.question.instance.subnet_id
        table = subject.network.subnet(subnet_id).route_table_id or subnet_id
        changes = _drop_route(subject, trace, decision)
        return replace(_plain(fault, decision, route=decision.rule), resource=table, changes=changes)

    return explain


def _switch(fault: str, member: str, value: object) -> Callable[[Subject, Trace, Hop, Decision], Found]:
    """A fault that one member of the deciding resource mends."""

    def explain(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
        pointer = decision.evidence[0].pointer if decision.evidence else f"/properties/{member}"
        document = decision.evidence[0].document if decision.evidence else decision.by
        return replace(_plain(fault, decision), changes=(Change(document, pointer, value),))

    return explain


def _instance(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    state = subject.question.instance.state
    fault = "mi-stopped" if state.lower() in {"stopped", "stopping", "starting"} else "mi-not-ready"
    reading = subject.question.instance.reading
    changes = (Change(reading.document, reading.at("state"), "Ready"),) if fault == "mi-stopped" else ()
    return replace(_plain(fault, decision, actual=state, expected="Ready"), changes=changes)


def _approval(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    endpoint = subject.network.private_endpoint(decision.by)
    pending = endpoint.status.lower() == "pending"
    found = _plain("pe-pending" if pending else "pe-rejected", decision, actual=endpoint.status, expected="Approved")
    return replace(found, changes=_approved(endpoint)) if pending else found


def _approved(endpoint: PrivateEndpoint) -> tuple[Change, ...]:
    links = (*endpoint.reading.children("privateLinkServiceConnections"),
             *endpoint.reading.children("manualPrivateLinkServiceConnections"))  # fmt: skip
    pointers = [f"{link.at('privateLinkServiceConnectionState')}/status" for link in links]
    return tuple(Change(endpoint.id, pointer, "Approved") for pointer in pointers)


def _old_subnet(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """A maintenance window moves the instance to new infrastructure. Source: SQL Managed Instance FAQ, global peering."""
    instance = subject.question.instance
    subscription = segment(instance.id, "subscriptions")
    window = (f"/subscriptions/{subscription}/providers/Microsoft.Maintenance/publicMaintenanceConfigurations/"
              f"SQL_{instance.location or '<region>'}_MI_1")  # fmt: skip
    change = Change(instance.id, instance.reading.at("maintenanceConfigurationId"), window)
    values = {"expected": window, "actual": instance.created, "group": segment(instance.id, "resourceGroups"),
              "mi": instance.name}  # fmt: skip
    return replace(_plain("peer-global-old-mi", decision, **values), changes=(change,))


def _only(fault: str) -> Callable[[Subject, Trace, Hop, Decision], Found]:
    return lambda subject, trace, hop, decision: _plain(fault, decision)


EXPLAIN: dict[Cause, Callable[[Subject, Trace, Hop, Decision], Found]] = {
    Cause.NAME_WRONG: _name,
    Cause.NAME_IS_ADDRESS: _name,
    Cause.NAME_HAS_INSTANCE: _name,
    Cause.NAME_IS_PRIVATELINK: _name,
    Cause.NAME_NO_ZONE: _name,
    Cause.PORT_WRONG: _name,
    Cause.NSG_DENY: _nsg,
    Cause.ADMIN_RULE_DENY: _only("admin-rule-denies"),
    Cause.ROUTE_NONE: _route("rt-none"),
    Cause.ROUTE_INTERNET_PRIVATE_DST: _route("rt-internet-private"),
    Cause.PEERING_MISSING: _peering,
    Cause.PEERING_NOT_CONNECTED: _peering,
    Cause.PEERING_NOT_SYNCED: _peering,
    Cause.PEERING_SUBNET_SCOPE: _scope,
    Cause.PEERING_ROUTES_DISABLED: _switch("rt-disable-peering", "disablePeeringRoute", "None"),
    Cause.PEERING_GLOBAL_OLD_SUBNET: _old_subnet,
    Cause.ADDRESS_OVERLAP: _only("rt-overlap"),
    Cause.NVA_NOT_FORWARDING: _switch("rt-nva-not-forwarding", "enableIPForwarding", True),
    Cause.NVA_UNREACHABLE: _route("rt-nva-unreachable"),
    Cause.PE_NOT_APPROVED: _approval,
    Cause.PUBLIC_ENDPOINT_OFF: _switch("pub-disabled", "publicDataEndpointEnabled", True),
    Cause.INSTANCE_NOT_READY: _instance,
    Cause.SOURCE_IN_INSTANCE_SUBNET: _only("client-in-mi-subnet"),
    Cause.NVA_LOOP: _only("rt-nva-loop"),
    Cause.FIREWALL_DENY: firewall_faults.denied,
    Cause.ASYMMETRIC: _route("rt-mi-return-nva"),
    Cause.UDR_TO_EXPRESSROUTE: gateway_faults.gateway_route,
    Cause.NO_GATEWAY: gateway_faults.gateway_route,
    Cause.NO_GATEWAY_ROUTE: gateway_faults.propagation,
    Cause.GATEWAY_ROUTE_HIJACK: gateway_faults.hijack,
    Cause.GATEWAY_NOT_READY: _switch("gw-down", "provisioningState", "Succeeded"),
    Cause.OWN_GATEWAY: gateway_faults.own_gateway,
    Cause.TRANSIT_NOT_USED: gateway_faults.transit_flag,
    Cause.TRANSIT_NOT_ALLOWED: gateway_faults.transit_flag,
    Cause.SITE_PREFIX_MISSING: gateway_faults.site_prefix,
    Cause.TUNNEL_DOWN: gateway_faults.tunnel_down,
    Cause.TRAFFIC_SELECTOR_MISS: gateway_faults.selectors,
    Cause.CLIENTS_OFF: gateway_faults.clients_off,
    Cause.CLIENT_ROUTE_MISSING: gateway_faults.client_route,
    Cause.CLIENT_NEEDS_BGP: _only("p2s-v2v-needs-bgp"),
    Cause.CLIENT_NOT_CONNECTED: _only("p2s-not-connected"),
    Cause.CLIENT_OTHER_INTERFACE: _only("p2s-wrong-interface"),
    Cause.CLIENT_PACKAGE_STALE: _only("p2s-package-stale"),
    Cause.OUTSIDE_PRIVATE_NAME: gateway_faults.outside_name,
    Cause.REPLY_NOT_TO_INTERNET: gateway_faults.reply_elsewhere,
    Cause.RECORD_MISSING: name_faults.record,
    Cause.RECORD_STALE: name_faults.record,
    Cause.DNS_UNREACHABLE: _only("dns-client-down"),
    **APP_CAUSES,
}
