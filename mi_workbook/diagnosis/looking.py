"""One look at a snapshot: the question understood, its traces, and what the checks find; no repair."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mi_workbook.checks.app_settings import app_settings
from mi_workbook.checks.blockers import blockers
from mi_workbook.checks.check import Found, Subject, finding
from mi_workbook.checks.gateway_settings import GATEWAY_SETTINGS
from mi_workbook.checks.settings import SETTINGS
from mi_workbook.checks.surroundings import SURROUNDINGS
from mi_workbook.checks.usage import USAGE
from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Gap
from mi_workbook.core.finding import Finding, Place
from mi_workbook.core.progress import report
from mi_workbook.core.trace import Decision, Trace
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.outside import origin, source_addresses
from mi_workbook.diagnosis.places import find_source, find_target
from mi_workbook.diagnosis.web_apps import leaving
from mi_workbook.network.instance import ManagedInstance
from mi_workbook.network.network import Network
from mi_workbook.network.resource_id import key
from mi_workbook.network.tested import CLIENT, answer_at
from mi_workbook.reach.name_servers import none_answers, platform_shut
from mi_workbook.reach.names import endpoint_of
from mi_workbook.reach.path import stop, traces, verdict
from mi_workbook.reach.question import Question
from mi_workbook.reach.resolution import AZURE_DNS, as_seen, resolve, resolve_outside

ENDPOINTS = ("auto", "vnet-local", "private", "public")


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a snapshot: the question as understood, its traces, and what the checks found."""

    network: Network
    question: Question | None
    source: Place
    target: Place
    traces: tuple[Trace, ...]
    found: tuple[Found, ...]
    subject: Subject | None
    gaps: tuple[Gap, ...]
    verdict: Verdict


def look(network: Network, source: str, target: str, endpoint: str, *, checked: bool = True) -> Look:
    """Traces and (where `checked`) what the checks find, without repair."""
    where, what = Place("other", "", source, typed=source), Place("instance", "", target, typed=target)
    try:
        instance, _ = find_target(network, target)
        what = Place("instance", instance.id, instance.name, subnet=instance.subnet_id, typed=target)
        where = find_source(network, source)
        question = _question(network, where, instance, target, endpoint)
        where = _entered(where, question)
    except MissingEvidence as missing:
        return Look(network, None, where, what, (), (), None, (missing.gap,), Verdict.UNKNOWN)
    ways = tuple(traces(network, question))
    subject = Subject(network, question, ways)
    gaps = dict.fromkeys(d.gap for trace in ways for d in trace.decisions if d.gap is not None)
    found, missing_for = _checked(subject) if checked else ((), [])
    return Look(
        network,
        question,
        where,
        what,
        ways,
        found,
        subject,
        (*gaps, *(g for g in missing_for if g not in gaps)),
        verdict(ways),
    )


def _entered(where: Place, question: Question) -> Place:
    """A web app with the subnet its packets enter by, where they enter one."""
    if where.kind != "app" or question.origin.kind in {"internet", "relay"}:
        return where
    return replace(where, subnet=question.subnet.id, vnet=question.subnet.vnet_id)


def _question(network: Network, where: Place, instance: ManagedInstance, target: str, endpoint: str) -> Question:
    _, name = find_target(network, target)
    app = leaving(network, where, instance, endpoint, name) if where.kind == "app" else None
    where = app.place if app is not None else where
    entered = where.subnet or instance.subnet_id
    nic = network.nic(where.id) if where.kind == "nic" else None
    asked = Question(
        addresses=app.addresses if app is not None else source_addresses(network, where),
        subnet=network.subnet(entered),
        at=where.id,
        nic_nsg=nic.nsg_id if nic else "",
        instance=instance,
        endpoint="public" if endpoint == "auto" and name is not None and endpoint_of(name) == "public" else endpoint,
        name=name,
        origin=app.origin if app is not None else origin(network, where),
        places=_places(where),
    )
    if asked.origin.relay is not None and asked.endpoint == "auto":
        return replace(asked, endpoint="vnet-local")
    own = app.dns if app is not None else nic.dns_servers if nic is not None else ()
    return asked if asked.endpoint != "auto" else _resolved(network, asked, own)


