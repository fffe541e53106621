"""The smallest set of changes that opens the path, each of them shown to be needed, and whom it would cut off."""

from __future__ import annotations

from collections.abc import Iterable

from mi_workbook.checks.blockers import QUESTION
from mi_workbook.checks.catalogue import fault as known_fault
from mi_workbook.checks.check import Found, finding
from mi_workbook.core.errors import InputError
from mi_workbook.core.finding import Change, Finding, Repair
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.looking import Look, look
from mi_workbook.diagnosis.neighbours import cut_off
from mi_workbook.network.network import Network
from mi_workbook.network.resource_id import key, vnet_of
from mi_workbook.reach.path import stop

MOST_REPAIRS = 8


def repair_of(first: Look, source: str, target: str, endpoint: str) -> tuple[Repair | None, list[Finding]]:
    """Mend the first blocker on the path, look again, until reachable; then show that each step was needed.

    The later blockers are met on the way, so all of them are listed.
    """
    steps: list[Found] = []
    later: list[Finding] = []
    seen = first
    while not _open(seen) and len(steps) < MOST_REPAIRS:
        step = _first_blocker(seen)
        if step is None or not step.changes or step in steps:
            break
        steps.append(step)
        seen = _after(first, steps, source, target, endpoint)
        if seen.subject is not None:
            later += [finding(seen.subject, f, False) for f in seen.found if f.decision is not None]
    if not steps:
        return None, later
    if _open(seen):
        steps = _needed(first, steps, source, target, endpoint)
    changes = tuple(change for step in steps for change in step.changes)
    works = _open(seen) and not _new_blockers(first, seen, steps)
    lost = _lost(first, changes, target, endpoint) if works else ()
    proved = works and not lost
    return Repair(proved, works, changes, seen.verdict, tuple(s.fault for s in steps), lost), later


def _lost(first: Look, changes: tuple[Change, ...], target: str, endpoint: str) -> tuple[str, ...]:
    """Other subnets that the repair would cut off."""
    tried = tuple(_on_evidence(list(changes)))
    homes = (first.source.vnet, vnet_of(first.target.subnet))

    def ask(network: Network, subnet_id: str) -> Verdict:
        return look(network, subnet_id, target, endpoint, checked=False).verdict

    return cut_off(first.network, first.network.after(list(tried)), tried, homes, ask) if tried else ()


def _open(seen: Look) -> bool:
    """True where nothing in Azure stops it: reachable, or only the source's own side outside of Azure is left to test."""
    decided = stop(seen.traces)
    return seen.verdict is Verdict.REACHABLE or (decided is not None and decided.kind == "client"
                                                 and decided.result is Verdict.UNKNOWN)  # fmt: skip


def _first_blocker(seen: Look) -> Found | None:
    """What to mend next. Behind an unknown only a fault that cuts part of the sources off is worth a change."""
    decided = stop(seen.traces)
    found = next((f for f in seen.found if f.decision is not None and f.decision is decided), None)
    if (
        found is None
        or seen.verdict is Verdict.BLOCKED
        or "degrades" in {found.severity, known_fault(found.fault).severity}
    ):
        return found
    return None


def _after(
    first: Look, steps: Iterable[Found], source: str, target: str, endpoint: str, *, checked: bool = True
) -> Look:
    """The same question on the snapshot with these steps done; a changed server name changes the question."""
    changes = [change for step in steps for change in step.changes]
    typed = next((str(c.value) for c in reversed(changes) if c.document == QUESTION), target)
    return look(first.network.after(_on_evidence(changes)), source, typed, endpoint, checked=checked)


def _on_evidence(changes: list[Change]) -> list[Change]:
    return [change for change in changes if change.document != QUESTION]


def _needed(first: Look, steps: list[Found], source: str, target: str, endpoint: str) -> list[Found]:
    """The steps without which the verdict would not turn; each one left was tried without."""
    kept = list(steps)
    for step in steps:
        others = [s for s in kept if s is not step]
        if others and _open_after(first, others, source, target, endpoint):
            kept = others
    return kept


def _open_after(first: Look, steps: list[Found], source: str, target: str, endpoint: str) -> bool:
    """Whether these steps alone are enough; a step that builds on one that was left out is not."""
    try:
        return _open(_after(first, steps, source, target, endpoint, checked=False))
    except InputError:
        return False


def _new_blockers(first: Look, after: Look, steps: list[Found]) -> list[Found]:
    before = {(f.fault, key(f.resource)) for f in (*first.found, *steps)}
    return [f for f in after.found if (f.fault, key(f.resource)) not in before and f.severity == "blocks"]
