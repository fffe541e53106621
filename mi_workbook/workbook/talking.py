"""Questions to the person at the screen: the start tree and the trees it leads to, with what each answer proves. No widgets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mi_workbook.checks.catalogue import PLACEHOLDER, fault
from mi_workbook.core.errors import InputError
from mi_workbook.core.finding import Diagnosis
from mi_workbook.evidence.explain import Explanation, explain
from mi_workbook.guide.choose import Choice, choices_for_paste
from mi_workbook.guide.scenario import SCENARIOS, Scenario, question_trees, tree
from mi_workbook.guide.walk import Walk, start
from mi_workbook.views.words import KNOWN_BY_ANSWER, SAFETY_WORDS

BEGIN = "start"
MOST_CHOICES = 3


@dataclass(slots=True)
class Talk:
    """The walk through the trees of questions. before: walks of the trees that led here, oldest first.

    read: what a pasted error or connection string showed; the text itself is not kept.
    """

    walk: Walk | None = None
    before: list[Walk] = field(default_factory=list)
    read: Explanation | None = None
    proposed: tuple[Choice, ...] = ()

    def begin(self, tree_id: str) -> None:
        """Ask from the first question of a tree ("" closes the questions). Raises InputError for an unknown tree."""
        if tree_id and tree_id not in question_trees():
            raise InputError("There are no such questions.", remedy="Choose one of the list.")
        self.walk, self.before = (start(tree(tree_id)) if tree_id else None), []

    def answer(self, answer_id: str) -> str:
        """Take an answer; returns the scenario that it leads to, "" while questions are left or the walk ends here.

        A tree that leads to another tree of questions goes on there. Raises InputError where nothing is asked, or no such
        answer is offered.
        """
        if self.walk is None or self.walk.step.is_end:
            raise InputError("Nothing is asked at this moment.", remedy="Begin the questions, or go back to one.")
        self.walk = self.walk.answer(answer_id)
        there = self.walk.step.leads_to if self.walk.step.end == "tree" else ""
        if there and there not in SCENARIOS:
            self.before.append(self.walk)
            self.walk = start(tree(there))
            return ""
        return there

    def revisit(self, number: int) -> None:
        """Back to the question of this number on the trail, whose answer can then be changed. Raises InputError."""
        walks = self._walks()
        at = 0
        for place, walk in enumerate(walks):
            for step, _ in walk.answered:
                if at == number:
                    self.before = walks[:place]
                    self.walk = _until(walk, step)
                    return
                at += 1
        raise InputError("That question was not answered.", remedy="Choose one of the trail.")

    def paste(self, text: str) -> None:
        """Read an error text or a connection string and propose where to go on. Raises InputError for an empty one."""
        self.proposed = choices_for_paste(text)
        self.read = explain(text)

    def shown(self, fits: tuple[Choice, ...], found: Diagnosis | None) -> dict[str, Any]:
        """The panel's values: what can be begun, the trail, the question or the end, and what evidence or a paste propose."""
        walk = self.walk
        return {
            "trees": [["Choose questions ...", ""], *([one.title, one.id] for one in question_trees().values())],
            "tree": walk.scenario.id if walk is not None else "",
            "intro": walk.scenario.intro if walk is not None else "",
            "trail": self._trail(),
            "step": _step(walk) if walk is not None else None,
            "end": self._end(walk, found) if walk is not None and walk.step.is_end else None,
            "read": _read(self.read) if self.read is not None else None,
            "proposed": [_choice(one) for one in self.proposed[:MOST_CHOICES]],
            "fits": [_choice(one) for one in fits[:MOST_CHOICES]],
        }

    def to_list(self) -> list[dict[str, object]]:
        """The walks as plain values, for a session file."""
        return [walk.to_dict() for walk in self._walks()]

    def restore(self, walks: list[Any]) -> None:
        """Give the answers of a session file again. Raises InputError where they do not fit the trees of this version."""
        self.begin("")
        for raw in walks:
            tree_id = str(raw.get("scenario", "")) if isinstance(raw, dict) else ""
            if self.walk is None:
                self.begin(tree_id)
            if self.walk is None or self.walk.scenario.id != tree_id:
                raise InputError("The answers do not fit the questions of this version.", remedy="Answer them again.")
            answered = raw.get("answered")
            for pair in answered if isinstance(answered, list) else ():
                self.answer(str(pair[1]) if isinstance(pair, list) and len(pair) == 2 else "")

    def _walks(self) -> list[Walk]:
        return [*self.before, *([self.walk] if self.walk is not None else [])]

    def _trail(self) -> list[dict[str, str]]:
        found = []
        for walk in self._walks():
            for (step, _), answer in zip(walk.answered, walk.answers, strict=True):
                asked = walk.scenario.step(step).asks
                found.append({"asks": asked, "says": answer.says, "proves": answer.proves})
        return found

    def _end(self, walk: Walk, found: Diagnosis | None) -> dict[str, Any]:
        """Where the questions end: a repair, a request for evidence, an escalation note, or a scenario."""
        step = walk.step
        suspects = walk.answers[-1].suspects if walk.answers else ()
        scenario = step.leads_to if step.end == "tree" else ""
        return {
            "kind": step.end, "look": step.look, "suspects": [_suspect(name) for name in suspects],
            "scenario": scenario, "scenario_title": tree(scenario).title if scenario else "",
            "note": self._note(walk.scenario, found),
        }  # fmt: skip

    def _note(self, asked: Scenario, found: Diagnosis | None) -> str:
        """What was answered, to hand on: questions, answers and what each proves, and the verdict of the evidence."""
        lines = [f"{asked.title}: what was asked and answered", ""]
        lines += [f"- {one['asks']} {one['says']}. {one['proves']}" for one in self._trail()]
        if self.walk is not None and self.walk.answers and self.walk.answers[-1].suspects:
            names = [fault(name) for name in self.walk.answers[-1].suspects]
            lines += ["", "Suspected by these answers, not proved:", *(f"- {one.title} [{one.code}]" for one in names)]
        lines += ["", f"Evidence: {found.headline}" if found is not None else "No evidence was loaded."]
        return "\n".join(lines)


