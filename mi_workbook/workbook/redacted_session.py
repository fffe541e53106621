"""A session file to hand on: its evidence and its question under pseudonyms, answers and place as they were."""

from __future__ import annotations

import json

from mi_workbook.diagnosis.redacted import asked_again, compared, refuse_other_answers
from mi_workbook.evidence.redaction import Redacted, Redactor
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.workbook.saved import resume, save
from mi_workbook.workbook.state import State

OPENED = "redacted evidence"
PATIENCE = 5.0  # seconds, for somebody who waits at a screen


def handed_on(state: State) -> str:
    """The document to hand on from the screen. Raises InputError where its question, or another path, would read otherwise."""
    redactor = Redactor()
    text, given = redacted_session(state, redactor)
    if state.snapshot is not None and state.diagnosis is not None:
        asked_again(redactor, given.snapshot, state.diagnosis, state.endpoint)
        refuse_other_answers(compared(state.snapshot, given.snapshot, redactor, PATIENCE))
    return text


def open_session(name: str, data: bytes) -> State:
    """The walk that a session file holds. Raises InputError for a file that is damaged or of another version."""
    state = State()
    resume(state, name, data)
    return state


def redacted_session(state: State, redactor: Redactor) -> tuple[str, Redacted]:
    """The session's document under pseudonyms, and what was done. Answers are ids of questions and of their choices.

    Without evidence there is nothing to hide, and the document is what it was.
    """
    held = state.snapshot
    given = redactor.snapshot(held if held is not None else Snapshot())
    document = json.loads(save(state))
    if held is not None:
        document |= {
            "opened": OPENED, "snapshot": given.snapshot.to_dict(), "source": redactor.question(state.source),
            "target": redactor.question(state.target),
        }  # fmt: skip
    return json.dumps(document, ensure_ascii=False, indent=1), given
