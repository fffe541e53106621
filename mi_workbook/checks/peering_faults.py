"""Faults of VNet peerings that end a path: missing, one-sided, out of sync, of other subnets, switched off, too old an instance."""

from __future__ import annotations

from dataclasses import replace

from mi_workbook.checks.check import Found, Subject, plain
from mi_workbook.checks.mending import connected, in_sync
from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.finding import Change
from mi_workbook.core.trace import Cause, Decision, Hop, Trace
from mi_workbook.network.network import Network
from mi_workbook.network.resource_id import key, last, segment, vnet_of
from mi_workbook.network.vnet import Peering, Vnet


def not_forwarded(decision: Decision) -> Found:
    """Packets that an appliance or a gateway passed on come over a peering without allowForwardedTraffic."""
    evidence = decision.evidence[0]
    change = Change(evidence.document, evidence.pointer, True)
    values = {"peering": last(decision.by), "vnet": segment(decision.by, "virtualNetworks"),
              "group": segment(decision.by, "resourceGroups")}  # fmt: skip
    return Found("peer-forwarded", decision.by, decision.evidence, values, (change,), decision)


def no_access(decision: Decision, peering: Peering) -> Found:
    """A peering with allowVirtualNetworkAccess off, which alone makes the security rules deny."""
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


def peering(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """A peering that is missing, one-sided, disconnected or out of sync between the two VNets of the question."""
    network = subject.network
    one = network.vnet(subject.question.subnet.vnet_id)
    try:
        other = network.vnet(vnet_of(subject.question.instance.subnet_id))
    except MissingEvidence:
        return plain("peer-missing", decision)
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


def scope(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """A subnet peering whose lists leave out one of the two subnets."""
    changes: list[Change] = []
    question = subject.question
    names = {key(question.subnet.vnet_id): question.subnet.name,
             key(vnet_of(question.instance.subnet_id)): last(question.instance.subnet_id)}  # fmt: skip
    for own in names:
        for side in subject.network.vnet(own).peerings:
            if key(side.remote_id) in names and not side.complete_vnets:
                changes += _scoped(subject.network, side, names[own], names[key(side.remote_id)])
    return replace(plain("peer-subnet-scope", decision), changes=tuple(changes))


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


def old_subnet(subject: Subject, trace: Trace, hop: Hop, decision: Decision) -> Found:
    """A maintenance window moves the instance to new infrastructure. Source: SQL Managed Instance FAQ, global peering."""
    instance = subject.question.instance
    subscription = segment(instance.id, "subscriptions")
    window = (f"/subscriptions/{subscription}/providers/Microsoft.Maintenance/publicMaintenanceConfigurations/"
              f"SQL_{instance.location or '<region>'}_MI_1")  # fmt: skip
    change = Change(instance.id, instance.reading.at("maintenanceConfigurationId"), window)
    values = {"expected": window, "actual": instance.created, "group": segment(instance.id, "resourceGroups"),
              "mi": instance.name}  # fmt: skip
    return replace(plain("peer-global-old-mi", decision, **values), changes=(change,))
