"""Collecting what one path needs: look, diagnose, read what the trace met or missed, and look again."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mi_workbook.core.errors import InputError
from mi_workbook.core.evidence import Gap
from mi_workbook.core.finding import Diagnosis
from mi_workbook.core.ranges import Ranges
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.azure.clouds import CLOUDS, Cloud
from mi_workbook.evidence.azure.holding import may_pass
from mi_workbook.evidence.azure.permissions import how_to_get, lost_without
from mi_workbook.evidence.snapshot import Snapshot, type_of
from mi_workbook.network.network import GATEWAYS, NETWORK_MANAGERS, PRIVATE_ZONES, VNETS, WEB_APPS, ZONE_LINKS, Network
from mi_workbook.network.resource_id import key, parent, shell_word, vnet_of
from mi_workbook.network.route_server import BGP_CONNECTIONS

RULESETS = "Microsoft.Network/dnsForwardingRulesets"
ROUNDS = 6
RESERVED = 4  # addresses; "Virtual network FAQ", addresses that Azure reserves in each subnet
ID = re.compile(
    r"/subscriptions/[^\s/'\"]+/resourceGroups/[^\s/'\"]+/providers/[\w.]+(?:/[\w.-]+/[^\s/'\",;?]+)+", re.I
)
TOP = re.compile(r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/[^/]+/[^/]+/[^/]+(?:/slots/[^/]+)?", re.I)
Progress = Callable[[str, int, int], None]
WHOLE = ("Cancelled", "TimeIsUp")
MOST_KINDS = 8
AGAIN = "collect again (on the command line with --resume): what was read is kept."


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection gave.

    diagnosis: None where nothing was asked, or the question does not fit (then `trouble` says why); gaps: what could not be
    read, each with the action to ask for; requests: to Azure in all; first: those until the first verdict; stopped:
    Cancelled, TimeIsUp or "".
    """

    snapshot: Snapshot
    diagnosis: Diagnosis | None
    gaps: tuple[Gap, ...]
    requests: int
    first: int
    stopped: str
    trouble: InputError | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """How to collect.

    subscriptions: ids, none for all that the account sees; seconds: for the whole collection; started: a collection to go
    on with; computed: after the first verdict, also read the rules and routes that decided it by name (Resource Graph may lag), and
    what Azure computed (effective routes, learned routes); slow: seconds after which an
    answer counts as lost; verify: True, or the path of a certificate authority.
    """

    cloud: Cloud = CLOUDS["AzureCloud"]
    subscriptions: Sequence[str] = ()
    seconds: float = 600.0
    started: Snapshot | None = None
    computed: bool = True
    next_hop: bool = False
    slow: float = 30.0
    verify: bool | str = True
    progress: Progress = lambda what, n, m: None
    cancelled: Callable[[], bool] = lambda: False
    save: Callable[[Snapshot], None] | None = None
    found: Callable[[Diagnosis], None] = lambda diagnosis: None


def collect_path(
    credential: Any, source: str, target: str, endpoint: str = "auto", settings: Settings | None = None
) -> Collected:
    """Collect what the path from a source to an instance needs, and diagnose it.

    credential: of azure-identity (`evidence.azure.sign_in`); source, target, endpoint: as for `diagnose`;
    settings.found is told each verdict as soon as there is one. A read that fails never raises: it is a problem of the
    snapshot and a gap. Raises InputError for settings that cannot be used.
    """
    settings = settings or Settings()
    collector = collector_for(credential, settings, "path", settings.started)
    collector.holding.near = set()
    collector.holding.question = {"from": source, "to": target, "endpoint": endpoint}
    collector.base(settings.subscriptions)
    answer, trouble, first = None, None, 0
    for round_ in range(ROUNDS):
        snapshot = collector.snapshot()
        answer, trouble = _asked(snapshot, source, target, endpoint)
        if answer is None:
            break
        near = on_path(snapshot, answer)
        collector.holding.near |= {key(one) for one in near}
        read = collector.live(near)
        if round_ and not first:
            first = collector.arm.pace.requests - read
            settings.found(answer)
        if round_ and not read:
            break
    first = first or collector.arm.pace.requests
    if answer is not None and settings.computed:
        snapshot = collector.snapshot()
        met = [one for one in decided_by(answer) if snapshot.get(one) is not None]
        collector.live(met)
        collector.later([*met, *_managers(snapshot)])
        learners = [*_gateways(answer, snapshot), *_bgp_connections(answer, snapshot)]
        collector.live([answer.source.id, *learners, *_managed(snapshot, answer, met)], computed=True)
    if answer is not None:
        answer, trouble = _asked(collector.snapshot(), source, target, endpoint)
    if answer is not None and settings.next_hop:
        ask_next_hops(collector, answer)
        answer, trouble = _asked(collector.snapshot(), source, target, endpoint)
    return _collected(collector, answer, first, trouble)


