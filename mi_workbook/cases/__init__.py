"""Built-in cases: evidence and the verdict it must give. Demo, test and documentation in one.

Each folder holds case.toml (question and expected answer) and evidence/ (what a customer would send).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from mi_workbook.core.errors import InputError
from mi_workbook.evidence.files import load
from mi_workbook.evidence.snapshot import Snapshot

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Case:
    """A built-in case: the question, and the answer the engine must give."""

    id: str
    title: str
    story: str
    scenario: str
    source: str
    target: str
    verdict: str
    root_cause: str
    faults: tuple[str, ...]
    repair_proved: bool

    def snapshot(self) -> Snapshot:
        """The evidence, read through the same door as a customer's files."""
        return load(HERE / self.id / "evidence" / "snapshot.json")


def all_cases() -> tuple[Case, ...]:
    """Every built-in case, by id."""
    return tuple(case(folder.parent.name) for folder in sorted(HERE.glob("*/case.toml")))


def case(case_id: str) -> Case:
    """One case. Raises InputError, naming the known ids, where there is none of that id."""
    file = HERE / case_id / "case.toml"
    known = sorted(path.parent.name for path in HERE.glob("*/case.toml"))
    if case_id not in known:
        raise InputError(f"There is no built-in case '{case_id}'.", remedy=f"Known: {', '.join(known)}.")
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    return Case(
        id=case_id,
        title=data["title"],
        story=data["story"],
        scenario=data["scenario"],
        source=data["from"],
        target=data["to"],
        verdict=data["verdict"],
        root_cause=data["root_cause"],
        faults=tuple(data["faults"]),
        repair_proved=data["repair_proved"],
    )
