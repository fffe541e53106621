"""Which checks, steps, views and pages cover each statement of the two documents; data in coverage.toml.

S1 is "Connect your application to Azure SQL Managed Instance" (05/28/2024), S2 "Integrate your app with an Azure Virtual
Network" (gateway-required form). A statement stands in our own short words with its section.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mi_workbook.checks.catalogue import fault, known_ids
from mi_workbook.core.errors import InputError

FILE = Path(__file__).parent / "coverage.toml"
TITLES = {
    "S1": "Connect your application to Azure SQL Managed Instance",
    "S2": "Integrate your app with an Azure Virtual Network",
}
KINDS = ("fault", "scenario", "tree", "case", "module", "note")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: S1 or S2, its section, our words, and what covers it as `kind:name`."""

    document: str
    section: str
    says: str
    by: tuple[str, ...]
    today: str

    @property
    def named(self) -> Iterator[tuple[str, str]]:
        """Kind and name of what covers it."""
        for one in self.by:
            kind, _, name = one.partition(":")
            yield kind, name


@cache
def statements() -> tuple[Statement, ...]:
    """Every statement. Raises InputError naming all entries that name nothing or an unknown kind."""
    data = tomllib.loads(FILE.read_text(encoding="utf-8"))
    found = tuple(
        Statement(str(raw["document"]), str(raw["section"]), str(raw["says"]), tuple(raw["by"]), str(raw.get("today", "")))
        for raw in data["statement"]
    )  # fmt: skip
    bad = [s.says for s in found if not s.by or s.document not in TITLES or any(k not in KINDS for k, _ in s.named)]
    if bad:
        raise InputError(f"Not covered, or by an unknown kind: {'; '.join(bad)}.", file=FILE.name, remedy="Mend them.")
    return found


def page() -> str:
    """docs/coverage.md."""
    lines = ["# What covers each statement of the two documents", "", "Made from data by `python docs/build.py`.", ""]
    for document, title in TITLES.items():
        lines += [
            f"## {document}: {title}",
            "",
            "| section | statement | covered by | today |",
            "| --- | --- | --- | --- |",
        ]
        lines += [_row(one) for one in statements() if one.document == document]
        lines.append("")
    return "\n".join(lines)


def _row(one: Statement) -> str:
    shown = ", ".join(_link(name) if kind == "fault" else f"{kind} {name}" for kind, name in one.named)
    return f"| {one.section} | {one.says} | {shown} | {one.today} |"


def _link(name: str) -> str:
    """The page of a fault; another name of it leads to the same page."""
    return f"[{name}](faults/{fault(name).id}.md)" if name in known_ids() else name
