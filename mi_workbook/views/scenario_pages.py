"""Documentation pages of the scenarios and of the trees for a disagreement: docs/scenarios/<id>.md and an index."""

from __future__ import annotations

from mi_workbook.cases import Case, all_cases
from mi_workbook.core.verdict import Verdict
from mi_workbook.guide.follow_up import ON_WORDS, WHERE_WORDS, suspects
from mi_workbook.guide.scenario import Run, Scenario, Step, all_scenarios, disagreement_trees
from mi_workbook.views.pages import words
from mi_workbook.views.words import LOOK_WORDS


def pages() -> dict[str, str]:
    """Every page by file name: one for each scenario, one for each tree of a disagreement, and index.md."""
    found, apart = list(all_scenarios().values()), list(disagreement_trees().values())
    made = {f"{one.id}.md": _page(one) for one in found} | {f"{one.id}.md": _apart(one) for one in apart}
    return made | {"index.md": _index(found, apart)}


def _index(found: list[Scenario], apart: list[Scenario]) -> str:
    counts = {one.id: len(_cases(one)) for one in found}
    rows = [f"| [{one.title}]({one.id}.md) | `{one.id}` | {counts[one.id]} |" for one in found]
    head = ["# Scenarios", "", "Where the application is, and how it is joined to the instance. "
            "Made from the decision trees by `python docs/build.py`.", ""]  # fmt: skip
    further = [
        "", "## Where the configuration and a test disagree", "",
        "The walk goes on from there, step by step, with the command for each place.", "",
        *(f"- [{one.title}]({one.id}.md)" for one in apart),
    ]  # fmt: skip
    return "\n".join(
        [*head, "| where the application is | scenario | built-in cases |", "| --- | --- | ---: |", *rows, *further, ""]
    )


def _apart(one: Scenario) -> str:
    """The page of a disagreement: its steps, what to run, and who must act at its ends."""
    steps = [line for number, step in enumerate(one.steps, 1) for line in _step(one, number, step)]
    return "\n".join([f"# {one.title}", "", one.intro, "", "## Steps", "", *steps])


def _page(one: Scenario) -> str:
    steps = [line for number, step in enumerate(one.steps, 1) for line in _step(one, number, step)]
    shown = [f"| `{case.id}` | {case.title} | {case.verdict} | {_faults(case)} |" for case in _cases(one)]
    table = ["| case | what it is | verdict | faults |", "| --- | --- | --- | --- |", *shown]
    return "\n".join([
        f"# {one.title}", "", one.intro, "", f"Scenario `{one.id}`.", "",
        "## Steps", "", *steps,
        "## Built-in cases", "", *(table if shown else ["None."]), "",
    ])  # fmt: skip


def _step(one: Scenario, number: int, step: Step) -> list[str]:
    """A step: what to look at, why, what each answer leads to."""
    lines = [f"### {number}. {step.title}", "", f"**Look at.** {step.look}", "", f"**Why.** {step.why}", ""]
    if step.decisions:
        kinds, way = ", ".join(step.decisions), words("directions").get(step.direction, step.direction)
        lines += [f"Judged from the evidence: {kinds}, {way}.", ""]
    told = LOOK_WORDS if step.looks else {verdict: verdict.value for verdict in Verdict}
    lines += [f"- {told[Verdict(verdict)]}: {one.step(there).title}" for verdict, there in step.exits.items()]
    lines += [f"- “{answer.says}”: {answer.proves}" for answer in step.answers]
    lines += [f"**Must act.** {step.who}.", ""] if step.who else []
    lines += [f"Suspected: {', '.join(suspects(step))}.", ""] if step.suspects else []
    lines += [words("ends")[step.end]] if step.is_end else []
    return [*lines, *(line for run in step.commands for line in _command(run)), "", f"Source: {step.source}", ""]


def _command(run: Run) -> list[str]:
    """A command with its place; what is filled in stands as {name}."""
    return ["", f"{ON_WORDS[run.on]}, {WHERE_WORDS[run.where]}:", "", "```text", run.run, "```"]


def _cases(one: Scenario) -> list[Case]:
    return [case for case in all_cases() if case.scenario == one.id]


def _faults(case: Case) -> str:
    return ", ".join(f"[{fault}](../faults/{fault}.md)" for fault in case.faults)
