"""diagnose: question in, Diagnosis out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mi_workbook.checks.app_settings import app_settings
from mi_workbook.checks.blockers import QUESTION, blockers
from mi_workbook.checks.catalogue import fault as known_fault
from mi_workbook.checks.check import Found, Subject, finding
from mi_workbook.checks.gateway_settings import GATEWAY_SETTINGS
from mi_workbook.checks.settings import SETTINGS
from mi_workbook.checks.surroundings import SURROUNDINGS
from mi_workbook.checks.usage import USAGE
from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.core.evidence import Gap
from mi_workbook.core.finding import AtSource, Change, Diagnosis, Finding, Place, Repair
from mi_workbook.core.trace import Cause, Decision, Trace
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.at_source import at_source, configuration_alone
from mi_workbook.diagnosis.attribution import attributed
from mi_workbook.diagnosis.neighbours import cut_off
from mi_workbook.diagnosis.outside import origin, source_addresses
from mi_workbook.diagnosis.places import find_source, find_target
from mi_workbook.diagnosis.web_apps import leaving
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.evidence.template import NO_SUBSCRIPTION
from mi_workbook.network.instance import ManagedInstance
from mi_workbook.network.network import Network
from mi_workbook.network.resource_id import key, vnet_of
from mi_workbook.network.tested import CLIENT, answer_at
from mi_workbook.reach.name_servers import none_answers, platform_shut
from mi_workbook.reach.names import endpoint_of
from mi_workbook.reach.path import Question, stop, traces, verdict
from mi_workbook.reach.resolution import AZURE_DNS, as_seen, resolve, resolve_outside

ENDPOINTS = ("auto", "vnet-local", "private", "public")
MOST_REPAIRS = 8
TEMPLATE_NOTE = (
    "The evidence is an exported template, which names neither subscription nor resource group: in ids and commands here put yours "
    "in their place. A template is what was asked for when it was exported; states that Azure reports (Ready, Connected) are not in it."
)
NOT_CHECKED = (
    "Not visible in Azure's configuration: the client's own firewall, driver and TLS settings, and the login itself. "
    "Error 18456 proves that the network is fine."
)


# "Connection types" of October 2025 and "Improved Connectivity Types in Azure SQL Managed Instance" (Azure SQL Blog,
# 2025-10-22) against "Connection types" before and "Connect your application", section "Troubleshoot".
REDIRECT_NOTE = (
    "Under Redirect, TCP 11000-11999 is asked for besides 1433. The documentation of October 2025 says that Redirect uses 1433 "
    "alone, to the instance's whole subnet, where that change has arrived ('slowly rolling out'): where only these ports are "
    "closed, test with mi-workbook probe <server name> --login before anything is changed."
)
APP_NOTE = (
    "Whether each instance of the app has a private address (WEBSITE_PRIVATE_IP) is not in Azure's configuration, and a setting "
    "WEBSITE_DNS_SERVER counts only where the app's settings were collected; a Hybrid Connection for the server's name, where they were not "
    "listed, would carry the packets instead. From its console: nameresolver <server name>, tcpping <server name>:1433."
)


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


def diagnose(snapshot: Snapshot, source: str, target: str, endpoint: str = "auto") -> Diagnosis:
    """Whether a source reaches a managed instance, why not, and what mends it.

    Args:
        snapshot: the evidence.
        source: ARM id or name of a VM or NIC, `vnet/subnet`, `ip:ADDRESS`.
        target: ARM id or name of the instance, or the server name as the application has it.
        endpoint: auto | vnet-local | private | public.

    Raises InputError where source or target do not fit the evidence.
    """
    first = look(Network(attributed(snapshot, source)), source, target, endpoint)
    findings = _findings(first)
    repair, later = (None, []) if first.verdict is Verdict.REACHABLE else _repair(first, source, target, endpoint)
    root = next((f.fault for f in findings if f.explains_verdict), None)
    for one in later:
        if (one.fault, one.resource) not in {(f.fault, f.resource) for f in findings}:
            findings.append(one)
    return Diagnosis(
        verdict=first.verdict,
        scenario=_scenario(first),
        endpoint=first.question.endpoint if first.question else ("vnet-local" if endpoint == "auto" else endpoint),
        source=first.source,
        target=first.target,
        root_cause=root,
        findings=tuple(findings),
        traces=first.traces,
        gaps=first.gaps,
        repair=repair,
        confidence_notes=_notes(first),
        headline=_headline(first, findings),
        at_source=_at_source(first, source, target, endpoint),
    )


def _at_source(first: Look, source: str, target: str, endpoint: str) -> AtSource:
    """What was seen at the source, beside a look at the configuration alone."""
    if first.question is None or not first.network.snapshot.observations:
        return AtSource()
    alone = look(configuration_alone(first.network, first.question), source, target, endpoint, checked=False)
    return at_source(first.network, first.question, alone.question, alone.traces)


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


def _findings(seen: Look) -> list[Finding]:
    if seen.subject is None:
        return []
    decided = stop(seen.traces)
    rows = [finding(seen.subject, f, _explains(seen, f, decided)) for f in seen.found]
    order = {"blocks": 0, "degrades": 1, "risk": 2, "info": 3}
    return sorted(rows, key=lambda row: (not row.explains_verdict, order[row.severity]))


def explaining(seen: Look) -> Finding | None:
    """The finding that explains a block, None where nothing does."""
    return next((one for one in _findings(seen) if one.explains_verdict), None)


def _explains(seen: Look, found: Found, decided: Decision | None) -> bool:
    return seen.verdict is Verdict.BLOCKED and found.decision is not None and found.decision is decided


def _repair(first: Look, source: str, target: str, endpoint: str) -> tuple[Repair | None, list[Finding]]:
    """Mend the first blocker on the path, look again, until reachable; then show that each step was needed.

    The later blockers are met on the way, so all of them are listed.
    """
    steps: list[Found] = []
    later: list[Finding] = []
    seen = first
    while not _open(seen) and len(steps) < MOST_REPAIRS:
        step = _first_blocker(seen)
        if step is None or not step.changes or step in steps:
            break
        steps.append(step)
        seen = _after(first, steps, source, target, endpoint)
        if seen.subject is not None:
            later += [finding(seen.subject, f, False) for f in seen.found if f.decision is not None]
    if not steps:
        return None, later
    if _open(seen):
        steps = _needed(first, steps, source, target, endpoint)
    changes = tuple(change for step in steps for change in step.changes)
    works = _open(seen) and not _new_blockers(first, seen, steps)
    lost = _lost(first, changes, target, endpoint) if works else ()
    proved = works and not lost
    return Repair(proved, works, changes, seen.verdict, tuple(s.fault for s in steps), lost), later


def _lost(first: Look, changes: tuple[Change, ...], target: str, endpoint: str) -> tuple[str, ...]:
    """Other subnets that the repair would cut off."""
    tried = tuple(_on_evidence(list(changes)))
    homes = (first.source.vnet, vnet_of(first.target.subnet))

    def ask(network: Network, subnet_id: str) -> Verdict:
        return look(network, subnet_id, target, endpoint, checked=False).verdict

    return cut_off(first.network, first.network.after(list(tried)), tried, homes, ask) if tried else ()


def _open(seen: Look) -> bool:
    """True where nothing in Azure stops it: reachable, or only the source's own side outside of Azure is left to test."""
    decided = stop(seen.traces)
    return seen.verdict is Verdict.REACHABLE or (decided is not None and decided.kind == "client"
                                                 and decided.result is Verdict.UNKNOWN)  # fmt: skip


