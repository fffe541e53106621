"""Practice: a broken case without its answer; the reader names the cause first and then sees why.

Pure functions: the same case always has the same choices in the same order, and nothing here draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from mi_workbook.cases import Case, all_cases, case
from mi_workbook.checks.catalogue import fault, load
from mi_workbook.core.errors import InputError
from mi_workbook.core.evidence import Evidence
from mi_workbook.core.finding import Diagnosis
from mi_workbook.diagnosis.diagnose import diagnose

CHOICES = 4


@dataclass(frozen=True, slots=True)
class Exercise:
    """What the reader is told, and the causes to choose from (fault id and title). The answer is not in it.

    Show beside it whatever tables of the evidence help: `case(exercise.case).snapshot()` is the evidence. The case's own
    title, story and id name the answer and are not to be shown before the reader chose.
    """

    case: str
    scenario: str
    source: str
    target: str
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Marked:
    """Whether the choice was right, why, and the evidence that decides.

    why: words for the right cause. not_chosen: why the chosen one is not it, "" where it is right.
    """

    right: bool
    cause: str
    title: str
    why: str
    not_chosen: str
    evidence: tuple[Evidence, ...]
    diagnosis: Diagnosis


def exercises(scenario: str = "") -> tuple[Exercise, ...]:
    """Every broken case as an exercise, of one scenario where one is named."""
    return tuple(exercise(one.id) for one in all_cases() if one.root_cause and scenario in {"", one.scenario})


def exercise(case_id: str) -> Exercise:
    """One exercise. Raises InputError where the case is not known or has no cause to find."""
    one = _broken(case_id)
    return Exercise(one.id, one.scenario, one.source, one.target, tuple((f, fault(f).title) for f in _choices(one)))


def mark(case_id: str, chosen: str) -> Marked:
    """What comes of a choice. Raises InputError for a case without a cause and for a fault that was no choice."""
    one = _broken(case_id)
    if chosen not in _choices(one):
        raise InputError(f"'{chosen}' is no choice here.", remedy=f"Choose one of {', '.join(_choices(one))}.")
    found = diagnose(one.snapshot(), one.source, one.target, one.endpoint)
    cause = next(finding for finding in found.findings if finding.explains_verdict)
    right = chosen == cause.fault
    also = next((f.says for f in found.findings if f.fault == chosen), "")
    wrong = f"It is there as well, and does not come first: {also}" if also else _absent(chosen)
    return Marked(right, cause.fault, cause.title, cause.says, "" if right else wrong, cause.evidence, found)


def _absent(chosen: str) -> str:
    looked_at = ", ".join(kind.rpartition("/")[2] for kind in fault(chosen).needs)
    return f"{fault(chosen).title}: nothing of it in the evidence ({looked_at or 'the question itself'})."


def _broken(case_id: str) -> Case:
    one = case(case_id)
    if not one.root_cause:
        raise InputError(f"Case '{case_id}' has no cause to find.", remedy="Choose a case that is blocked.")
    return one


def _choices(one: Case) -> tuple[str, ...]:
    """The cause and its near misses: faults with the same kind of evidence or cause, in an order that tells nothing."""
    cause = fault(one.root_cause)
    others = [f for f in load().values() if f.id != cause.id and f.shown_by == "evidence" and f.severity == "blocks"]

    def nearness(other_id: str) -> tuple[int, str]:
        other = fault(other_id)
        shared = 2 * len(set(other.needs) & set(cause.needs)) + 3 * len(set(other.causes) & set(cause.causes))
        same_family = other.id.partition("-")[0] == cause.id.partition("-")[0]
        return -(shared + same_family), _shuffled(one.id, other.id)

    near = sorted((f.id for f in others), key=nearness)[: CHOICES - 1]
    return tuple(sorted([cause.id, *near], key=lambda name: _shuffled(one.id, name)))


def _shuffled(case_id: str, name: str) -> str:
    """A fixed order for each case that has nothing to do with the answer."""
    return sha256(f"{case_id}/{name}".encode()).hexdigest()
