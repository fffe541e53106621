"""Subject (what checks look at), Found (what they find), and the words for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from mi_workbook.checks.catalogue import fault as known_fault
from mi_workbook.checks.catalogue import fill, fill_command
from mi_workbook.core.evidence import Evidence
from mi_workbook.core.finding import Change, Finding, Remedy
from mi_workbook.core.trace import Decision, Hop, Trace
from mi_workbook.network.network import Network
from mi_workbook.network.resource_id import last, segment
from mi_workbook.reach.question import Question


@dataclass(frozen=True, slots=True)
class Subject:
    """One question with the traces that answer it."""

    network: Network
    question: Question
    traces: tuple[Trace, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A fault at a resource, with its evidence, the values for its words, and what would mend it on the model."""

    fault: str
    resource: str
    evidence: tuple[Evidence, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    decision: Decision | None = None
    severity: str = ""


Explain = Callable[[Subject, Trace, Hop, Decision], Found]
"""Turns the decision that stops a packet, with where it was met, into its fault."""


def plain(fault: str, decision: Decision, **values: str) -> Found:
    """The fault at what decided, with that decision's evidence; nothing that mends it yet."""
    return Found(fault, decision.by, decision.evidence, values, decision=decision)


def finding(subject: Subject, found: Found, explains: bool) -> Finding:
    """The finding with its words filled in."""
    known = known_fault(found.fault)
    values = {**_common(subject, found), **found.values}
    return Finding(
        fault=known.id,
        code=known.code,
        severity=found.severity or known.severity,
        resource=found.resource,
        says=fill(known.says, values),
        owner_says=fill(known.owner_says, values),
        evidence=found.evidence,
        explains_verdict=explains,
        remedy=_filled(known.remedy, values),
        sources=known.sources,
        title=known.title,
        changes=found.changes,
    )


def _filled(remedy: Remedy, values: Mapping[str, str]) -> Remedy:
    return replace(
        remedy,
        does=fill(remedy.does, values),
        az=tuple(fill_command(text, values, "az") for text in remedy.az),
        powershell=tuple(fill_command(text, values, "powershell") for text in remedy.powershell),
        portal=tuple(fill(text, values) for text in remedy.portal),
        undo=fill(remedy.undo, values),
    )


def _common(subject: Subject, found: Found) -> dict[str, str]:
    """Values any fault's words may use, taken from the question and from the resource's id."""
    question, instance = subject.question, subject.question.instance
    vnet = subject.network.vnet(question.subnet.vnet_id)
    return {
        "resource": found.resource,
        "name": last(found.resource),
        "detail": found.decision.why if found.decision else "",
        "source": last(question.at),
        "target": instance.fqdn or instance.name,
        "mi": instance.name,
        "subscription": segment(found.resource, "subscriptions"),
        "group": segment(found.resource, "resourceGroups"),
        "vnet": segment(found.resource, "virtualNetworks") or vnet.name,
        "subnet": last(instance.subnet_id),
        "nsg": segment(found.resource, "networkSecurityGroups"),
        "rt": segment(found.resource, "routeTables"),
        "peering": segment(found.resource, "virtualNetworkPeerings"),
        "rule": found.decision.rule if found.decision else "",
        "route": found.decision.rule if found.decision else "",
    }
