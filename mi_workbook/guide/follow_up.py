"""Where Azure's configuration and a test at the source disagree: the tree that goes on, the walk through it, its commands.

Pure, and the same for the same diagnosis and the same answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mi_workbook.checks.catalogue import PLACEHOLDER, fault, fill_command
from mi_workbook.core.finding import Diagnosis
from mi_workbook.core.verdict import Verdict
from mi_workbook.guide.scenario import Run, Scenario, Step, disagreement_trees
from mi_workbook.guide.walk import Walk, outcome, start

ON_WORDS = {
    "windows": "Windows PowerShell", "linux": "Linux shell", "macos": "macOS Terminal", "app-windows": "the app's console (Kudu, Windows)",
    "app-linux": "the app's console (SSH, Linux)", "azure": "Azure Cloud Shell",
}  # fmt: skip
WHERE_WORDS = {
    "source": "at the source", "control": "on a VM inside the instance's VNet", "appliance": "on the appliance itself", "cloud": "wherever az is signed in",
}  # fmt: skip
BY_APP = frozenset({"app-windows", "app-linux"})
OF_A_VM = frozenset({"vm", "nic"})


@dataclass(frozen=True, slots=True)
class Ready:
    """A command that can be run as it stands. place: where, in words; at: source | control | appliance | cloud."""

    place: str
    run: str
    reads: str
    at: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was taken: what the evidence says in words, its verdict, and the answer of a person where one counted.

    verdict: None at the end of the walk.
    """

    step: Step
    verdict: Verdict | None
    says: str = ""
    answer: str = ""


def follow_up(diagnosis: Diagnosis) -> Scenario | None:
    """The tree for this disagreement, None where configuration and tests do not disagree."""
    return disagreement_trees().get(diagnosis.at_source.disagreement)


def taken(diagnosis: Diagnosis, said: Mapping[str, str] | None = None) -> list[Taken]:
    """Every step on the way through the follow-up, the end last; [] where there is none.

    said: answers of a person by step. Evidence comes first: an answer counts only where evidence leaves its step unknown.
    """
    tree = follow_up(diagnosis)
    if tree is None:
        return []
    walk, found = start(tree), []
    while not walk.step.is_end:
        one, walk = _on(walk, diagnosis, said or {})
        found += [one] if one.step.only != "app" or _in_app(diagnosis) else []
    return [*found, Taken(walk.step, None)]


def _on(walk: Walk, diagnosis: Diagnosis, said: Mapping[str, str]) -> tuple[Taken, Walk]:
    step, result = walk.step, outcome(walk.step, diagnosis)
    says = " ".join(look.says for look in diagnosis.at_source.looks if look.look in step.looks)
    given = next((one for one in step.answers if one.id == said.get(step.id)), None)
    if result is Verdict.UNKNOWN and given is not None:
        return Taken(step, given.means, says, given.says), walk.answer(given.id)
    return Taken(step, result, says), walk.advance(result)


def commands(step: Step, diagnosis: Diagnosis) -> list[Ready]:
    """The commands of a step for this source, filled in and quoted for their shell.

    Those of an Azure VM or its interface are left out for any other source.
    """
    in_app, values = _in_app(diagnosis), dict(diagnosis.at_source.asked)
    fitting = [one for one in step.commands if one.where != "source" or (one.on in BY_APP) is in_app]
    return [_ready(one, values) for one in fitting if not OF_A_VM & set(PLACEHOLDER.findall(one.run)) - set(values)]


def _in_app(diagnosis: Diagnosis) -> bool:
    return "/microsoft.web/sites/" in diagnosis.source.id.lower()


def _ready(one: Run, values: Mapping[str, str]) -> Ready:
    shell = "powershell" if one.on == "windows" else "bash"
    return Ready(
        f"{ON_WORDS[one.on]}, {WHERE_WORDS[one.where]}", fill_command(one.run, values, shell), one.reads, one.where
    )


def open_steps(steps: list[Taken]) -> list[Taken]:
    """Steps that evidence left unknown and that have a command: what to run next, in the packet's order."""
    return [one for one in steps if one.verdict is Verdict.UNKNOWN and one.step.commands]


def suspects(step: Step) -> list[str]:
    """Titles of the faults that an end points at."""
    return [f"{fault(name).title} [{fault(name).code}]" for name in step.suspects]
