"""Documentation pages of the scenarios, made from their decision trees: docs/scenarios/<id>.md and an index."""

from __future__ import annotations

from pathlib import Path

from mi_workbook.cases import Case, all_cases
from mi_workbook.guide.scenario import Scenario, Step, all_scenarios

DIRECTIONS = {"forward": "on the way there", "return": "on the way back", "any": "on both ways"}
ENDS = {
    "repair": "Here the walk ends with the repair.",
    "evidence": "Here the walk ends with what is missing and how to get it.",
    "escalation": "Here the walk ends; what Azure shows lets it through.",
    "tree": "Here the walk goes on in another tree.",
}


def pages() -> dict[str, str]:
    """Every page by file name: one for each scenario, and index.md."""
    found = list(all_scenarios().values())
    return {f"{one.id}.md": _page(one) for one in found} | {"index.md": _index(found)}


def write(folder: Path) -> None:
    """Write all pages into the folder; pages of scenarios that are gone are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    made = pages()
    for old in folder.glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")


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
        kinds = ", ".join(step.decisions)
        lines += [f"Judged from the evidence: {kinds}, {DIRECTIONS.get(step.direction, step.direction)}.", ""]
    lines += [f"- {verdict}: {one.step(there).title}" for verdict, there in step.exits.items()]
    lines += [f"- “{answer.says}”: {answer.proves}" for answer in step.answers]
    lines += [ENDS[step.end]] if step.is_end else []
    return [*lines, "", f"Source: {step.source}", ""]


def _cases(one: Scenario) -> list[Case]:
    return [case for case in all_cases() if case.scenario == one.id]


def _faults(case: Case) -> str:
    return ", ".join(f"[{fault}](../faults/{fault}.md)" for fault in case.faults)
