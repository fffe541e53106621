"""What changed between two snapshots, and which of the changes turned the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mi_workbook.core.errors import InputError
from mi_workbook.core.finding import Change, Diagnosis
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.diagnosis.looking import explaining, look
from mi_workbook.evidence.snapshot import Snapshot, field
from mi_workbook.network.network import Network
from mi_workbook.network.resource_id import key

# Members that change with every read and mean nothing for a path.
IGNORED = frozenset({"etag", "resourceguid", "systemdata", "changedtime", "lastmodifiedtime"})
MOST_LEAVES = 400


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that differs. before, after: None where it was or is absent."""

    resource: str
    pointer: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both answers, all differing values, and those that turned the verdict (empty where it did not turn).

    proved: the decisive values alone, put into the first snapshot, give the second verdict, and none of them can be left
    out.
    """

    before: Diagnosis
    after: Diagnosis
    differences: tuple[Difference, ...]
    decisive: tuple[Difference, ...]
    proved: bool


def compare(before: Snapshot, after: Snapshot, source: str, target: str, endpoint: str = "auto") -> Comparison:
    """The same question to two snapshots. Raises InputError where source or target fit neither."""
    answers = [diagnose(snapshot, source, target, endpoint) for snapshot in (before, after)]
    found = tuple(differences(before, after))
    if answers[0].verdict is answers[1].verdict and answers[0].root_cause == answers[1].root_cause:
        return Comparison(answers[0], answers[1], found, (), False)
    question = _Question(source, target, endpoint, answers[1].verdict, answers[1].root_cause)
    told = tuple(_told(before, after))
    if told and question.turned(Network(before.observed(after.observations)), []):
        return Comparison(answers[0], answers[1], (*found, *told), told, True)
    decisive, proved = _decisive(Network(before), list(found), question)
    return Comparison(answers[0], answers[1], (*found, *told), tuple(decisive), proved)


def _told(before: Snapshot, after: Snapshot) -> Iterator[Difference]:
    """Observations that only the second snapshot holds: tests and captured tables, which turn a verdict by themselves."""
    for position, one in enumerate(after.observations):
        if one not in before.observations:
            shown = {name: field(one, name) for name in ("kind", "about", "at")}
            yield Difference("observations", f"/{position}", None, shown)


@dataclass(frozen=True, slots=True)
class _Question:
    source: str
    target: str
    endpoint: str
    wanted: Verdict
    root_cause: str | None

    def turned(self, network: Network, changes: list[Difference]) -> bool:
        """True if these differences alone give the second verdict, for the second root cause."""
        changed = network.after(_changes(changes)) if changes else network
        try:
            seen = look(changed, self.source, self.target, self.endpoint, checked=self.root_cause is not None)
        except InputError:
            return False
        found = explaining(seen) if self.root_cause is not None else None
        return seen.verdict is self.wanted and (found.fault if found else None) == self.root_cause


def _changes(found: list[Difference]) -> list[Change]:
    return [Change(one.resource, one.pointer, one.after) for one in found]


def _decisive(network: Network, found: list[Difference], question: _Question) -> tuple[list[Difference], bool]:
    """The differences that are needed: halves are left out while the verdict still turns, then single ones."""
    if len(found) > MOST_LEAVES or not question.turned(network, found):
        return found[:MOST_LEAVES], False
    kept, step = list(found), max(len(found) // 2, 1)
    while step >= 1:
        at = 0
        while at < len(kept):
            fewer = kept[:at] + kept[at + step :]
            if fewer and question.turned(network, fewer):
                kept = fewer
            else:
                at += step
        step //= 2
    return kept, True


def differences(before: Snapshot, after: Snapshot) -> Iterator[Difference]:
    """Every value that differs, resources in the order of the first snapshot; a resource that came or went is one."""
    seen = set()
    for one in before.resources:
        resource_id = str(field(one, "id", default=""))
        seen.add(key(resource_id))
        other = after.get(resource_id)
        if other is None:
            yield Difference(resource_id, "", one, None)
        elif other != one:
            yield from _inside(resource_id, "", one, other)
    for one in after.resources:
        resource_id = str(field(one, "id", default=""))
        if key(resource_id) not in seen:
            yield Difference(resource_id, "", None, one)


def _inside(resource_id: str, pointer: str, before: Any, after: Any) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys([*before, *after]):
            if name.lower() not in IGNORED and before.get(name) != after.get(name):
                step = name.replace("~", "~0").replace("/", "~1")
                yield from _inside(resource_id, f"{pointer}/{step}", before.get(name), after.get(name))
    elif _named(before) and _named(after):
        yield from _elements(resource_id, pointer, before, after)
    elif before != after:
        yield Difference(resource_id, pointer, before, after)


def _named(value: Any) -> bool:
    """True for a list whose elements are told apart by name, such as rules, routes, subnets and peerings."""
    if not isinstance(value, list) or not all(
        isinstance(one, dict) and isinstance(one.get("name"), str) for one in value
    ):
        return False
    return len({one["name"] for one in value}) == len(value)


def _elements(resource_id: str, pointer: str, before: list[Any], after: list[Any]) -> Iterator[Difference]:
    old, new = ({one["name"]: one for one in value} for value in (before, after))
    for name in dict.fromkeys([*old, *new]):
        step = name.replace("~", "~0").replace("/", "~1")
        if name not in old:
            yield Difference(resource_id, f"{pointer}/-", None, new[name])
        elif name not in new:
            yield Difference(resource_id, f"{pointer}/{step}", old[name], None)
        else:
            yield from _inside(resource_id, f"{pointer}/{step}", old[name], new[name])
