"""Which feature fits, as a questionnaire with the features ranked beside it."""

from __future__ import annotations

from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.guide.features import questionnaire, rank, unanswered
from mi_workbook.views.app_plans import fit_table, limits_table
from mi_workbook.workbook.form import Answer, Field, Form, Values


def form() -> Form:
    """The form: the questions; the answer is the features side by side, with reasons, limits and cost drivers."""
    return Form(
        "features",
        "Which way to the instance fits this app?",
        "Answer what you know. Features that can serve come first, those that cannot come last with the reason.",
        "Compare",
        "none",
        _fields,
        _answer,
    )


def _fields(_: Snapshot, __: Values) -> tuple[Field, ...]:
    questions = questionnaire()[1]
    return tuple(
        Field(one.id, one.text, "radio", tuple((option.text, option.id) for option in one.options)) for one in questions
    )


def _answer(_: Snapshot, values: Values) -> Answer:
    answers = {name: value for name, value in values.items() if value}
    ranked, left = rank(answers), len(unanswered(answers))
    tables = (fit_table(answers), limits_table(answers))
    if not answers:
        return Answer("Nothing was answered yet: the features stand in no order.", "open", tables)
    best = [one for one in ranked if not one.excluded]
    if not best:
        return Answer("None of these features can serve all of that.", "bad", tables)
    first = [one.feature.title for one in best if one.points == best[0].points]
    says = f"Fits best so far: {' or '.join(first)}." if left else f"Fits best: {' or '.join(first)}."
    return Answer(says, "open" if left or len(first) > 1 else "good", tables)
