"""A diagnosis to hand to somebody outside: the same answer on the same evidence with pseudonyms."""

from __future__ import annotations

from mi_workbook.core.errors import InputError
from mi_workbook.core.finding import Diagnosis
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.redaction import Redactor, unmapped
from mi_workbook.evidence.snapshot import Snapshot


def redacted(snapshot: Snapshot, found: Diagnosis, endpoint: str) -> tuple[Snapshot, Diagnosis]:
    """Evidence and diagnosis with pseudonyms for names, addresses and ids; `endpoint` as it was asked for.

    The question is asked again on the redacted evidence rather than its words being replaced, so that nothing of the old
    names can be left in a sentence. Raises InputError where the answer would not be the same.
    """
    lost = unmapped(snapshot)
    if lost:
        raise _refusal(f"{', '.join(lost)} cannot be given pseudonyms that keep the answer yet.")
    redactor = Redactor()
    given = redactor.snapshot(snapshot).snapshot
    source, target = (redactor.question(one.typed or one.id) for one in (found.source, found.target))
    again = diagnose(given, source, target, endpoint)
    if (again.verdict, again.root_cause) != (found.verdict, found.root_cause):
        raise _refusal(f"with pseudonyms it reads {again.verdict.value}, not {found.verdict.value}.")
    return given, again


def _refusal(why: str) -> InputError:
    return InputError(
        f"No redacted report: {why}",
        remedy="Hand over the summary for a ticket, or leave these parts out of the evidence.",
    )
