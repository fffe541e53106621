"""Scenario, Step and Answer: decision trees read from TOML and checked whole.

scenarios/*.toml are judged by evidence, one for each place an application can stand. disagreements/*.toml go on where that
evidence and a test at the source do not fit together. start.toml and questions/*.toml ask a person what no evidence shows;
they lead to a scenario, a repair, a request for evidence or an escalation note.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mi_workbook.checks.catalogue import known_ids
from mi_workbook.core.errors import InputError
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.looks import LOOKS
from mi_workbook.evidence.pastes.formats import FORMATS

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
        "beside",
        "told",
    }
)
START = Path(__file__).parent / "start.toml"
QUESTIONS = Path(__file__).parent / "questions"
DISAGREEMENTS = Path(__file__).parent / "disagreements"
CONSOLES = ("windows", "linux", "macos", "app-windows", "app-linux", "azure")
WHERE = ("source", "control", "appliance", "cloud")
SCENARIOS = frozenset(
    {
        "same-vnet",
        "vnet-peering",
        "private-endpoint",
        "vnet-to-vnet",
        "on-premises-vpn",
        "on-premises-expressroute",
        "developer-box",
        "hub-spoke",
        "app-service",
        "app-service-gateway",
        "public-endpoint",
        "hybrid-connection",
    }
)
ENDS = frozenset({"repair", "evidence", "escalation", "tree"})
USUAL_ENDS = {"repair": ("repair", ""), "collect": ("evidence", ""), "healthy": ("escalation", "client")}
DO_NOT_KNOW = "unknown"
EXITS = ("reachable", "blocked", "unknown")
# Formats of pasted output, and what is read besides: a resource as JSON of az, and this product's own probe.
READERS = frozenset({parser.KIND for parser in FORMATS} | {"resource", "probe"})
KINDS = frozenset({"name", "nsg", "route", "peering", "gateway", "appliance", "client", "instance", "endpoint",
                   "integration"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person may answer: its words, what it proves, the step it leads to, the faults it points at.

    means: what the answer says of the step, as evidence would.
    """

    id: str
    says: str
    proves: str
    next: str
    suspects: tuple[str, ...] = ()
    means: Verdict = Verdict.UNKNOWN


@dataclass(frozen=True, slots=True)
class Run:
    """A command of a step. on: one of CONSOLES; where: one of WHERE; reads: the format that understands its output."""

    on: str
    run: str
    reads: str
    where: str = "source"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what to look at and why, the decisions it judges, what it shows, an exit for every verdict.

    A step may ask a person (`asks`, `answers`) besides or in place of being judged by evidence (`decisions`, `exits`).
    A step that ends the walk has an `end`: repair | evidence | escalation | tree. `leads_to` is the tree or scenario
    to go on with, "" for none. Of a disagreement: `looks` judge it, `commands` give what they lack, `who` must act at an
    end; `only` "app" for a step that is shown for web apps alone.
    """

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
    asks: str = ""
    answers: tuple[Answer, ...] = ()
    end: str = ""
    leads_to: str = ""
    looks: tuple[str, ...] = ()
    commands: tuple[Run, ...] = ()
    who: str = ""
    suspects: tuple[str, ...] = ()
    only: str = ""

    @property
    def is_end(self) -> bool:
        """True where the walk ends."""
        return not self.exits and not self.answers

    @property
    def ways(self) -> tuple[str, ...]:
        """Every step this one can lead to."""
        return (*self.exits.values(), *(answer.next for answer in self.answers))


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


@cache
def question_trees() -> dict[str, Scenario]:
    """Every tree that asks a person, by id, "start" among them. Raises InputError with all mistakes of a file."""
    files = [START, *sorted(QUESTIONS.glob("*.toml"))]
    found = [load_text(file.read_text(encoding="utf-8"), file.name) for file in files]
    return {tree.id: tree for tree in found}


@cache
def disagreement_trees() -> dict[str, Scenario]:
    """Every tree for a configuration and a test that disagree, by id. Raises InputError with all mistakes of a file."""
    found = [load_text(file.read_text(encoding="utf-8"), file.name) for file in sorted(DISAGREEMENTS.glob("*.toml"))]
    return {one.id: one for one in found}


def tree(tree_id: str) -> Scenario:
    """A scenario, a tree of questions or one for a disagreement. Raises InputError where there is none of that id."""
    known_trees = {**all_scenarios(), **question_trees(), **disagreement_trees()}
    found = known_trees.get(tree_id)
    if found is None:
        known = ", ".join(sorted(known_trees))
        raise InputError(f"There is no scenario '{tree_id}'.", remedy=f"Known: {known}.")
    return found


def load_text(text: str, name: str) -> Scenario:
    """A scenario from its text. Raises InputError that lists all its mistakes at once."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"It is not valid TOML: {error}.", file=name, remedy="Mend the line named.") from None
    steps = tuple(_step(raw) for raw in _list(data.get("step")) if isinstance(raw, dict))
    scenario = Scenario(
        str(data.get("id", "")),
        str(data.get("title", "")),
        str(data.get("seed", "")),
        str(data.get("intro", "")),
        steps,
    )
    mistakes = [*_badly_typed(data), *_mistakes(scenario)]
    if mistakes:
        raise InputError("; ".join(mistakes), file=name, remedy="Mend all of them.")
    return scenario