def _until(walk: Walk, step: str) -> Walk:
    """The walk as it was when this step's question was asked."""
    again = start(walk.scenario)
    for at, answer in walk.answered:
        if at == step:
            break
        again = again.answer(answer)
    return again


def _step(walk: Walk) -> dict[str, Any]:
    step = walk.step
    return {
        "id": step.id, "title": step.title, "look": step.look, "why": step.why, "source": step.source, "asks": step.asks,
        "answers": [[one.says, one.id, one.proves] for one in step.answers], "number": len(walk.answered) + 1,
    }  # fmt: skip


def _suspect(name: str) -> dict[str, Any]:
    known = fault(name)
    return {
        "title": known.title, "code": known.code, "says": _open(known.owner_says), "does": _open(known.remedy.does),
        "az": [_open(line) for line in known.remedy.az], "portal": [_open(line) for line in known.remedy.portal],
        "undo": _open(known.remedy.undo),
        "safety": SAFETY_WORDS.get(known.remedy.safety, known.remedy.safety),
        "how": KNOWN_BY_ANSWER if known.shown_by == "person" else "",
    }  # fmt: skip


def _open(text: str) -> str:
    """Words of a fault with the places that evidence would fill shown as <place>."""
    return PLACEHOLDER.sub(r"<\1>", text)


def _choice(one: Choice) -> dict[str, Any]:
    found = tree(one.tree)
    return {"id": one.tree, "title": found.title, "why": list(one.reasons[:4]), "asks": one.tree not in SCENARIOS}


def _read(found: Explanation) -> dict[str, Any]:
    """What a paste showed: servers and flaws of connection strings, the error with what it proves, and the next test."""
    error = found.error if found.error is not None and found.error.understood else None
    servers = [
        f"{string.host or 'no server name'}{f', port {string.port}' if string.port else ''}"
        for string, _ in found.strings
    ]
    return {
        "servers": servers,
        "flaws": [finding.says for _, findings in found.strings for finding in findings],
        "error": error.title if error is not None else "",
        "layer": error.layer if error is not None else "",
        "proves": error.proves if error is not None else "",
        "rules_out": error.rules_out if error is not None else "",
        "next": error.tests[0].does if error is not None and error.tests else "",
        "not_understood": found.error is not None and error is None,
    }