def _first_blocker(seen: Look) -> Found | None:
    """What to mend next. Behind an unknown only a fault that cuts part of the sources off is worth a change."""
    decided = stop(seen.traces)
    found = next((f for f in seen.found if f.decision is not None and f.decision is decided), None)
    if (
        found is None
        or seen.verdict is Verdict.BLOCKED
        or "degrades" in {found.severity, known_fault(found.fault).severity}
    ):
        return found
    return None


def _after(
    first: Look, steps: Iterable[Found], source: str, target: str, endpoint: str, *, checked: bool = True
) -> Look:
    """The same question on the snapshot with these steps done; a changed server name changes the question."""
    changes = [change for step in steps for change in step.changes]
    typed = next((str(c.value) for c in reversed(changes) if c.document == QUESTION), target)
    return look(first.network.after(_on_evidence(changes)), source, typed, endpoint, checked=checked)


def _on_evidence(changes: list[Change]) -> list[Change]:
    return [change for change in changes if change.document != QUESTION]


def _needed(first: Look, steps: list[Found], source: str, target: str, endpoint: str) -> list[Found]:
    """The steps without which the verdict would not turn; each one left was tried without."""
    kept = list(steps)
    for step in steps:
        others = [s for s in kept if s is not step]
        if others and _open_after(first, others, source, target, endpoint):
            kept = others
    return kept