def _places(where: Place) -> frozenset[str]:
    """Words that observations from the source may bear."""
    words = (CLIENT, where.id, where.name, where.typed, where.address)
    return frozenset(word.lower() for word in words if word)


def _resolved(network: Network, asked: Question, own: tuple[str, ...]) -> Question:
    """The question with the endpoint that the name leads to from there.

    own: DNS servers of the NIC or the app itself, which replace those of the VNet. Where DNS is unclear but every endpoint
    it may lead to is blocked, or there is only one, the path is judged first.
    """
    kind = asked.origin.kind
    told = None if network.snapshot.touched() else answer_at(network.snapshot, asked.places, asked.instance.fqdn)
    if told is not None:
        seen = as_seen(network, asked.instance, told)
        return replace(asked, endpoint=seen.endpoint, resolution=seen.decision, answer=seen.answer)
    synced = kind == "clients" and asked.origin.integration is not None  # such an app has the list of its last sync
    in_vnet = kind in {"inside", "clients"} and not synced
    listed = own or (network.vnet(asked.subnet.vnet_id).dns_servers if in_vnet else ())
    if kind == "inside":
        found = resolve(network, network.vnet(asked.subnet.vnet_id), own, asked.instance)
    else:
        found = resolve_outside(network, asked.instance, listed, asked.origin.name)
    servers = listed if kind == "inside" else ()
    silent = none_answers(network, asked, servers) if servers else None
    if silent is None and kind == "inside" and not _others_than_azure(servers):
        silent = platform_shut(network, asked)
    if silent is not None:
        return replace(asked, endpoint=found.endpoint, resolution=silent)
    known = replace(asked, endpoint=found.endpoint, resolution=found.decision, answer=found.answer)
    others = [replace(known, endpoint=other, resolution=None) for other in found.others]
    shut = all(other.endpoint in ENDPOINTS and verdict(traces(network, other)) is Verdict.BLOCKED for other in others)
    return replace(known, name_decides=not shut)


def _others_than_azure(servers: tuple[str, ...]) -> bool:
    return any(server.lower() not in AZURE_DNS for server in servers)


def _checked(subject: Subject) -> tuple[tuple[Found, ...], list[Gap]]:
    """Everything the checks find; a check that lacks evidence becomes a gap, never a pass."""
    found: list[Found] = []
    gaps: list[Gap] = []
    try:
        found += blockers(subject)
    except MissingEvidence as missing:
        gaps.append(missing.gap)
    report("Checking the settings along the path")
    for look_at in (*USAGE, *GATEWAY_SETTINGS, *SURROUNDINGS, app_settings):
        try:
            found += look_at(subject)
        except MissingEvidence as missing:
            gaps.append(missing.gap)
    for check in SETTINGS:
        try:
            found += check(subject, subject.network.subnet(subject.question.instance.subnet_id))
        except MissingEvidence as missing:
            gaps.append(missing.gap)
    return tuple({_same(f): f for f in reversed(found)}.values())[::-1], gaps


def _same(found: Found) -> tuple[str, str]:
    """Two sightings of one fault are one where the same changes mend them, or they lie at one resource."""
    return found.fault, repr(found.changes) if found.changes else key(found.resource)


def findings(seen: Look) -> list[Finding]:
    """What was found, the one that explains a block first, then by severity."""
    if seen.subject is None:
        return []
    decided = stop(seen.traces)
    rows = [finding(seen.subject, f, _explains(seen, f, decided)) for f in seen.found]
    order = {"blocks": 0, "degrades": 1, "risk": 2, "info": 3}
    return sorted(rows, key=lambda row: (not row.explains_verdict, order[row.severity]))


def explaining(seen: Look) -> Finding | None:
    """The finding that explains a block, None where nothing does."""
    return next((one for one in findings(seen) if one.explains_verdict), None)


def _explains(seen: Look, found: Found, decided: Decision | None) -> bool:
    return seen.verdict is Verdict.BLOCKED and found.decision is not None and found.decision is decided
