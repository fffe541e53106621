"""Every fault has words, a case that shows it, a look-alike that is sound, and a repair that was tried."""

from functools import cache

import pytest

from mi_workbook.cases import Case, all_cases, case
from mi_workbook.checks.catalogue import load as catalogue
from mi_workbook.core.finding import Change, Diagnosis, Fault, Finding
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import type_of

FAULTS = [fault for fault in catalogue().values() if fault.shown_by == "evidence"]
# What a paste or a person shows has no case: tests/test_questions.py holds it.
IDS = [fault.id for fault in FAULTS]
QUESTION = "question"


@cache
def answer(case_id: str) -> Diagnosis:
    """The diagnosis of a built-in case."""
    one = case(case_id)
    return diagnose(one.snapshot(), one.source, one.target, one.endpoint)


def cases_of(fault: Fault) -> list[Case]:
    """Cases that name the fault."""
    return [one for one in all_cases() if fault.id in one.faults]


def findings_of(fault: Fault) -> list[tuple[Case, Finding]]:
    """Findings of the fault in its cases."""
    return [(one, f) for one in cases_of(fault) for f in answer(one.id).findings if f.fault == fault.id]


@pytest.mark.parametrize("fault", FAULTS, ids=IDS)
def test_fault_is_shown_by_a_case_and_absent_from_its_look_alike(fault: Fault) -> None:
    """The base of the case looks alike and does not have the fault."""
    shown = cases_of(fault)
    assert shown, "no case shows it"
    bases = [one.base for one in shown if one.base]
    assert any(fault.id not in {f.fault for f in answer(base).findings} for base in bases)


@pytest.mark.parametrize("fault", FAULTS, ids=IDS)
def test_needs_are_what_its_evidence_was_read_from(fault: Fault) -> None:
    """The kinds of resource a fault declares are exactly those its findings point at."""
    read = set()
    for one, found in findings_of(fault):
        for evidence in found.evidence:
            raw = one.snapshot().get(evidence.document)
            kind = type_of(raw if raw is not None else {"id": evidence.document})
            read.add("observations" if evidence.document.startswith("observations/") else kind or evidence.document)
    assert set(fault.needs) == read


@pytest.mark.parametrize("fault", FAULTS, ids=IDS)
def test_repair_of_the_fault_was_tried(fault: Fault) -> None:
    """What the remedy changes makes the fault vanish; one without a change asks the user for a value or names who acts."""
    tried = []
    for one, found in findings_of(fault):
        changes = [change for change in found.changes if change.document != QUESTION]
        typed = [str(change.value) for change in found.changes if change.document == QUESTION]
        if not found.changes:
            continue
        after = diagnose(one.snapshot().changed(changes), one.source, (typed or [one.target])[-1], one.endpoint)
        worse = after.verdict is Verdict.BLOCKED and answer(one.id).verdict is Verdict.REACHABLE
        tried.append(fault.id not in {f.fault for f in after.findings} and not worse)
    asks_the_user = any("<" in command for command in fault.remedy.az)
    assert any(tried) if tried else asks_the_user or fault.remedy.safety in {"other-team", "display-only"}


@pytest.mark.parametrize("one", [c for c in all_cases() if c.repair_proved], ids=lambda c: c.id)
def test_each_step_of_a_proved_repair_is_needed(one: Case) -> None:
    """Leaving any one fault of the repair out leaves it unreachable."""
    repair = answer(one.id).repair
    assert repair is not None and repair.minimal
    assert repair.verdict_after in {Verdict.REACHABLE, Verdict.UNKNOWN}
    changes = [change for change in repair.changes if change.document != QUESTION]
    target = next((str(c.value) for c in repair.changes if c.document == QUESTION), one.target)
    after = diagnose(one.snapshot().changed(changes), one.source, target, one.endpoint)
    assert after.verdict is repair.verdict_after
    assert after.verdict is Verdict.REACHABLE or {d.kind for t in after.traces for d in t.decisions
                                                  if d.result is not Verdict.REACHABLE} <= {"client"}  # fmt: skip


def test_change_of_an_unknown_document_is_refused() -> None:
    """A repair for other evidence does not silently do nothing."""
    from mi_workbook.core.errors import InputError

    with pytest.raises(InputError):
        case("same-vnet-healthy").snapshot().changed([Change("/subscriptions/x/none", "/properties/a", 1)])
