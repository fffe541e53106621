"""Answers about more than one path: who can reach an instance, what changed between two snapshots."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mi_workbook.core.finding import Diagnosis
from mi_workbook.diagnosis.compare import Comparison, Difference
from mi_workbook.diagnosis.reach import Group, Reach, name_of
from mi_workbook.views.text import SIGNS, line

if TYPE_CHECKING:
    from rich.console import Console

MOST_NAMED = 12
MOST_SHOWN = 40


def render_reach(answer: Reach, console: Console) -> None:
    """Groups of sources, each with its cause."""
    line(console, f"Who can reach {answer.target.fqdn or answer.target.name}", "bold")
    for group in answer.groups:
        sign, colour = SIGNS[group.verdict]
        named = ", ".join(name_of(place) for place in group.sources[:MOST_NAMED])
        more = f" and {len(group.sources) - MOST_NAMED} more" if len(group.sources) > MOST_NAMED else ""
        cause = f" [{group.fault}]" if group.fault else ""
        line(console, f"\n{sign} {group.verdict.value.upper()}{cause}: {len(group.sources)}", f"bold {colour}")
        line(console, f"  {named}{more}")
        if group.says:
            line(console, f"  {group.says}", "dim")
        if group.gap is not None:
            line(console, f"  Get it: {group.gap.how}", "dim")


def reach_json(answer: Reach) -> dict[str, Any]:
    """The document mi-workbook/reach/1."""
    return {
        "schema": "mi-workbook/reach/1",
        "target": {"id": answer.target.id, "name": answer.target.name, "fqdn": answer.target.fqdn},
        "groups": [_group(group) for group in answer.groups],
    }


def _group(group: Group) -> dict[str, Any]:
    gap = group.gap
    return {
        "verdict": group.verdict.value,
        "fault": group.fault or None,
        "resource": group.resource or None,
        "says": group.says,
        "gap": {"missing": gap.missing, "why": gap.why, "how": gap.how} if gap else None,
        "sources": [{"kind": p.kind, "id": p.id, "name": p.name, "address": p.address} for p in group.sources],
    }


def render_compare(answer: Comparison, console: Console) -> None:
    """Both verdicts, the changes that turned it, and the others in short."""
    for title, diagnosis in (("Before", answer.before), ("After", answer.after)):
        sign, colour = SIGNS[diagnosis.verdict]
        line(console, f"{title}: {sign} {diagnosis.verdict.value.upper()}  {diagnosis.headline}", f"bold {colour}")
    if answer.proved:
        line(console, "\nWhat turned it (put into the first snapshot alone it gives the second verdict):", "bold")
    elif answer.decisive:
        line(console, "\nThe answer changed; which of these values did it could not be narrowed down:", "bold")
    else:
        line(console, "\nThe answer is the same.", "bold")
    for one in answer.decisive[:MOST_SHOWN]:
        line(console, f"  {_words(one)}", "red")
    others = [one for one in answer.differences if one not in answer.decisive]
    if others:
        line(console, f"\nOther differences: {len(others)}", "dim")
    for one in others[:MOST_SHOWN]:
        line(console, f"  {_words(one)}", "dim")


def _words(one: Difference) -> str:
    if one.pointer == "":
        return f"{one.resource} {'appeared' if one.before is None else 'is gone'}"
    return f"{one.resource} {one.pointer}: {_short(one.before)} -> {_short(one.after)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 160 else f"{text[:157]}..."


def compare_json(answer: Comparison) -> dict[str, Any]:
    """The document mi-workbook/compare/1."""
    return {
        "schema": "mi-workbook/compare/1",
        "before": _answer(answer.before),
        "after": _answer(answer.after),
        "proved": answer.proved,
        "decisive": [_difference(one) for one in answer.decisive],
        "differences": [_difference(one) for one in answer.differences],
    }


def _answer(diagnosis: Diagnosis) -> dict[str, Any]:
    return {"verdict": diagnosis.verdict.value, "root_cause": diagnosis.root_cause, "headline": diagnosis.headline}


def _difference(one: Difference) -> dict[str, Any]:
    return {"resource": one.resource, "pointer": one.pointer, "before": one.before, "after": one.after}
