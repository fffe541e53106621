"""What is said of the proof of a repair is true, and the same, on the screen, in the report, its summary and the terminal."""

import json
import re
from dataclasses import replace

import pytest

from mi_workbook.cases import Case, all_cases, case
from mi_workbook.cli import main
from mi_workbook.core.finding import Diagnosis, Repair
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.guide.scenario import all_scenarios
from mi_workbook.views.html import escape, md
from mi_workbook.views.proof import after_repair, proof, sign
from mi_workbook.views.report import summary, to_html, to_markdown
from mi_workbook.workbook.screen import screen
from mi_workbook.workbook.state import State

TRIED = re.compile(r"(?<!Whether the repair was )(tried|proved) on (a|the) model", re.IGNORECASE)
NOT_TRIED = (
    "Nothing was found",
    "Nothing stops it",
    "Not tried on the model",
    "Not proved: the repair cannot be tried",
)
ALL = pytest.mark.parametrize("one", all_cases(), ids=lambda c: c.id)


def answered(one: Case) -> Diagnosis:
    """The diagnosis of a built-in case."""
    return diagnose(one.snapshot(), one.source, one.target, one.endpoint)


@ALL
def test_the_sentence_is_what_the_repair_showed(one: Case) -> None:
    """Proved only where it was; tried only where a change was tried; reachable only where the model said so."""
    found = answered(one)
    says, repair = proof(found), found.repair
    assert says.startswith("Proved on the model") is (repair is not None and repair.proved)
    assert says.startswith(NOT_TRIED) is (repair is None)
    assert ("it is reachable" in says) is (repair is not None and repair.verdict_after is Verdict.REACHABLE)
    if repair is not None:
        assert all(name in says for name in repair.faults)
        assert not any(name in proof(found, owner=True) for name in repair.faults)
    assert (sign(found) == "✓") is (repair is not None and repair.proved)


@ALL
def test_every_place_says_that_sentence_and_no_other(one: Case, capsys: pytest.CaptureFixture[str]) -> None:
    """Screen at both depths and at every step, HTML, Markdown, summary, terminal."""
    state = State()
    state.open_case(one.id)
    found, held = state.diagnosis, state.snapshot
    assert found is not None and held is not None
    for state.depth in ("engineer", "owner"):
        says = proof(found, owner=state.depth == "owner")
        for step, _ in state.visits():
            state.visit(step)
            shown = screen(state)
            repairs = [part for part in shown["parts"] if part["kind"] == "repair"]
            assert [part["proof"] for part in repairs] == [says] * len(repairs)
            rest = json.dumps(shown, ensure_ascii=False).replace(json.dumps(says, ensure_ascii=False)[1:-1], "")
            assert not TRIED.search(rest), TRIED.search(rest)
        told = shown["cause"] and shown["cause"]["proof"]
        assert not told or told == says or told.startswith("Must act")
    says = proof(found)
    for text, shown_as in ((to_html(found, held), escape(says)), (to_markdown(found, held), md(says))):
        assert shown_as in text
        own = proof(found, owner=True)
        rest = text.replace(shown_as, "").replace(escape(own), "").replace(md(own), "")
        assert not TRIED.search(rest), TRIED.search(rest)
    if found.verdict is Verdict.BLOCKED:
        assert proof(found, owner=True) in summary(found)
    main(["diagnose", f"case:{one.id}"])
    printed = " ".join(capsys.readouterr().out.split())
    assert says in printed or says.startswith("Nothing was found")
    assert not TRIED.search(printed.replace(says, ""))


@ALL
def test_what_must_be_seen_afterwards_is_what_the_model_showed(one: Case) -> None:
    """The verdict is promised to turn only where the model showed it; a repair of others is not the reader's to apply."""
    found = answered(one)
    if found.verdict is not Verdict.BLOCKED:
        return
    for live in (False, True):
        says = after_repair(found, live=live)
        whole = found.repair is not None and found.repair.proved and found.repair.verdict_after is Verdict.REACHABLE
        assert ("the verdict must turn" in says) is whole
        assert ("verify" in says) is live
        root = next(f for f in found.findings if f.explains_verdict)
        assert ("or have it done by" in says) is (root.remedy.safety == "other-team")


def test_what_no_built_in_case_shows() -> None:
    """Others that would lose their way, a further stop behind the repair, and the client's own side."""
    found = answered(case("peering-missing"))
    assert found.repair is not None

    def after(**changes: object) -> Diagnosis:
        repair: Repair = replace(found.repair, **changes)  # type: ignore[type-var]
        return replace(found, repair=repair)

    lost = after(proved=False, breaks=("snet-web", "snet-jobs"))
    assert "snet-web, snet-jobs would lose the way" in proof(lost) and "Do not apply it" in proof(lost)
    assert after_repair(lost, live=False).startswith("Settle first how snet-web, snet-jobs")
    side = after(proved=False, breaks=("snet-web",), verdict_after=Verdict.UNKNOWN)
    assert "it is reachable" not in proof(side)
    further = after(proved=False, minimal=False)
    assert proof(further).startswith("Not proved") and "something else that blocks" in proof(further)
    assert "must turn" not in after_repair(further, live=False)


def test_no_step_of_a_tree_claims_that_something_was_tried() -> None:
    """Its words are the same for every diagnosis, so they can only say where that stands."""
    steps = [step for tree in all_scenarios().values() for step in tree.steps]
    assert len(steps) > 50
    for step in steps:
        assert not TRIED.search(f"{step.title} {step.look} {step.why}"), step.id
    assert sum("Whether the repair was tried" in step.why for step in steps) == len(all_scenarios())
