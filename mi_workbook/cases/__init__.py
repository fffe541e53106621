"""Built-in cases: evidence and the verdict it must give. Demo, test and documentation in one.

Each folder holds case.toml: the question, the answer it must get, and the evidence. The evidence is evidence/
(what a customer would send), or another case (`base`) with what was done to it: `[[change]]` sets or removes what a
pointer leads to, `[[add]]` and `[[observe]]` bring whole resources and observations (an observation takes the place of one of its kind about the same
resource), `remove` takes resources away.
A base that is sound is the look-alike of the fault.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mi_workbook.core.errors import InputError
from mi_workbook.core.finding import Change
from mi_workbook.core.nearest import LONGEST, did_you_mean
from mi_workbook.evidence.files import load
from mi_workbook.evidence.snapshot import Snapshot, from_document

HERE = Path(__file__).parent
TABLE = re.compile(r"^\[", re.MULTILINE)  # where the first table of a case.toml begins
ALL = "All of them: mi-workbook demo, or the list 'Built-in case' on the screen."


@dataclass(frozen=True, slots=True)
class Case:
    """A built-in case: the question, and the answer the engine must give. `base` is the case it is made from, or ""."""

    id: str
    title: str
    story: str
    scenario: str
    source: str
    target: str
    endpoint: str
    verdict: str
    root_cause: str
    faults: tuple[str, ...]
    repair_proved: bool
    base: str

    def snapshot(self) -> Snapshot:
        """The evidence, read through the same door as a customer's files."""
        if not self.base:
            return load(HERE / self.id / "evidence" / "snapshot.json")
        return _edited(case(self.base).snapshot(), _data(self.id))


def all_cases() -> tuple[Case, ...]:
    """Every built-in case, by id."""
    return tuple(case(one) for one in _ids())


@cache
def _ids() -> tuple[str, ...]:
    """The ids of the package's cases, in order; the folder is listed once."""
    return tuple(path.parent.name for path in sorted(HERE.glob("*/case.toml")))


def case(case_id: str) -> Case:
    """One case. Raises InputError, naming the nearest ids and what lists all, where there is none of that id."""
    if case_id not in _ids():
        remedy = did_you_mean(case_id, _ids(), ALL)
        raise InputError(f"There is no built-in case '{case_id[:LONGEST]}'.", remedy=remedy)
    data = _head(case_id)
    return Case(
        id=case_id,
        title=data["title"],
        story=data["story"],
        scenario=data["scenario"],
        source=data["from"],
        target=data["to"],
        endpoint=data.get("endpoint", "auto"),
        verdict=data["verdict"],
        root_cause=data["root_cause"],
        faults=tuple(data["faults"]),
        repair_proved=data["repair_proved"],
        base=data.get("base", ""),
    )


def with_edits(snapshot: Snapshot, case_id: str) -> Snapshot:
    """A snapshot with what was done to the base of this case."""
    return _edited(snapshot, _data(case_id))


@cache
def _head(case_id: str) -> dict[str, Any]:
    """Question and answer alone: lists name every case, and most of a file is what was done to the base."""
    return tomllib.loads(TABLE.split(_text(case_id), maxsplit=1)[0])


@cache
def _data(case_id: str) -> dict[str, Any]:
    return tomllib.loads(_text(case_id))


def _text(case_id: str) -> str:
    return (HERE / case_id / "case.toml").read_text(encoding="utf-8")


def _edited(base: Snapshot, data: Mapping[str, Any]) -> Snapshot:
    found = base.changed(Change(_id(base, name), "", None) for name in data.get("remove", ()))
    for change in data.get("change", ()):
        value = None if change.get("remove") else change["value"]
        found = found.changed([Change(_id(found, change["resource"]), change["pointer"], value)])
    found = found.changed(Change(one["id"], "", one) for one in data.get("add", ()))
    document = found.to_dict()
    own = data.get("observe", ())
    document["observations"] = [*(o for o in document["observations"] if not _again(o, own)), *own]
    return from_document(document)


def _again(seen: Mapping[str, Any], own: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the case has its own answer of Azure to what was asked about a resource of its base."""
    return bool(seen["about"]) and any((one["kind"], one["about"]) == (seen["kind"], seen["about"]) for one in own)


def _id(snapshot: Snapshot, name: str) -> str:
    """The id of the resource with this name, or with this end of its id where the name alone is not enough."""
    ids = (str(one["id"]) for one in snapshot.resources)
    return next(one for one in ids if one.endswith(f"/{name}"))