def _step(raw: dict[str, Any]) -> Step:
    step_id = str(raw.get("id", ""))
    moves_on = raw.get("next") or raw.get("answers")
    end, leads_to = ("", "") if moves_on else USUAL_ENDS.get(step_id, ("", ""))
    return Step(
        id=step_id,
        title=str(raw.get("title", "")),
        look=str(raw.get("look", "")),
        why=str(raw.get("why", "")),
        source=str(raw.get("source", "")),
        decisions=_words(raw.get("decisions")),
        direction=str(raw.get("direction", "any")),
        at=str(raw.get("at", "any")),
        shows=_words(raw.get("shows")),
        exits={str(verdict): str(to) for verdict, to in raw["next"].items()}
        if isinstance(raw.get("next"), dict)
        else {},
        asks=str(raw.get("asks", "")),
        answers=tuple(_answer(one) for one in _list(raw.get("answers")) if isinstance(one, dict)),
        end=str(raw.get("end", end)),
        leads_to=str(raw.get("leads_to", leads_to)),
        looks=_words(raw.get("looks")),
        commands=tuple(_run(one) for one in _list(raw.get("commands")) if isinstance(one, dict)),
        who=str(raw.get("who", "")),
        suspects=_words(raw.get("suspects")),
        only=str(raw.get("only", "")),
    )


def _run(raw: dict[str, Any]) -> Run:
    on, run, reads = (str(raw.get(name, "")) for name in ("on", "run", "reads"))
    return Run(on, run, reads, str(raw.get("where", "source")))


def _answer(raw: dict[str, Any]) -> Answer:
    means = str(raw.get("means", "unknown"))
    return Answer(
        id=str(raw.get("id", "")),
        says=str(raw.get("says", "")),
        proves=str(raw.get("proves", "")),
        next=str(raw.get("next", "")),
        suspects=_words(raw.get("suspects")),
        means=Verdict(means) if means in EXITS else Verdict.UNKNOWN,
    )


def _words(value: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in _list(value))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _badly_typed(data: dict[str, Any]) -> Iterator[str]:
    """Answers that say a verdict there is none of, and things that are no tables or lists."""
    steps = data.get("step", [])
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        yield "step is not a list of tables"
    for step in (one for one in _list(steps) if isinstance(one, dict)):
        yield from _badly_typed_step(step)
        yield from _badly_typed_answers(step)


def _badly_typed_step(step: dict[str, Any]) -> Iterator[str]:
    name = step.get("id")
    lists = ("decisions", "shows", "answers", "looks", "commands", "suspects")
    yield from (f"{name}: {part} is not a list" for part in lists if not isinstance(step.get(part, []), list))
    if not all(isinstance(one, str) for part in ("decisions", "shows") for one in _list(step.get(part))):
        yield f"{name}: decisions and shows are lists of texts"
    exits = step.get("next", {})
    if not isinstance(exits, dict) or not all(isinstance(there, str) for there in exits.values()):
        yield f"{name}: next is not a table of texts"


def _badly_typed_answers(step: dict[str, Any]) -> Iterator[str]:
    name = step.get("id")
    for answer in _list(step.get("answers")):
        if not isinstance(answer, dict):
            yield f"{name}: an answer is not a table"
        elif answer.get("means", "unknown") not in EXITS:
            yield f"{name}: answer {answer.get('id')} means {answer['means']}, which is no verdict"
        if isinstance(answer, dict) and not isinstance(answer.get("suspects", []), list):
            yield f"{name}: suspects of answer {answer.get('id')} is not a list"


