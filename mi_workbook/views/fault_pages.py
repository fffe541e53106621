"""Documentation pages of the catalogue, made from its data: docs/faults/<id>.md and an index.

Texts are data of this package, so nothing in them is a user's; angle brackets of placeholders are set as code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache

from mi_workbook.cases import Case, all_cases
from mi_workbook.checks.catalogue import PLACEHOLDER, alias_reasons, load
from mi_workbook.core.finding import Fault, Finding
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.guide.scenario import all_scenarios, question_trees
from mi_workbook.network.resource_id import last
from mi_workbook.views.pages import words

DETAIL = "{detail}"
MOST_VALUES, MOST_VALUE = 4, 120


def pages() -> dict[str, str]:
    """Every page by file name: one for each fault, and index.md."""
    faults = sorted(load().values(), key=lambda fault: fault.id)
    return {f"{fault.id}.md": _page(fault) for fault in faults} | {"index.md": _index(faults)}


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
    remedy, shown = fault.remedy, example(fault.id)
    # Words that are all detail say nothing without a network: the example's stand in their place.
    says = f"For example: {shown[1].says}" if shown and DETAIL in fault.says else fault.says
    return "\n".join(
        [
            f"# {_words(fault.title)}",
            "",
            f"`{fault.id}` · {fault.code} · **{fault.severity}**: {words('severities')[fault.severity]}",
            "",
            f"**For the network's side.** {_words(says)}",
            "",
            f"**For the application's owner.** {_words(fault.owner_says)}",
            "",
            "## How it shows",
            "",
            words("shown_by")[fault.shown_by],
            "",
            *_listed(_where(fault)),
            *(_example(*shown) if shown else []),
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


@cache
def example(fault_id: str) -> tuple[Case, Finding] | None:
    """A built-in case that shows the fault, best as its root cause, with what the diagnosis says there; None without one."""
    showing = [one for one in all_cases() if fault_id in one.faults]
    for one in sorted(showing, key=lambda one: one.root_cause != fault_id):
        found = diagnose(one.snapshot(), one.source, one.target, one.endpoint).findings
        said = next((f for f in found if f.fault == fault_id), None)
        if said is not None:
            return one, said
    return None


def _example(one: Case, said: Finding) -> list[str]:
    """What the diagnosis says about a case: its words, the values it rests on, the command as it would be run."""
    values = [f"`{last(e.document)}{e.pointer}` is `{_value(e.value)}`" for e in said.evidence[:MOST_VALUES]]
    return [
        "## Example", "",
        f"Case `{one.id}`, asked from `{one.source}` to `{one.target}`. {_words(said.says)}", "",
        *_listed(tuple(values)),
        *_code("The repair there", "bash", said.remedy.az),
    ]  # fmt: skip


def _value(value: object) -> str:
    """A value of the evidence as its file has it, its beginning where it is long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_VALUE else f"{text[:MOST_VALUE]} …"


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
