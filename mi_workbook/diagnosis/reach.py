"""Who can reach an instance, who cannot, grouped by cause."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.core.evidence import Gap
from mi_workbook.core.finding import Place
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import named_server
from mi_workbook.diagnosis.looking import Look, explaining, look
from mi_workbook.diagnosis.places import find_target
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.instance import ManagedInstance
from mi_workbook.network.network import GATEWAYS, LOCAL_NETWORKS, NICS, SLOTS, VNETS, WEB_APPS, Network
from mi_workbook.network.resource_id import key, last
from mi_workbook.reach.path import stop

# Subnets that hold no application: Azure's own, by their reserved names.
RESERVED = frozenset(
    {
        "gatewaysubnet",
        "azurefirewallsubnet",
        "azurefirewallmanagementsubnet",
        "azurebastionsubnet",
        "routeserversubnet",
    }
)


@dataclass(frozen=True, slots=True)
class Group:
    """Sources with one answer. fault: what explains a block, "" otherwise; says: the cause in words of one of them."""

    verdict: Verdict
    fault: str
    resource: str
    says: str
    sources: tuple[Place, ...]
    gap: Gap | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """The answer for an instance: groups, the reachable one first, larger ones before smaller ones."""

    target: ManagedInstance
    groups: tuple[Group, ...]


def reach(snapshot: Snapshot, target: str, endpoint: str = "auto") -> Reach:
    """Every source in the evidence asked the same question.

    Sources are VMs (by their NICs), subnets without a VM, web apps, point-to-site gateways and sites. Raises InputError where the
    target does not fit the evidence, MissingEvidence where no instance was collected.
    """
    network, target = Network(snapshot), named_server(target)
    instance, _ = find_target(network, target)
    found: dict[tuple[str, ...], list[Look]] = {}
    for source in sources(network, instance):
        seen = look(network, source, target, endpoint, checked=False)
        found.setdefault(_likeness(seen), []).append(seen)
    groups = [_group(looks, target, endpoint) for looks in found.values()]
    order = {Verdict.REACHABLE: 0, Verdict.BLOCKED: 1, Verdict.UNKNOWN: 2}
    return Reach(instance, tuple(sorted(_joined(groups), key=lambda g: (order[g.verdict], -len(g.sources), g.fault))))


def sources(network: Network, instance: ManagedInstance) -> Iterator[str]:
    """Ids of everything that may ask: VMs' NICs, subnets without one, web apps and slots, gateways with clients, sites."""
    homes = set()
    for raw in network.snapshot.of_type(NICS):
        nic = network.nic(str(raw.get("id", "")))
        if nic.vm_id and nic.primary is not None and nic.primary.subnet_id:
            homes.add(key(nic.primary.subnet_id))
            yield nic.id
    for raw in network.snapshot.of_type(VNETS):
        for subnet in network.vnet(str(raw.get("id", ""))).subnets:
            taken = key(subnet.id) in homes or key(subnet.id) == key(instance.subnet_id)
            managed = "microsoft.sql/managedinstances" in {name.lower() for name in subnet.delegations}
            if not taken and not managed and subnet.name.lower() not in RESERVED:
                yield subnet.id
    yield from _outside(network)


def _outside(network: Network) -> Iterator[str]:
    """Web apps, and what comes through gateways."""
    for kind in (WEB_APPS, SLOTS):
        yield from (str(raw.get("id", "")) for raw in network.snapshot.of_type(kind))
    for raw in network.snapshot.of_type(GATEWAYS):
        if network.gateway(str(raw.get("id", ""))).pool_prefixes:
            yield str(raw.get("id", ""))
    for raw in network.snapshot.of_type(LOCAL_NETWORKS):
        if network.connections_at(str(raw.get("id", ""))):
            yield str(raw.get("id", ""))


def _likeness(seen: Look) -> tuple[str, ...]:
    """What two sources share that are kept apart from the instance for one reason."""
    decided = stop(seen.traces)
    if decided is None:
        gap = seen.gaps[0].missing if seen.gaps and not seen.traces else ""
        return (seen.verdict.value, gap)
    return (
        seen.verdict.value,
        decided.cause or "",
        decided.by,
        decided.rule,
        decided.gap.missing if decided.gap else "",
    )


def _group(looks: list[Look], target: str, endpoint: str) -> Group:
    """The group of looks that share a reason; one of them is looked at closely for the fault and its words."""
    one = looks[0]
    places = tuple(seen.source for seen in looks)
    if one.verdict is not Verdict.BLOCKED:
        gap = one.gaps[0] if one.gaps else None
        says = gap.missing if gap is not None and one.verdict is Verdict.UNKNOWN else ""
        return Group(one.verdict, "", "", says, places, gap if says else None)
    try:
        found = explaining(look(one.network, one.source.typed, target, endpoint))
    except (InputError, MissingEvidence):
        found = None
    decided = stop(one.traces)
    if found is None:
        return Group(one.verdict, "", decided.by if decided else "", decided.why if decided else "", places)
    return Group(one.verdict, found.fault, found.resource, found.says, places)


def _joined(groups: list[Group]) -> list[Group]:
    """Groups of one fault at one resource become one."""
    found: dict[tuple[str, ...], Group] = {}
    for group in groups:
        at = (group.verdict.value, group.fault, key(group.resource), "" if group.fault else group.says)
        found[at] = replace(found[at], sources=found[at].sources + group.sources) if at in found else group
    return list(found.values())


def name_of(place: Place) -> str:
    """A place in words, with its address where it has one."""
    return f"{place.name or last(place.id)}{f' ({place.address})' if place.address else ''}"
