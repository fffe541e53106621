"""Every walk from every answer ends; a broken tree is refused with all its mistakes."""

import itertools

import pytest
from trees import mistakes, step_text, tree_text

from mi_workbook.cases import all_cases
from mi_workbook.core.verdict import Verdict
from mi_workbook.guide.scenario import all_scenarios
from mi_workbook.guide.walk import start
from mi_workbook.workbook.state import State

ENDS = {"reachable": "healthy", "blocked": "repair", "unknown": "collect"}


@pytest.mark.parametrize("scenario", all_scenarios().values(), ids=lambda s: s.id)
def test_every_walk_ends(scenario: object) -> None:
    """Whatever the steps answer, the walk ends in a repair, a request for evidence or the healthy end."""
    steps = len(scenario.steps)  # type: ignore[attr-defined]
    for first_bad, verdict in itertools.product(range(steps), Verdict):
        walk = start(scenario)  # type: ignore[arg-type]
        for position in range(steps):
            walk = walk.advance(verdict if position == first_bad else Verdict.REACHABLE)
        assert walk.step.is_end
        assert walk.back().at != walk.at


@pytest.mark.parametrize("case", all_cases(), ids=lambda c: c.id)
def test_walk_of_each_case_ends_as_its_verdict_says(case: object) -> None:
    """Blocked ends at the repair, unknown at the list of missing evidence, reachable at the healthy end."""
    state = State()
    state.open_case(case.id)  # type: ignore[attr-defined]
    assert state.diagnosis is not None
    first, *others = [one.step for one in state.taken() if one.step.is_end]
    assert len(others) == bool(state.diagnosis.at_source.disagreement)
    assert state.at == [first, *others][-1].id
    # Beside a test that disagrees, the scenario ends as far as the configuration alone leads; the tree of the disagreement goes on.
    assert first.id == ENDS[case.verdict] or (others and case.verdict != "reachable")  # type: ignore[attr-defined]


def test_all_mistakes_of_a_tree_are_told_at_once() -> None:
    """Unknown views, missing exits, exits to nowhere and lost steps stand in one message."""
    told = mistakes(
        tree_text(step_text("a", 'shows = ["moon"]', 'next = { reachable = "nowhere" }'), '[[step]]\nid = "b"')
    )
    for words in ("moon", "no exit for blocked", "nowhere", "b is never reached", "b: title is empty"):
        assert words in told


def test_broken_peering_is_found_at_the_step_about_the_peering() -> None:
    """The rules that deny for want of a peering do not stop the walk before its own step."""
    state = State()
    state.open_case("peering-missing")
    assert state.visits()[-2:] == [("peering", Verdict.BLOCKED), ("repair", None)]


def test_bad_upload_keeps_the_evidence_and_says_why() -> None:
    """An unreadable upload changes nothing but the message."""
    state = State()
    state.open_case("peering-missing")
    before = state.diagnosis
    state.open_files([("broken.json", b"[{")])
    assert "broken.json" in state.error
    assert before is state.diagnosis
