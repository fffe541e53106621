"""Practice: the cause is among the choices, nothing gives it away, and the answer comes with its evidence."""

from collections import Counter

import pytest

from mi_workbook.core.errors import InputError
from mi_workbook.guide.practice import CHOICES, exercise, exercises, mark

ALL = exercises()


@pytest.mark.parametrize("one", ALL, ids=lambda e: e.case)
def test_each_choice_is_answered_with_the_cause_and_its_evidence(one: object) -> None:
    """Exactly one choice is right; a wrong one is told why it is not it; both see the evidence that decides."""
    marks = [mark(one.case, chosen) for chosen, _ in one.choices]  # type: ignore[attr-defined]
    assert len(marks) == CHOICES
    assert [m.right for m in marks].count(True) == 1
    for m in marks:
        assert m.evidence and m.why
        assert bool(m.not_chosen) != m.right


def test_the_place_among_the_choices_tells_nothing() -> None:
    """Over all exercises the cause stands at every place, and the same exercise is always the same."""
    places = Counter([m.right for m in (mark(e.case, c) for c, _ in e.choices)].index(True) for e in ALL)
    assert set(places) == set(range(CHOICES))
    assert exercise("peering-missing") == exercise("peering-missing")


def test_exercises_of_one_scenario() -> None:
    """A scenario narrows the exercises to its own."""
    assert {e.scenario for e in exercises("hub-spoke")} == {"hub-spoke"}


def test_what_is_no_exercise_is_bad_input() -> None:
    """A sound case, an unknown case and a fault that was no choice are refused."""
    for bad in ("same-vnet-healthy", "moon"):
        with pytest.raises(InputError):
            exercise(bad)
    with pytest.raises(InputError, match="no choice"):
        mark("peering-missing", "moon")
