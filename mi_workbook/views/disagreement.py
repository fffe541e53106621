"""A walk through a disagreement of configuration and test: as a table, as text, and what to do next in one sentence."""

from __future__ import annotations

from typing import Any

from mi_workbook.core.finding import Diagnosis
from mi_workbook.guide.follow_up import Taken, commands, follow_up, open_steps, suspects, taken
from mi_workbook.views.table import Table
from mi_workbook.views.words import LOOK_WORDS, VERDICT_SIGNS


def following(found: Diagnosis, way: list[Taken]) -> str:
    """What to do next: where the walk ends and who must act, else the first command that was not answered yet."""
    end = way[-1].step
    if end.end == "repair" or not open_steps(way):
        return f"{end.title}. {end.who}: {end.look}"
    first = _open_command(found, way)
    if first is None:
        return f"{end.title}. {end.who}: {end.look}"
    title, place, run = first
    return f"{title} Run on {place}: {run} - then paste its output on this page."


def _open_command(found: Diagnosis, way: list[Taken]) -> tuple[str, str, str] | None:
    for one in open_steps(way):
        ready = commands(one.step, found)
        if ready:
            return one.step.title, ready[0].place, ready[0].run
    return None


def walk_table(found: Diagnosis) -> Table | None:
    """Every step that was taken: what the evidence says, and the commands where it says nothing; None without a disagreement."""
    tree = follow_up(found)
    if tree is None:
        return None
    rows: list[tuple[object, ...]] = []
    for one in taken(found):
        if one.verdict is None:
            says = " ".join([one.step.look, *(f"Suspected: {name}." for name in suspects(one.step))])
            rows.append((one.step.title, "the walk ends here", says, f"Must act: {one.step.who}"))
            continue
        runs = [f"{ready.place}: {ready.run}" for ready in commands(one.step, found)]
        word = f"{VERDICT_SIGNS[one.verdict]} {LOOK_WORDS[one.verdict]}"
        rows.append((one.step.title, word, one.says, "\n".join(runs) if one.verdict.value == "unknown" else ""))
    return Table.of(tree.title, ("Step", "Outcome", "What the evidence says", "Command, or who must act"), rows)


def walk_json(found: Diagnosis) -> dict[str, Any] | None:
    """The walk as plain values: tree, steps with outcome, words and commands, and its end; None without a disagreement."""
    tree = follow_up(found)
    if tree is None:
        return None
    *steps, last = taken(found)
    return {
        "tree": tree.id, "title": tree.title,
        "steps": [
            {
                "id": one.step.id, "title": one.step.title, "verdict": one.verdict.value if one.verdict else None,
                "says": one.says,
                "commands": [{"place": ready.place, "at": ready.at, "run": ready.run, "reads": ready.reads}
                             for ready in commands(one.step, found)],
            }
            for one in steps
        ],
        "end": {
            "id": last.step.id, "kind": last.step.end, "title": last.step.title, "who": last.step.who,
            "does": last.step.look, "suspects": list(last.step.suspects), "leads_to": last.step.leads_to,
        },
    }  # fmt: skip