def ask_next_hops(collector: Any, answer: Diagnosis) -> None:
    """Ask Network Watcher for the next hop of what the source sends, one address for each way; a subnet without a VM has none."""
    if answer.source.kind == "nic":
        sent = [trace.flow.destination for trace in answer.traces if trace.direction == "forward"]
        for address in dict.fromkeys(_one_of(one) for one in sent if one):
            collector.next_hop(answer.source.id, address)


def _one_of(addresses: Ranges) -> str:
    """An address of a set, past those that Azure keeps for itself at the start of a subnet."""
    first, final = addresses.spans[0]
    return str(ipaddress.IPv4Address(first + RESERVED if final - first >= 2 * RESERVED else first))


def collect_everything(credential: Any, settings: Settings | None = None) -> Collected:
    """Collect all that the account can read. A read that fails is a problem of the snapshot and a gap."""
    settings = settings or Settings()
    collector = collector_for(credential, settings, "everything", settings.started)
    collector.base(settings.subscriptions)
    collector.everything()
    return _collected(collector, None, 0, None)


def collect_estate(credential: Any, settings: Settings | None = None) -> Collected:
    """Collect only what Resource Graph knows, in a handful of requests: enough to choose a source and an instance from."""
    settings = settings or Settings()
    collector = collector_for(credential, settings, "path", settings.started)
    collector.base(settings.subscriptions)
    return _collected(collector, None, 0, None)


def on_path(snapshot: Snapshot, answer: Diagnosis) -> list[str]:
    """Ids of the resources whose state decides a path, and of those the diagnosis misses."""
    from mi_workbook.evidence.azure.reads import is_live

    network = Network(snapshot)
    met = decided_by(answer)
    vnets = [one for one in met if "/virtualnetworks/" in one.lower()]
    more = [*_around(network, vnets), *_of_instance(network, answer.target.id)]
    names = _names(network, answer.target.id)
    kept = {
        key(one): one
        for one in (*met, *more)
        if one and snapshot.get(one) is not None and is_live(type_of({"id": one})) and _may_answer(one, names)
    }
    if answer.source.kind != "app":
        kept = {at: one for at, one in kept.items() if not type_of({"id": one}).lower().startswith(WEB_APPS.lower())}
    named = {key(one): one for gap in answer.gaps for one in _named(gap)}
    missed = {at: one for at, one in named.items() if snapshot.get(one) is None or is_live(type_of({"id": one}))}
    rulesets = [str(one.get("id", "")) for one in snapshot.of_type(RULESETS)]
    return list(({key(one): one for one in rulesets} | missed | kept).values())


def decided_by(answer: Diagnosis) -> list[str]:
    """Ids of the resources an answer rests on: those whose rules, routes and states its decisions name."""
    return [one for one in dict.fromkeys(top(one) for one in _met(answer)) if one]


