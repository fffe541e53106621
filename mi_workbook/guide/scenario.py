"""Scenario and Step: decision trees read from scenarios/*.toml and checked whole."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mi_workbook.core.errors import InputError

FOLDER = Path(__file__).parent / "scenarios"
VIEWS = frozenset(
    {
        "topology",
        "path",
        "findings",
        "gaps",
        "source-routes",
        "instance-routes",
        "client-nsg",
        "instance-nsg",
        "peerings",
        "gateways",
        "names",
        "repair",
        "app",
        "plan",
    }
)
EXITS = ("reachable", "blocked", "unknown")
KINDS = frozenset({"name", "nsg", "route", "peering", "gateway", "appliance", "client", "instance", "endpoint",
                   "integration"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what to look at and why, the decisions it judges, what it shows, an exit for every verdict."""

    id: str
    title: str
    look: str
    why: str
    source: str
    decisions: tuple[str, ...]
    direction: str
    at: str
    shows: tuple[str, ...]
    exits: dict[str, str]

    @property
    def is_end(self) -> bool:
        """True where the walk ends."""
        return not self.exits


@dataclass(frozen=True, slots=True)
class Scenario:
    """A decision tree; the first step is where the walk starts."""

    id: str
    title: str
    seed: str
    intro: str
    steps: tuple[Step, ...]

    def step(self, step_id: str) -> Step:
        """The step of this id."""
        return next(step for step in self.steps if step.id == step_id)


@cache
def all_scenarios() -> dict[str, Scenario]:
    """Every scenario by id. Raises InputError with all mistakes of a file."""
    found = [load_text(file.read_text(encoding="utf-8"), file.name) for file in sorted(FOLDER.glob("*.toml"))]
    return {scenario.id: scenario for scenario in found}


def load_text(text: str, name: str) -> Scenario:
    """A scenario from its text. Raises InputError that lists all its mistakes at once."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"It is not valid TOML: {error}.", file=name, remedy="Mend the line named.") from None
    steps = tuple(_step(raw) for raw in data.get("step", []))
    scenario = Scenario(
        str(data.get("id", "")),
        str(data.get("title", "")),
        str(data.get("seed", "")),
        str(data.get("intro", "")),
        steps,
    )
    mistakes = list(_mistakes(scenario))
    if mistakes:
        raise InputError("; ".join(mistakes), file=name, remedy="Mend all of them.")
    return scenario


def _step(raw: dict[str, Any]) -> Step:
    return Step(
        id=str(raw.get("id", "")),
        title=str(raw.get("title", "")),
        look=str(raw.get("look", "")),
        why=str(raw.get("why", "")),
        source=str(raw.get("source", "")),
        decisions=tuple(raw.get("decisions", ())),
        direction=str(raw.get("direction", "any")),
        at=str(raw.get("at", "any")),
        shows=tuple(raw.get("shows", ())),
        exits=dict(raw.get("next", {})),
    )


def _mistakes(scenario: Scenario) -> Iterator[str]:
    ids = [step.id for step in scenario.steps]
    if not scenario.id or not ids:
        yield "no id or no steps"
        return
    yield from (f"step {one} stands twice" for one in sorted({i for i in ids if ids.count(i) > 1}))
    for step in scenario.steps:
        yield from _of_step(step, set(ids))
    yield from (f"step {lost} is never reached" for lost in sorted(set(ids) - _reached(scenario)))
    yield from _circles(scenario)


def _of_step(step: Step, ids: set[str]) -> Iterator[str]:
    yield from (f"{step.id}: {part} is empty" for part in ("title", "look", "why", "source") if not getattr(step, part))
    yield from (f"{step.id}: view {view} is not known" for view in step.shows if view not in VIEWS)
    yield from (f"{step.id}: decision {kind} is not known" for kind in step.decisions if kind not in KINDS)
    if step.exits:
        yield from (f"{step.id}: no exit for {verdict}" for verdict in EXITS if verdict not in step.exits)
        yield from (
            f"{step.id}: leads to {there}, which does not exist" for there in step.exits.values() if there not in ids
        )


def _reached(scenario: Scenario) -> set[str]:
    known = {step.id: step for step in scenario.steps}
    found, waiting = set(), [scenario.steps[0].id]
    while waiting:
        here = waiting.pop()
        if here not in found and here in known:
            found.add(here)
            waiting += known[here].exits.values()
    return found


def _circles(scenario: Scenario) -> Iterator[str]:
    order = {step.id: position for position, step in enumerate(scenario.steps)}
    for step in scenario.steps:
        for there in step.exits.values():
            if order.get(there, len(order)) <= order[step.id]:
                yield f"{step.id}: leads back to {there}"
