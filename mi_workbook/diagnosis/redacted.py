"""Evidence and diagnoses to hand to somebody outside: the same answers under pseudonyms, which is compared and not assumed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.core.finding import Diagnosis
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.diagnosis.looking import look
from mi_workbook.diagnosis.reach import sources
from mi_workbook.evidence.redaction import Redactor
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import Network
from mi_workbook.reach.path import stop

PATIENCE = 20.0  # seconds
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Compared:
    """How many paths were asked before and after. different: those that do not read the same, in the owner's names.

    left: how many were not asked, for the time was over.
    """

    asked: int
    left: int
    different: tuple[str, ...]


def compared(before: Snapshot, after: Snapshot, redactor: Redactor, seconds: float = PATIENCE) -> Compared:
    """Every source of the evidence to every instance, asked before and after redaction until the time is over."""
    network, other = Network(before), Network(after)
    different: list[str] = []
    asked = left = 0
    end = time.monotonic() + seconds
    for source, target in _paths(network):
        if time.monotonic() > end:
            left += 1
            continue
        asked += 1
        if _answer(network, source, target) != _answer(other, redactor.question(source), redactor.question(target)):
            different.append(f"{source} to {target}")
    return Compared(asked, left, tuple(different))


def _paths(network: Network) -> Iterator[tuple[str, str]]:
    for instance in network.instances():
        for source in sources(network, instance):
            yield source, instance.id


def _answer(network: Network, source: str, target: str) -> tuple[object, ...]:
    """What must stay: verdict, what ends the path, and every fault."""
    try:
        seen = look(network, source, target, "auto")
    except (InputError, MissingEvidence) as error:
        return (type(error).__name__,)
    ended = stop(seen.traces)
    return (seen.verdict, ended.cause if ended else None, sorted(found.fault for found in seen.found))


def redacted(snapshot: Snapshot, found: Diagnosis, endpoint: str) -> tuple[Snapshot, Diagnosis]:
    """Evidence and diagnosis with pseudonyms for names, addresses and ids; `endpoint` as it was asked for.

    The question is asked again on the redacted evidence rather than its words being replaced, so that nothing of the old
    names can be left in a sentence. Raises InputError where the answer would not be the same.
    """
    redactor = Redactor()
    given = redactor.snapshot(snapshot).snapshot
    return given, asked_again(redactor, given, found, endpoint)


def asked_again(redactor: Redactor, given: Snapshot, found: Diagnosis, endpoint: str) -> Diagnosis:
    """The diagnosis of the same question on the redacted evidence. Raises InputError where it is another one."""
    source, target = (redactor.question(one.typed or one.id) for one in (found.source, found.target))
    again = diagnose(given, source, target, endpoint)
    if _told(again) != _told(found):
        raise InputError(
            f"Not redacted: with pseudonyms the question reads {again.verdict.value} ({again.root_cause or 'no cause'}), not "
            f"{found.verdict.value} ({found.root_cause or 'no cause'}).",
            remedy="Hand over the summary for a ticket, and report this: redaction must not change an answer.",
        )
    return again


def _told(found: Diagnosis) -> tuple[object, ...]:
    return found.verdict, found.root_cause, sorted((one.fault, one.severity) for one in found.findings)


def refuse_other_answers(seen: Compared) -> None:
    """Raises InputError where a path reads otherwise under pseudonyms."""
    if seen.different:
        more = len(seen.different) - SHOWN
        paths = ", ".join(seen.different[:SHOWN]) + (f" and {more} more" if more > 0 else "")
        raise InputError(
            f"Nothing was written: under pseudonyms {len(seen.different)} of {seen.asked} paths read otherwise: {paths}.",
            remedy="Hand over a report (mi-workbook diagnose ... --html) instead, and report this.",
        )
