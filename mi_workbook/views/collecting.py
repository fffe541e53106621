"""A collection on a terminal: progress while it runs, and what came of it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.collecting import Collected
from mi_workbook.diagnosis.compare import Comparison, Difference
from mi_workbook.diagnosis.verify import Verified
from mi_workbook.evidence.azure.permissions import permissions
from mi_workbook.views.html import plain

MOST_GAPS = 20


@contextmanager
def progress_bar(console: Any) -> Iterator[Callable[[str, int, int], None]]:
    """A bar with what is being read, and the function that moves it. A terminal of another kind shows nothing."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(30), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("signing in", total=None)
        yield lambda what, n, m: bar.update(task, description=plain(what)[-70:], completed=n, total=m)


STOPPED = {"Cancelled": "it was cancelled", "TimeIsUp": "its time was up (--seconds)"}


def collected_lines(got: Collected, out: str, again: str) -> Iterator[str]:
    """What was collected, what could not be read, the answer where a question was asked, and what to do next.

    out: the file it was written to, "" where it could not be; again: the command that goes on with it.
    """
    kinds = len({str(one.get("type", "")).lower() for one in got.snapshot.resources})
    where = f"written to {out}" if out else "not written anywhere"
    yield f"{len(got.snapshot.resources)} resources of {kinds} kinds in {got.requests} requests, {where}."
    for gap in got.gaps[:MOST_GAPS]:
        yield plain(f"Not read: {gap.missing}")
        yield plain(f"    {gap.why}")
        yield plain(f"    {gap.how}")
    if len(got.gaps) > MOST_GAPS:
        yield f"... and {len(got.gaps) - MOST_GAPS} more kinds of failure, in the file under problems."
    if got.stopped:
        yield plain(f"It ended early: {STOPPED[got.stopped]}. Go on with: {again}")
    elif "unfinished" in got.snapshot.source:
        yield plain(f"What failed may succeed when it is tried again: {again}")
    if got.trouble is not None:
        yield plain(f"Not diagnosed: {got.trouble}")
    if got.diagnosis is not None:
        yield plain(f"{got.diagnosis.verdict}: {got.diagnosis.headline}")
    if got.diagnosis is not None and out:
        named = shlex.quote(out)
        yield plain(f"Path, evidence and repair: mi-workbook diagnose {named}")
        if got.diagnosis.verdict is Verdict.BLOCKED:
            yield plain(f"After the repair: mi-workbook verify {named}")


def verified_lines(found: Verified, out: str) -> Iterator[str]:
    """Whether a repair helped, what changed, what could not be read again, and what to do next. out: the file of it, or ""."""
    yield plain(found.says)
    for one, turned in telling(found.comparison)[:MOST_GAPS]:
        mark = "turned the verdict: " if turned else ""
        at = f"{one.resource.rpartition('/')[2]}{one.pointer}"
        yield plain(f"  {mark}{at}: {_short(one.before)} -> {_short(one.after)}")
    for gap in found.gaps:
        yield plain(f"Not read again, and judged as before: {gap.missing}. {gap.how}")
    if found.comparison.after.verdict is not Verdict.REACHABLE:
        what = (
            f"mi-workbook diagnose {shlex.quote(out)}"
            if out
            else "the same with --out FILE, then mi-workbook diagnose FILE"
        )
        yield plain(f"Path, evidence and what is left to repair: {what}")


def telling(comparison: Comparison) -> list[tuple[Difference, bool]]:
    """The differences worth telling, and whether each turned the verdict: that something was observed again is none of them."""
    decisive = {(one.resource.lower(), one.pointer) for one in comparison.decisive}
    told = [(one, (one.resource.lower(), one.pointer) in decisive) for one in comparison.differences]
    return [(one, turned) for one, turned in told if turned or not one.resource.startswith("observations")]


def _short(value: Any) -> str:
    return "absent" if value is None else str(value)[:80]


def permission_lines() -> Iterator[str]:
    """Each action, whether the role Reader holds it, and what is lost without it."""
    for one in permissions():
        note = (
            "" if one.listed else " (in no custom role, because Azure does not list it; Network Contributor holds it)"
        )
        yield f"{'Reader' if one.reader else 'extra ':<7} {one.action}{note}\n        without it: {one.lost}"
