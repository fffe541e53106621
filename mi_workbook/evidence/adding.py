"""Files added to evidence that is there already: what is newer takes the place of what is older."""

from __future__ import annotations

from typing import Any

from mi_workbook.evidence.integrity import MEMBER
from mi_workbook.evidence.snapshot import Snapshot, field, props

INSTANCES, VNETS = "Microsoft.Sql/managedInstances", "Microsoft.Network/virtualNetworks"


def stands_alone(given: Snapshot) -> bool:
    """True where files hold an estate of their own, an instance and a network, rather than a part of one."""
    return bool(given.of_type(INSTANCES)) and bool(given.of_type(VNETS))


def added(known: Snapshot, new: Snapshot) -> tuple[Snapshot, int]:
    """The evidence with new files in it, and how many resources they changed.

    A claim of completeness stays what it was, but for kinds that the new files claim by name: files that hold a part cannot
    claim the whole. What was observed before a resource changed may not hold any more and is left out.
    """
    newer = {_id(one): one for one in new.resources if _id(one)}
    changed = sum(1 for one in known.resources if _id(one) in newer and newer[_id(one)] != one)
    kept = [one for one in known.resources if _id(one) not in newer and not _listed_in_parent(_id(one), newer)]
    return Snapshot(
        [*kept, *new.resources],
        observations=[*(() if changed else known.observations), *new.observations],
        problems=[*known.problems, *new.problems],
        source=_source(known, new), collected_at=new.collected_at or known.collected_at, cloud=known.cloud,
        extra={**known.extra, **new.extra}, complete=_complete(known, new),
    ), changed  # fmt: skip


def _id(resource: dict[str, Any]) -> str:
    return str(field(resource, "id", default="")).rstrip("/").lower()


def _listed_in_parent(at: str, newer: dict[str, dict[str, Any]]) -> bool:
    """True for a child whose parent came anew with its own list: a rule that is not in the list is gone."""
    above, _, _ = at.rpartition("/")
    parent, _, member = above.rpartition("/")
    inner = props(newer[parent]) if parent in newer else {}
    return any(name.lower() == member and isinstance(value, list) for name, value in inner.items())


def _complete(known: Snapshot, new: Snapshot) -> frozenset[str] | None:
    return None if known.complete is None else known.complete | (new.complete or frozenset())


def _source(known: Snapshot, new: Snapshot) -> dict[str, Any]:
    """Where it came from, without the hash of what it was."""
    source = {name: value for name, value in known.source.items() if name != MEMBER}
    claimed = _complete(known, new)
    return (
        {**source, "complete": sorted(claimed)} if claimed or (claimed is not None and "complete" in source) else source
    )
