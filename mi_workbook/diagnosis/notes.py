"""What an answer says about its own limits: notes of its decisions, and those of `notes.toml` that belong to the question."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from mi_workbook.diagnosis.filling import with_name
from mi_workbook.diagnosis.looking import Look
from mi_workbook.evidence.template import NO_SUBSCRIPTION
from mi_workbook.reach.admin_rules import rests_on_absence

FILE = Path(__file__).with_name("notes.toml")


def notes_on(seen: Look) -> tuple[str, ...]:
    """All notes, each once, in order; the last one is always what no configuration shows."""
    own = (note for trace in seen.traces for decision in trace.decisions for note in decision.notes)
    return tuple(dict.fromkeys((*own, *(with_name(seen, _texts()[name]) for name in _fitting(seen)))))


def _fitting(seen: Look) -> Iterator[str]:
    if seen.question is not None and seen.question.endpoint == "vnet-local":
        kind = seen.question.instance.connection_type.lower()
        if kind == "redirect":
            yield "redirect"
        elif kind != "proxy":
            yield "connection-type"
    if seen.question is not None and seen.question.instance.id.startswith(NO_SUBSCRIPTION):
        yield "template"
    if seen.question is not None and _leaves_by_groups(seen) and rests_on_absence(seen.network, seen.question.subnet):
        yield "admin-rules"
    if seen.source.kind == "app":
        yield "web-app"
    if seen.source.kind == "subnet":
        yield "no-nic"
    yield "not-checked"


def _leaves_by_groups(seen: Look) -> bool:
    """Whether security groups of the source's subnet were asked: admin rules of its VNet would come before them."""
    return any(d.kind == "nsg" and d.toward == "Outbound" for trace in seen.traces for d in trace.decisions)


@cache
def _texts() -> dict[str, str]:
    data = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {name: str(entry["says"]) for name, entry in data.items()}
