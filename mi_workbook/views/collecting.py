"""A collection on a terminal: progress while it runs, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mi_workbook.diagnosis.collecting import Collected
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


def collected_lines(got: Collected, out: str) -> Iterator[str]:
    """What was collected, what could not be read, and the answer where a question was asked."""
    kinds = len({str(one.get("type", "")).lower() for one in got.snapshot.resources})
    yield f"{len(got.snapshot.resources)} resources of {kinds} kinds in {got.requests} requests, written to {out}."
    if got.stopped:
        yield f"It ended early ({got.stopped}). Go on with: mi-workbook collect ... --out {out} --resume"
    for gap in got.gaps[:MOST_GAPS]:
        yield plain(f"Not read: {gap.missing}. {gap.why} {gap.how}")
    if len(got.gaps) > MOST_GAPS:
        yield f"... and {len(got.gaps) - MOST_GAPS} more kinds of failure, in the file under problems."
    if got.diagnosis is not None:
        yield plain(f"{got.diagnosis.verdict}: {got.diagnosis.headline}")
    if got.trouble is not None:
        yield plain(f"Not diagnosed: {got.trouble}")


def permission_lines() -> Iterator[str]:
    """Each action, whether the role Reader holds it, and what is lost without it."""
    for one in permissions():
        yield f"{'Reader' if one.reader else 'extra ':<7} {one.action}\n        without it: {one.lost}"