def _mistakes(scenario: Scenario) -> Iterator[str]:
    ids = [step.id for step in scenario.steps]
    if not scenario.id or not ids:
        yield "no id or no steps"
        return
    yield from (f"step {one} stands twice" for one in sorted({i for i in ids if ids.count(i) > 1}))
    for step in scenario.steps:
        yield from _of_step(step, set(ids))
        yield from _of_answers(step, set(ids))
        yield from _of_end(step)
    yield from (f"step {lost} is never reached" for lost in sorted(set(ids) - _reached(scenario)))
    yield from _circles(scenario)


def _of_step(step: Step, ids: set[str]) -> Iterator[str]:
    yield from (f"{step.id}: {part} is empty" for part in ("title", "look", "why", "source") if not getattr(step, part))
    yield from (f"{step.id}: view {view} is not known" for view in step.shows if view not in VIEWS)
    yield from (f"{step.id}: decision {kind} is not known" for kind in step.decisions if kind not in KINDS)
    yield from _of_disagreement(step)
    if step.exits:
        yield from (f"{step.id}: no exit for {verdict}" for verdict in EXITS if verdict not in step.exits)
        yield from (
            f"{step.id}: leads to {there}, which does not exist" for there in step.exits.values() if there not in ids
        )


def _of_disagreement(step: Step) -> Iterator[str]:
    yield from (f"{step.id}: look {look} is not known" for look in step.looks if look not in LOOKS)
    yield from (f"{step.id}: fault {fault} is not known" for fault in step.suspects if fault not in known_ids())
    yield from (mistake for one in step.commands for mistake in _of_command(step, one))
    if step.only not in {"", "app"}:
        yield f"{step.id}: only {step.only} is not known"


def _of_command(step: Step, one: Run) -> Iterator[str]:
    if one.on not in CONSOLES or one.where not in WHERE:
        yield f"{step.id}: a command on {one.on or 'nothing'} at {one.where} is not known"
    if not one.run or one.reads not in READERS:
        yield f"{step.id}: command {one.run[:40] or 'of nothing'} has no reader ({one.reads or 'none'})"


def _of_answers(step: Step, ids: set[str]) -> Iterator[str]:
    if bool(step.asks) != bool(step.answers):
        yield f"{step.id}: a question and its answers go together"
    given = [answer.id for answer in step.answers]
    if step.answers and DO_NOT_KNOW not in given:
        yield f"{step.id}: no answer '{DO_NOT_KNOW}'"
    yield from (f"{step.id}: answer {one} stands twice" for one in sorted({i for i in given if given.count(i) > 1}))
    for answer in step.answers:
        name = f"{step.id}: answer {answer.id or '?'}"
        yield from (f"{name} has no {part}" for part in ("id", "says", "proves") if not getattr(answer, part))
        if answer.next not in ids:
            yield f"{name} leads to {answer.next or 'nothing'}, which does not exist"
        yield from (f"{name}: fault {fault} is not known" for fault in answer.suspects if fault not in known_ids())


def _of_end(step: Step) -> Iterator[str]:
    if not step.is_end:
        if step.end or step.leads_to:
            yield f"{step.id}: goes on and ends"
        return
    if step.end not in ENDS:
        yield f"{step.id}: a dead end ({step.end or 'no end'} is none of {', '.join(sorted(ENDS))})"
    if step.end == "tree" and not step.leads_to:
        yield f"{step.id}: leads to no tree"
    if step.leads_to and step.leads_to not in SCENARIOS and not (QUESTIONS / f"{step.leads_to}.toml").is_file():
        yield f"{step.id}: leads to tree {step.leads_to}, which does not exist"


def _reached(scenario: Scenario) -> set[str]:
    known = {step.id: step for step in scenario.steps}
    found, waiting = set(), [scenario.steps[0].id]
    while waiting:
        here = waiting.pop()
        if here not in found and here in known:
            found.add(here)
            waiting += known[here].ways
    return found


def _circles(scenario: Scenario) -> Iterator[str]:
    order = {step.id: position for position, step in enumerate(scenario.steps)}
    for step in scenario.steps:
        for there in step.ways:
            if order.get(there, len(order)) <= order[step.id]:
                yield f"{step.id}: leads back to {there}"
