"""The walk through a scenario: pure, and the same for the same diagnosis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mi_workbook.core.finding import Diagnosis
from mi_workbook.core.trace import Decision
from mi_workbook.core.verdict import Verdict, along
from mi_workbook.guide.scenario import Scenario, Step
from mi_workbook.network.resource_id import key
from mi_workbook.reach.path import round_trips


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a person is in a scenario, and the steps taken so far with their outcome."""

    scenario: Scenario
    at: str
    taken: tuple[tuple[str, str], ...] = ()

    @property
    def step(self) -> Step:
        """The step at hand."""
        return self.scenario.step(self.at)

    def advance(self, verdict: Verdict) -> Walk:
        """The walk after this step had that outcome; a walk at its end stays there."""
        if self.step.is_end:
            return self
        return Walk(self.scenario, self.step.exits[verdict.value], (*self.taken, (self.at, verdict.value)))

    def back(self) -> Walk:
        """The walk one step earlier; at the start it stays there."""
        return Walk(self.scenario, self.taken[-1][0], self.taken[:-1]) if self.taken else self

    def to_dict(self) -> dict[str, object]:
        """The walk as plain values, for a session file."""
        return {"scenario": self.scenario.id, "at": self.at, "taken": [list(pair) for pair in self.taken]}


def start(scenario: Scenario) -> Walk:
    """A walk at the scenario's first step."""
    return Walk(scenario, scenario.steps[0].id)


def outcome(step: Step, diagnosis: Diagnosis) -> Verdict:
    """What the evidence says about one step: the first of its decisions that does not let the packet on.

    What lies behind the decision that made the verdict is not asked: the packet did not get there.
    """
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
