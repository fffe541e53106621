"""Practice: a broken estate without its answer; the reader names the cause, then sees why. No widgets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mi_workbook.cases import case
from mi_workbook.core.errors import InputError
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.guide.practice import Exercise, Marked, exercises, mark
from mi_workbook.views.table import Cell, Table
from mi_workbook.views.tables import views
from mi_workbook.views.topology import picture, to_svg

# What a reader may look at before choosing: evidence, and no conclusion.
LOOK_AT = (
    "names",
    "source-routes",
    "client-nsg",
    "peerings",
    "gateways",
    "instance-nsg",
    "instance-routes",
    "app",
    "plan",
)


@dataclass(slots=True)
class Practising:
    """The exercise at hand, the choice and what came of it, and how many were right."""

    on: bool = False
    scenario: str = ""
    number: int = 0
    exercise: Exercise | None = None
    chosen: str = ""
    marked: Marked | None = None
    right: int = 0
    done: int = 0

    def begin(self, scenario: str) -> None:
        """The first exercise of a scenario ("" for all). Raises InputError where it has none."""
        found = exercises(scenario)
        if not found:
            raise InputError("There is no exercise for this scenario.", remedy="Choose another one.")
        self.on, self.scenario, self.number, self.right, self.done = True, scenario, 0, 0, 0
        self._show()

    def next(self) -> None:
        """The next exercise; after the last one the first again."""
        self.number += 1
        self._show()

    def choose(self, fault: str) -> None:
        """Name the cause. The first choice counts. Raises InputError without an exercise and for a fault that is no choice."""
        if self.exercise is None or self.marked is not None:
            raise InputError("Nothing is asked at this moment.", remedy="Take the next exercise.")
        self.marked = mark(self.exercise.case, fault)
        self.chosen = fault
        self.done += 1
        self.right += self.marked.right

    def close(self) -> None:
        """Put the exercises away."""
        self.on, self.exercise, self.marked = False, None, None

    def _show(self) -> None:
        found = exercises(self.scenario)
        self.exercise, self.chosen, self.marked = found[self.number % len(found)], "", None

    def shown(self) -> dict[str, Any] | None:
        """The panel's values, None while it is closed."""
        if not self.on or self.exercise is None:
            return None
        task = self.exercise
        return {
            "number": self.number % len(exercises(self.scenario)) + 1, "of": len(exercises(self.scenario)),
            "source": task.source, "target": task.target, "choices": [[title, fault] for fault, title in task.choices],
            "chosen": self.chosen, "right": self.right, "done": self.done,
            "marked": self._marked() if self.marked is not None else None,
        }  # fmt: skip

    def tables(self) -> dict[str, Table]:
        """The evidence of the exercise as tables, without marks: they would name the cause."""
        if not self.on or self.exercise is None:
            return {}
        one = case(self.exercise.case)
        snapshot = one.snapshot()
        found = views(snapshot, diagnose(snapshot, one.source, one.target, one.endpoint))
        return {f"practice-{name}": _unmarked(found[name]) for name in LOOK_AT if name in found and found[name].rows}

    def _marked(self) -> dict[str, Any]:
        found = self.marked
        assert found is not None and self.exercise is not None
        one = case(self.exercise.case)
        drawn = picture(one.snapshot(), found.diagnosis)
        return {
            "right": found.right, "title": found.title, "why": found.why, "not_chosen": found.not_chosen,
            "case": one.id, "case_title": one.title, "story": one.story, "svg": to_svg(drawn) if drawn is not None else "",
            "evidence": [[e.document, e.pointer, str(e.value)[:300]] for e in found.evidence[:5]],
        }  # fmt: skip


def _unmarked(table: Table) -> Table:
    return Table(table.title, table.columns, tuple(tuple(Cell(cell.text) for cell in row) for row in table.rows))
