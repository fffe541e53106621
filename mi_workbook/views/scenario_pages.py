"""Documentation pages of the scenarios, made from their decision trees: docs/scenarios/<id>.md and an index."""

from __future__ import annotations

from mi_workbook.cases import Case, all_cases
from mi_workbook.guide.scenario import Scenario, Step, all_scenarios
from mi_workbook.views.pages import words


def pages() -> dict[str, str]:
    """Every page by file name: one for each scenario, and index.md."""
    found = list(all_scenarios().values())
    return {f"{one.id}.md": _page(one) for one in found} | {"index.md": _index(found)}


def _index(found: list[Scenario]) -> str:
    counts = {one.id: len(_cases(one)) for one in found}
    rows = [f"| [{one.title}]({one.id}.md) | `{one.id}` | {counts[one.id]} |" for one in found]
    head = ["# Scenarios", "", "Where the application is, and how it is joined to the instance. "
            "Made from the decision trees by `python docs/build.py`.", ""]  # fmt: skip
    return "\n".join(
        [*head, "| where the application is | scenario | built-in cases |", "| --- | --- | ---: |", *rows, ""]
    )


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
    lines += [f"- {verdict}: {one.step(there).title}" for verdict, there in step.exits.items()]
    lines += [f"- “{answer.says}”: {answer.proves}" for answer in step.answers]
    lines += [words("ends")[step.end]] if step.is_end else []
    return [*lines, "", f"Source: {step.source}", ""]


def _cases(one: Scenario) -> list[Case]:
    return [case for case in all_cases() if case.scenario == one.id]


def _faults(case: Case) -> str:
    return ", ".join(f"[{fault}](../faults/{fault}.md)" for fault in case.faults)