def _open_after(first: Look, steps: list[Found], source: str, target: str, endpoint: str) -> bool:
    """Whether these steps alone are enough; a step that builds on one that was left out is not."""
    try:
        return _open(_after(first, steps, source, target, endpoint, checked=False))
    except InputError:
        return False


def _new_blockers(first: Look, after: Look, steps: list[Found]) -> list[Found]:
    before = {(f.fault, key(f.resource)) for f in (*first.found, *steps)}
    return [f for f in after.found if (f.fault, key(f.resource)) not in before and f.severity == "blocks"]


NIC_NOTE = (
    "The source is a subnet or an address without a NIC in the evidence: rules and application security groups of a machine's own "
    "NIC are not part of this answer. Name the VM or its NIC to judge them."
)
BEHIND = {"clients": "developer-box", "site": "on-premises-vpn", "express": "on-premises-expressroute"}


def _scenario(seen: Look) -> str:
    """The scenario a question belongs to, by its endpoint and by where its packets come from."""
    if seen.question is None and seen.source.kind == "app":
        return "app-service"
    if seen.question is None:
        return "same-vnet" if seen.source.vnet and key(seen.source.vnet) in key(seen.target.subnet) else "vnet-peering"
    if seen.source.kind == "app":
        return _of_app(seen, seen.question)
    if seen.question.endpoint == "public" or seen.question.origin.kind == "internet":
        return "public-endpoint"
    if seen.question.endpoint == "private" or any(f.fault in UNUSED_ENDPOINT for f in seen.found):
        return "private-endpoint"
    home = vnet_of(seen.question.instance.subnet_id)
    same = key(seen.question.subnet.vnet_id) == key(home)
    if seen.question.origin.kind in BEHIND:
        return BEHIND[seen.question.origin.kind] if same else "hub-spoke"
    if any(d.kind == "gateway" and d.rule == "" for t in seen.traces for d in t.decisions):
        return "vnet-to-vnet"
    return "same-vnet" if same else "vnet-peering"


def _of_app(seen: Look, question: Question) -> str:
    """The scenario of a web app, by how it leaves or was meant to."""
    joined = question.origin.integration
    if question.origin.relay is not None or any(d.cause is Cause.RELAY_NAME for t in seen.traces for d in t.decisions):
        return "hybrid-connection"
    return "app-service-gateway" if joined is not None and joined.kind == "gateway" else "app-service"


UNUSED_ENDPOINT = frozenset({"pe-zone-not-linked", "pe-zone-wrong-name", "pe-dns-none"})


def _notes(seen: Look) -> tuple[str, ...]:
    notes = [note for trace in seen.traces for d in trace.decisions for note in d.notes]
    if seen.question is not None and seen.question.endpoint == "vnet-local":
        kind = seen.question.instance.connection_type.lower()
        if kind not in {"proxy", "redirect"}:
            notes.append(
                "The connection type is Default or not in the evidence; taken as Proxy. The documentation of October 2025 calls "
                "Redirect the default of new instances; older documentation calls Proxy the default."
            )
        elif kind == "redirect":
            notes.append(REDIRECT_NOTE)
    if seen.question is not None and seen.question.instance.id.startswith(NO_SUBSCRIPTION):
        notes.append(TEMPLATE_NOTE)
    if seen.source.kind == "app":
        notes.append(APP_NOTE)
    if seen.source.kind == "subnet":
        notes.append(NIC_NOTE)
    return (*dict.fromkeys(notes), NOT_CHECKED)


def _headline(seen: Look, findings: list[Finding]) -> str:
    name = seen.source.name or seen.source.typed
    target = seen.target.name or seen.target.typed
    if seen.verdict is Verdict.REACHABLE:
        return f"{name} can reach {target}: every rule and route on the way there and back lets it through."
    if seen.verdict is Verdict.BLOCKED:
        root = next((f for f in findings if f.explains_verdict), None)
        stop = next((t for t in seen.traces if t.verdict is Verdict.BLOCKED), None)
        decided = stop.stop if stop is not None else None
        own = decided is not None and decided.kind == "client" and stop is not None and stop.direction == "return"
        way = " on the way back" if stop is not None and stop.direction == "return" and not own else ""
        return f"{name} cannot reach {target}: the path is cut{way}. {root.says if root else ''}".strip()
    missing = seen.gaps[0].missing if seen.gaps else "evidence"
    return f"Whether {name} can reach {target} is unknown. Missing: {missing}."
