"""Documentation pages of the catalogue, made from its data: docs/faults/<id>.md and an index.

Texts are data of this package, so nothing in them is a user's; angle brackets of placeholders are set as code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mi_workbook.cases import all_cases
from mi_workbook.checks.catalogue import PLACEHOLDER, alias_reasons, load
from mi_workbook.core.finding import Fault
from mi_workbook.guide.scenario import all_scenarios, question_trees

SHOWN_BY = {
    "evidence": "The configuration or an observation shows it.",
    "paste": "Pasted output, a connection string or an error text shows it.",
    "person": "Only a person can know it; the guide asks.",
}
SEVERITIES = {
    "blocks": "nothing gets through",
    "degrades": "some clients or some attempts fail",
    "risk": "works today",
    "info": "good to know",
}


def pages() -> dict[str, str]:
    """Every page by file name: one for each fault, and index.md."""
    faults = sorted(load().values(), key=lambda fault: fault.id)
    return {f"{fault.id}.md": _page(fault) for fault in faults} | {"index.md": _index(faults)}


def write(folder: Path) -> None:
    """Write all pages into the folder; pages of faults that are gone are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    made = pages()
    for old in folder.glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")


def _index(faults: list[Fault]) -> str:
    rows = [f"| [{f.id}]({f.id}.md) | {f.code} | {f.severity} | {f.shown_by} | {_words(f.title)} |" for f in faults]
    aliases = [
        f"| {alias} | [{f.id}]({f.id}.md) | {alias_reasons().get(alias, '')} |" for f in faults for alias in f.aliases
    ]
    head = ["# Faults", "", "Made from the catalogue by `python docs/build.py`.", ""]
    table = ["| fault | code | severity | shown by | what it is |", "| --- | --- | --- | --- | --- |", *rows, ""]
    other = ["## Other names", "", "| name | fault | why |", "| --- | --- | --- |", *aliases, ""]
    return "\n".join([*head, *table, *other])


def _page(fault: Fault) -> str:
    remedy = fault.remedy
    return "\n".join(
        [
            f"# {_words(fault.title)}",
            "",
            f"`{fault.id}` · {fault.code} · **{fault.severity}**: {SEVERITIES[fault.severity]}",
            "",
            f"**For the network's side.** {_words(fault.says)}",
            "",
            f"**For the application's owner.** {_words(fault.owner_says)}",
            "",
            "## How it shows",
            "",
            SHOWN_BY[fault.shown_by],
            "",
            *_listed(_where(fault)),
            "## Remedy",
            "",
            f"{_words(remedy.does)} (safety: {remedy.safety})",
            "",
            *_code("Azure CLI", "bash", remedy.az),
            *_code("PowerShell", "powershell", remedy.powershell),
            *_listed(_words(step) for step in remedy.portal),
            f"**Undo.** {_words(remedy.undo)}",
            "",
            "## Sources",
            "",
            *_listed(fault.sources),
        ]
    )


def _where(fault: Fault) -> Iterator[str]:
    """Evidence that is read, cases that show it, questions that lead to it, other names."""
    yield from (f"Reads `{kind}`" for kind in fault.needs)
    yield from (f"Case `{case.id}`: {case.title}" for case in all_cases() if fault.id in case.faults)
    for tree in (*all_scenarios().values(), *question_trees().values()):
        for step in tree.steps:
            for answer in (one for one in step.answers if fault.id in one.suspects):
                yield f"Question “{step.asks}” ({tree.title}), answer “{answer.says}”"
    yield from (f"Also named `{alias}`: {alias_reasons().get(alias, '')}" for alias in fault.aliases)


def _listed(lines: Iterator[str] | tuple[str, ...]) -> list[str]:
    made = [f"- {line}" for line in lines]
    return [*made, ""] if made else []


def _code(title: str, language: str, commands: tuple[str, ...]) -> list[str]:
    if not commands:
        return []
    return [f"{title}:", "", f"```{language}", *(PLACEHOLDER.sub(r"<\1>", line) for line in commands), "```", ""]


def _words(text: str) -> str:
    """Placeholders as code, so that no reader takes <name> for markup."""
    return re.sub(r"(?<!`)<([^<>\n]+)>", r"`<\1>`", PLACEHOLDER.sub(r"<\1>", text))
