"""Two faults at once: what was done to two cases of one base, done together.

pairs.toml lists them: `first` is the case whose fault stands first on the packet's path, `second` the other. Both faults
must be found, and that of `first` is the root cause.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mi_workbook.cases import Case, case, with_edits
from mi_workbook.core.errors import InputError
from mi_workbook.evidence.snapshot import Snapshot

FILE = Path(__file__).parent / "pairs.toml"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two cases over one base; the question is the first's, with what the second typed or asked where it differs."""

    first: Case
    second: Case

    @property
    def id(self) -> str:
        """Both ids."""
        return f"{self.first.id}+{self.second.id}"

    @property
    def faults(self) -> tuple[str, str]:
        """Both root causes, in the order of the path."""
        return self.first.root_cause, self.second.root_cause

    @property
    def question(self) -> tuple[str, str, str]:
        """Source, target and endpoint."""
        base = case(self.first.base)
        source = self.first.source if self.first.source != base.source else self.second.source
        target = self.first.target if self.first.target != base.target else self.second.target
        return source, target, self.first.endpoint

    def snapshot(self) -> Snapshot:
        """The base with both cases' changes."""
        return with_edits(self.first.snapshot(), self.second.id)


@cache
def all_pairs() -> tuple[Pair, ...]:
    """Every pair. Raises InputError where the two of a pair are not of one base, or one has no root cause."""
    data = tomllib.loads(FILE.read_text(encoding="utf-8"))
    found = tuple(Pair(case(one["first"]), case(one["second"])) for one in data["pair"])
    bad = [p.id for p in found if p.first.base != p.second.base or not all(p.faults)]
    if bad:
        raise InputError(f"Not two faults over one base: {', '.join(bad)}.", file=FILE.name, remedy="Mend the pairs.")
    return found
