"""diagnose: question in, Diagnosis out."""

from __future__ import annotations

from mi_workbook.core.errors import InputError
from mi_workbook.core.finding import AtSource, Diagnosis, Finding
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.at_source import at_source, configuration_alone
from mi_workbook.diagnosis.attribution import attributed
from mi_workbook.diagnosis.filling import gaps_of
from mi_workbook.diagnosis.looking import Look, findings, look
from mi_workbook.diagnosis.notes import notes_on
from mi_workbook.diagnosis.repairing import repair_of
from mi_workbook.diagnosis.scenario_of import scenario_of
from mi_workbook.evidence.explain import server_of
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import Network


def diagnose(snapshot: Snapshot, source: str, target: str, endpoint: str = "auto") -> Diagnosis:
    """Whether a source reaches a managed instance, why not, and what mends it.

    Args:
        snapshot: the evidence.
        source: ARM id or name of a VM or NIC, `vnet/subnet`, `ip:ADDRESS`.
        target: ARM id or name of the instance, or the server name as the application has it.
        endpoint: auto | vnet-local | private | public.

    Raises InputError where source or target do not fit the evidence. A connection string as target gives its server only.
    """
    target = named_server(target)
    first = look(Network(attributed(snapshot, source)), source, target, endpoint)
    listed = findings(first)
    repair, later = (None, []) if first.verdict is Verdict.REACHABLE else repair_of(first, source, target, endpoint)
    root = next((f.fault for f in listed if f.explains_verdict), None)
    for one in later:
        if (one.fault, one.resource) not in {(f.fault, f.resource) for f in listed}:
            listed.append(one)
    return Diagnosis(
        verdict=first.verdict,
        scenario=scenario_of(first),
        endpoint=first.question.endpoint if first.question else ("vnet-local" if endpoint == "auto" else endpoint),
        source=first.source,
        target=first.target,
        root_cause=root,
        findings=tuple(listed),
        traces=first.traces,
        gaps=gaps_of(first),
        repair=repair,
        confidence_notes=notes_on(first),
        headline=_headline(first, listed),
        at_source=_at_source(first, source, target, endpoint),
    )


def named_server(typed: str) -> str:
    """The target without what else somebody pasted with it. Raises InputError where a paste names no server."""
    server = server_of(typed)
    if typed.strip() and not server:
        raise InputError("What was given as target names no server.", remedy="Give the server name alone.")
    return server


def _at_source(first: Look, source: str, target: str, endpoint: str) -> AtSource:
    """What was seen at the source, beside a look at the configuration alone."""
    if first.question is None or not first.network.snapshot.observations:
        return AtSource()
    alone = look(configuration_alone(first.network, first.question), source, target, endpoint, checked=False)
    return at_source(first.network, first.question, alone.question, alone.traces)


def _headline(seen: Look, listed: list[Finding]) -> str:
    name = seen.source.name or seen.source.typed
    target = seen.target.name or seen.target.typed
    if seen.verdict is Verdict.REACHABLE:
        return f"{name} can reach {target}: every rule and route on the way there and back lets it through."
    if seen.verdict is Verdict.BLOCKED:
        root = next((f for f in listed if f.explains_verdict), None)
        stop = next((t for t in seen.traces if t.verdict is Verdict.BLOCKED), None)
        decided = stop.stop if stop is not None else None
        own = decided is not None and decided.kind == "client" and stop is not None and stop.direction == "return"
        way = " on the way back" if stop is not None and stop.direction == "return" and not own else ""
        return f"{name} cannot reach {target}: the path is cut{way}. {root.says if root else ''}".strip()
    missing = seen.gaps[0].missing if seen.gaps else "evidence"
    return f"Whether {name} can reach {target} is unknown. Missing: {missing}."