def problem_gaps(snapshot: Snapshot) -> tuple[Gap, ...]:
    """What could not be read, as gaps: what is lost, and the action to ask for. Equal ones of many resources are one, and so
    is all that a cancel or the end of the time left unread.
    """
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in snapshot.problems:
        code = str(one.get("code", ""))
        found.setdefault(("" if code in WHOLE else str(one.get("operation", "")), code), []).append(one)
    return tuple(_gap_of(operation, code, alike) for (operation, code), alike in found.items())


def _gap_of(operation: str, code: str, alike: list[dict[str, Any]]) -> Gap:
    first, message = alike[0], str(alike[0].get("message", ""))
    if not operation:
        kinds = dict.fromkeys(
            str(one.get("operation", "")).split("/")[-2] for one in alike if "/" in str(one.get("operation"))
        )
        more = f" and {len(kinds) - MOST_KINDS} other kinds" if len(kinds) > MOST_KINDS else ""
        named = ", ".join(list(kinds)[:MOST_KINDS])
        count = "1 read" if len(alike) == 1 else f"{len(alike)} reads"
        return Gap(f"{count}: {named}{more} ({code})", message, _how(first))
    others = f" and {len(alike) - 1} more" if len(alike) > 1 else ""
    lost = lost_without(operation)
    why = f"{message} Lost: {lost[0].lower()}{lost[1:]}" if lost else message
    return Gap(f"{operation} on {first.get('scope', '')}{others} ({code})", why, _how(first))


def _how(problem: Mapping[str, Any]) -> str:
    """What to do about a read that failed: the permission, the sign-in, another try, or the same read by hand."""
    operation, status, code = (str(problem.get(name, "")) for name in ("operation", "status", "code"))
    if status == "403":
        return how_to_get(operation)
    if status == "401":
        return f"Sign in again, then {AGAIN} It needs the action {operation}."
    if code in WHOLE:
        return f"{AGAIN[0].upper()}{AGAIN[1:]}"
    if code == "NotSaved":
        return "Free space there, or name another file (--out); what was read is still collected."
    method = "post" if operation.endswith("/action") else "get"
    by_hand = (
        f"az rest --method {method} --url {shell_word(str(problem['asked']))}"
        if problem.get("asked")
        else "the commands of docs/cloud-shell.md in Cloud Shell"
    )
    by_hand = f"{by_hand} (it needs the action {operation}), and add the output."
    return (
        f"{AGAIN[0].upper()}{AGAIN[1:]} If it fails again: {by_hand}"
        if may_pass(problem)
        else f"Read it with {by_hand}"
    )


def collector_for(credential: Any, settings: Settings, scope: str, started: Snapshot | None = None) -> Any:
    """A Collector with these settings. started: what it goes on with. Raises InputError without the Azure libraries."""
    from mi_workbook.evidence.azure.arm import Arm, Pace
    from mi_workbook.evidence.azure.collect import Collector
    from mi_workbook.evidence.azure.holding import Holding

    pace = Pace(settings.seconds, settings.cancelled)
    try:
        arm = Arm(credential, settings.cloud, pace, slow=settings.slow, verify=settings.verify)
        holding = Holding(settings.cloud.name, started)
        return Collector(arm, credential, holding, progress=settings.progress, save=settings.save, scope=scope)
    except ImportError:
        raise InputError("The Azure libraries are not installed.", remedy="pip install 'mi-workbook[azure]'") from None


def _collected(collector: Any, answer: Diagnosis | None, first: int, trouble: InputError | None) -> Collected:
    snapshot, pace = collector.finish(), collector.arm.pace
    return Collected(snapshot, answer, problem_gaps(snapshot), pace.requests, first, pace.over, trouble)


def _asked(snapshot: Snapshot, source: str, target: str, endpoint: str) -> tuple[Diagnosis | None, InputError | None]:
    """The diagnosis, or why the question does not fit. What was collected is worth keeping either way."""
    try:
        return diagnose(snapshot, source, target, endpoint), None
    except InputError as error:
        return None, error


