"""Versions of drivers beside the recommended minimum, as text for a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mi_workbook.evidence.drivers import DriverVersion
from mi_workbook.views.html import plain

if TYPE_CHECKING:
    from rich.console import Console

SCHEMA = "mi-workbook/versions/1"
Line = tuple[str, str]


def versions_json(versions: Sequence[DriverVersion], looked: Sequence[str], problems: Sequence[str]) -> dict[str, Any]:
    """The document that `versions --json` prints; too_old is null where there is no minimum to judge by."""
    return {
        "schema": SCHEMA,
        "versions": version_rows(versions),
        "looked_at": list(looked),
        "problems": list(problems),
    }


def version_rows(versions: Sequence[DriverVersion]) -> list[dict[str, Any]]:
    """One row for each version."""
    return [
        {
            "driver": one.driver.name, "version": one.version, "minimum": one.driver.minimum or None,
            "too_old": one.too_old, "fault": one.driver.fault if one.too_old else None, "today": one.driver.today,
            "where": one.where or None,
        }
        for one in versions
    ]  # fmt: skip


def render_versions(
    versions: Sequence[DriverVersion], looked: Sequence[str], problems: Sequence[str], console: Console
) -> None:
    """The versions, where they were looked for, and what could not be read."""
    from rich.text import Text

    for text, style in (*lines(versions), *_search(versions, looked, problems)):
        console.print(Text(plain(text), style=style))


def lines(versions: Sequence[DriverVersion]) -> Iterator[Line]:
    """Lines with their style, one for each version; an old one says what to use instead."""
    for one in versions:
        place = f"  ({one.where})" if one.where else ""
        if one.too_old is None:
            yield f"  i {one.driver.name} {one.version}: no minimum is named; today: {one.driver.today}{place}", "dim"
        elif one.too_old:
            yield (
                f"  ! {one.driver.name} {one.version} is below {one.driver.minimum} ({one.driver.fault}){place}",
                "yellow",
            )
            yield f"    Use: {one.driver.today}", ""
        else:
            yield f"  ✓ {one.driver.name} {one.version} (at least {one.driver.minimum}){place}", "green"


def _search(versions: Sequence[DriverVersion], looked: Sequence[str], problems: Sequence[str]) -> Iterator[Line]:
    if not versions:
        yield "No driver was recognised, so nothing is known of the version the application uses.", "yellow"
    if looked:
        yield f"Read: {', '.join(looked)}", "dim"
        yield "Which of them the application loads, its connection string and its own folder tell (--folder).", "dim"
    yield from ((f"  ? {problem}", "yellow") for problem in problems)
