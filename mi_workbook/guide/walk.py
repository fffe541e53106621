"""The walk through a scenario: pure, and the same for the same diagnosis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mi_workbook.core.errors import InputError
from mi_workbook.core.finding import Diagnosis
from mi_workbook.core.trace import Decision
from mi_workbook.core.verdict import Verdict, along
from mi_workbook.guide.scenario import DO_NOT_KNOW, Answer, Scenario, Step
from mi_workbook.network.resource_id import key
from mi_workbook.reach.path import round_trips


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a person is in a scenario, the steps taken so far with their outcome, and the answers given on the way.

    taken: pairs of step id and verdict, of evidence or of what an answer means; answered: pairs of step id and answer id.
    """

    scenario: Scenario
    at: str
    taken: tuple[tuple[str, str], ...] = ()
    answered: tuple[tuple[str, str], ...] = ()

    @property
    def step(self) -> Step:
        """The step at hand."""
        return self.scenario.step(self.at)

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answers given so far, in order."""
        return tuple(_chosen(self.scenario.step(step), answer) for step, answer in self.answered)

    @property
    def suspects(self) -> tuple[str, ...]:
        """Faults that the answers point at, those of the latest answer first."""
        return tuple(dict.fromkeys(fault for answer in reversed(self.answers) for fault in answer.suspects))

    def advance(self, verdict: Verdict) -> Walk:
        """The walk after this step had that outcome; a walk at its end stays there.

        Evidence answers no question: a step that only asks is left as if the person did not know.
        """
        if self.step.is_end:
            return self
        if not self.step.exits:
            return self.answer(DO_NOT_KNOW)
        there = self.step.exits[verdict.value]
        return Walk(self.scenario, there, (*self.taken, (self.at, verdict.value)), self.answered)

    def answer(self, answer_id: str) -> Walk:
        """The walk after the person gave this answer. Raises InputError where the step has no such answer."""
        chosen = _chosen(self.step, answer_id)
        taken = (*self.taken, (self.at, chosen.means.value))
        return Walk(self.scenario, chosen.next, taken, (*self.answered, (self.at, answer_id)))

    def back(self) -> Walk:
        """The walk one step earlier; at the start it stays there."""
        if not self.taken:
            return self
        there = self.taken[-1][0]
        kept = tuple(pair for pair in self.answered if pair[0] != there)
        return Walk(self.scenario, there, self.taken[:-1], kept)

    def to_dict(self) -> dict[str, object]:
        """The walk as plain values, for a session file."""
        return {"scenario": self.scenario.id, "at": self.at, "taken": [list(pair) for pair in self.taken],
                "answered": [list(pair) for pair in self.answered]}  # fmt: skip


def _chosen(step: Step, answer_id: str) -> Answer:
    found = next((answer for answer in step.answers if answer.id == answer_id), None)
    if found is None:
        known = ", ".join(answer.id for answer in step.answers) or "none: it asks nothing"
        raise InputError(f"Step {step.id} has no answer '{answer_id}'.", remedy=f"Its answers: {known}.")
    return found


def start(scenario: Scenario) -> Walk:
    """A walk at the scenario's first step."""
    return Walk(scenario, scenario.steps[0].id)


def outcome(step: Step, diagnosis: Diagnosis) -> Verdict:
    """What the evidence says about one step: the first of its decisions that does not let the packet on.

    What lies behind the decision that made the verdict is not asked: the packet did not get there. A step of a disagreement
    is judged by its looks.
    """
    if step.looks:
        return along(one.verdict for one in diagnosis.at_source.looks if one.look in step.looks)
    met = {id(decision) for decision in _met(diagnosis)}
    results = [
        decision.result
        for trace in diagnosis.traces
        if step.direction in {"any", trace.direction}
        for hop in trace.hops
        if step.at == "any" or (key(hop.at) == key(diagnosis.source.id)) == (step.at == "source")
        for decision in hop.decisions
        if id(decision) in met and decision.kind in step.decisions and not _follows(decision, diagnosis)
    ]
    return along(results) if results else _without(diagnosis)


def _met(diagnosis: Diagnosis) -> Iterator[Decision]:
    """Decisions of each connection, there and back, up to the first that does not let the packet on.

    Where rules deny only since the networks are not connected, the way is followed to that.
    """
    for trip in round_trips(diagnosis.traces):
        for decision in (d for trace in trip for d in trace.decisions):
            yield decision
            if decision.result is not Verdict.REACHABLE and not _follows(decision, diagnosis):
                break


CONNECTING = ("peer-", "gt-", "rt-lng-", "pe-zone-", "pe-dns-")


def _follows(decision: Decision, diagnosis: Diagnosis) -> bool:
    """True for a rule that denies only since the networks are not connected: that step is the place to look."""
    other = any(d.kind != "nsg" and d.result is Verdict.BLOCKED for t in diagnosis.traces for d in t.decisions)
    return decision.kind == "nsg" and other and (diagnosis.root_cause or "").startswith(CONNECTING)


def _without(diagnosis: Diagnosis) -> Verdict:
    """No decision of this kind was met: fine on a whole path, unknown where the path could not be followed."""
    return Verdict.REACHABLE if diagnosis.traces else Verdict.UNKNOWN