def _met(answer: Diagnosis) -> Iterator[str]:
    """Ids that the answer rests on."""
    yield from (answer.source.id, answer.source.vnet, answer.source.subnet, answer.target.id, answer.target.subnet)
    for trace in answer.traces:
        for hop in trace.hops:
            yield hop.at
            for decision in hop.decisions:
                yield decision.by
                yield from (one.document for one in decision.evidence)
    for finding in answer.findings:
        yield from (one.document for one in finding.evidence)


def _names(network: Network, instance_id: str) -> tuple[str, ...]:
    """Names that the instance is asked for by, its private endpoint's among them; none where it was not collected."""
    if network.snapshot.get(instance_id) is None:
        return ()
    instance = network.instance(instance_id)
    hosts = [one for one in (instance.fqdn, instance.public_fqdn) if one]
    return (*hosts, *(one.replace(".", ".privatelink.", 1) for one in hosts))


def _may_answer(resource_id: str, names: Sequence[str]) -> bool:
    """False for a private zone that holds none of these names; a fresh reading of it settles nothing."""
    if type_of({"id": resource_id}).lower() != PRIVATE_ZONES.lower() or not names:
        return True
    zone = key(resource_id).rpartition("/")[2]
    return any(name == zone or name.endswith(f".{zone}") for name in names)


def _around(network: Network, vnets: Iterable[str]) -> Iterator[str]:
    """What acts on VNets: gateways with their connections, Route Servers, and the private zones linked to them."""
    for vnet_id in vnets:
        yield from network.route_servers_of(vnet_id)
        for gateway in network.gateways_of(vnet_id):
            yield gateway.id
            yield from (one.id for one in network.connections_of(gateway))
    linked = {key(vnet_id) for vnet_id in vnets}
    for raw in network.snapshot.of_type(ZONE_LINKS):
        inner = raw.get("properties") or {}
        to = inner.get("virtualNetwork") if isinstance(inner, dict) else None
        if isinstance(to, dict) and key(str(to.get("id", ""))) in linked:
            yield parent(str(raw.get("id", "")))


def _of_instance(network: Network, instance_id: str) -> Iterator[str]:
    yield from (one.id for one in network.private_endpoints(instance_id)) if instance_id else ()


def _gateways(answer: Diagnosis, snapshot: Snapshot) -> Iterator[str]:
    wanted = GATEWAYS.lower()
    yield from (one for one in on_path(snapshot, answer) if type_of({"id": one}).lower() == wanted)


def _bgp_connections(answer: Diagnosis, snapshot: Snapshot) -> Iterator[str]:
    """Sessions of the Route Servers on a path with appliances."""
    for one in on_path(snapshot, answer):
        yield from (str(child.get("id", "")) for child in snapshot.children(one, BGP_CONNECTIONS))


def _managers(snapshot: Snapshot) -> list[str]:
    return [str(one.get("id", "")) for one in snapshot.of_type(NETWORK_MANAGERS)]


def _managed(snapshot: Snapshot, answer: Diagnosis, met: Iterable[str]) -> list[str]:
    """VNets of a path whose security admin rules have to be asked for: all where a network manager is seen or may be unseen.

    Where the account sees none, one may still rule over the source's VNet from a subscription that it cannot read; that of an
    instance is spared unless a manager says otherwise.

    Source: "Security admin rules in Azure Virtual Network Manager"; REST reference of "List Network Manager Effective
    Security Admin Rules" (2025-05-01).
    """
    vnets = [one for one in met if type_of({"id": one}).lower() == VNETS.lower()]
    if _managers(snapshot) or snapshot.absence(NETWORK_MANAGERS) != "proven":
        return vnets
    start, end = vnet_of(answer.source.subnet), vnet_of(answer.target.subnet)
    return [one for one in vnets if key(one) == key(start) != key(end)]


def _named(gap: Gap) -> Iterator[str]:
    yield from (top(one) for text in (gap.missing, gap.how) for one in ID.findall(text))


def top(text: str) -> str:
    """The id of the resource that a text is the id of, or of a part of; "" for any other text."""
    found = TOP.match(text)
    return found[0] if found else ""
