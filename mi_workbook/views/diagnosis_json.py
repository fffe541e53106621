"""A Diagnosis as the stable JSON document mi-workbook/diagnosis/1."""

from __future__ import annotations

import dataclasses
from typing import Any

from mi_workbook.core.evidence import Evidence
from mi_workbook.core.finding import Diagnosis, Finding, Place
from mi_workbook.core.ranges import show_addresses, show_ports
from mi_workbook.core.trace import Decision, Trace
from mi_workbook.views.disagreement import walk_json

SCHEMA = "mi-workbook/diagnosis/1"


def diagnosis_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """The document; its members only grow within one schema version."""
    return {
        "schema": SCHEMA,
        "verdict": diagnosis.verdict.value,
        "headline": diagnosis.headline,
        "scenario": diagnosis.scenario,
        "endpoint": diagnosis.endpoint,
        "source": _place(diagnosis.source),
        "target": _place(diagnosis.target),
        "root_cause": diagnosis.root_cause,
        "findings": [_finding(found) for found in diagnosis.findings],
        "traces": [_trace(trace) for trace in diagnosis.traces],
        "gaps": [{"missing": gap.missing, "why": gap.why, "how": gap.how} for gap in diagnosis.gaps],
        "repair": _repair(diagnosis) if diagnosis.repair else None,
        "confidence_notes": list(diagnosis.confidence_notes),
        "at_source": dataclasses.asdict(diagnosis.at_source),
        "disagreement": walk_json(diagnosis),
    }


def _place(place: Place) -> dict[str, str]:
    return {
        "kind": place.kind, "id": place.id, "name": place.name, "address": place.address, "subnet": place.subnet,
        "vnet": place.vnet, "typed": place.typed,
    }  # fmt: skip


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {"document": evidence.document, "pointer": evidence.pointer, "value": evidence.value}


def _finding(found: Finding) -> dict[str, Any]:
    remedy = found.remedy
    return {
        "fault": found.fault,
        "code": found.code,
        "title": found.title,
        "severity": found.severity,
        "resource": found.resource,
        "evidence": [_evidence(e) for e in found.evidence],
        "says": found.says,
        "owner_says": found.owner_says,
        "explains_verdict": found.explains_verdict,
        "remedy": {
            "does": remedy.does, "az": list(remedy.az), "powershell": list(remedy.powershell),
            "portal": list(remedy.portal), "safety": remedy.safety, "undo": remedy.undo,
        },
        "sources": list(found.sources),
    }  # fmt: skip


def _trace(trace: Trace) -> dict[str, Any]:
    stop = trace.stop
    return {
        "flow": {
            "source": show_addresses(trace.flow.source), "destination": show_addresses(trace.flow.destination),
            "protocol": trace.flow.protocol, "ports": show_ports(trace.flow.ports),
        },
        "direction": trace.direction,
        "verdict": trace.verdict.value,
        "cause": stop.cause.value if stop and stop.cause else None,
        "hops": [{"at": hop.at, "decisions": [_decision(d) for d in hop.decisions]} for hop in trace.hops],
    }  # fmt: skip


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "kind": decision.kind, "by": decision.by, "rule": decision.rule, "result": decision.result.value,
        "why": decision.why, "evidence": [_evidence(e) for e in decision.evidence],
    }  # fmt: skip


def _repair(diagnosis: Diagnosis) -> dict[str, Any] | None:
    repair = diagnosis.repair
    if repair is None:
        return None
    theirs = {f.fault for f in diagnosis.findings if f.remedy.safety == "other-team"}
    return {
        "proved": repair.proved,
        "minimal": repair.minimal,
        "faults": list(repair.faults),
        "breaks": list(repair.breaks),
        "by_others": [name for name in repair.faults if name in theirs],
        "changes": [{"document": c.document, "pointer": c.pointer, "value": c.value} for c in repair.changes],
        "verdict_after": repair.verdict_after.value,
    }
