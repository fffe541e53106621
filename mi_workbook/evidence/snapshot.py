"""Snapshot: raw facts exactly as they were read, indexed by id and type, and how complete they are."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from mi_workbook.core.errors import InputError
from mi_workbook.core.finding import Change
from mi_workbook.core.progress import each
from mi_workbook.core.writing import replace_file

FORMAT = "mi-workbook/snapshot"
VERSION = 1
UNSTATED = "unstated"
_KNOWN = ("format", "version", "collected_at", "cloud", "source", "resources", "observations", "problems")


def props(resource: Mapping[str, Any]) -> dict[str, Any]:
    """The `properties` of an ARM object, or the object itself where a tool printed it flattened."""
    inner = resource.get("properties")
    return inner if isinstance(inner, dict) else dict(resource) if not isinstance(resource, dict) else resource


def listed(parent: str, kind: str) -> str:
    """How a collection notes that it listed a parent's children of a kind (`source.done`)."""
    inside = kind.lower().removeprefix(f"{type_of({'id': parent}).lower()}/")
    return f"{_key(parent)}/{inside}"


def field(mapping: Mapping[str, Any], *names: str, default: Any = None) -> Any:
    """The first member of these names that is present: exact spelling first, then any case."""
    for name in names:
        if name in mapping:
            return mapping[name]
    lowered = {name.lower() for name in names}
    return next((value for name, value in mapping.items() if name.lower() in lowered), default)


def type_of(resource: Mapping[str, Any]) -> str:
    """The ARM type, from the id where the object does not say."""
    given = field(resource, "type")
    if isinstance(given, str) and "/" in given:
        return given
    _, _, tail = str(field(resource, "id", default="")).rpartition("/providers/")
    parts = tail.split("/")
    return "/".join([parts[0], *parts[1::2]]) if len(parts) > 1 else ""


def _key(resource_id: str) -> str:
    return resource_id.strip().rstrip("/").lower()


def _own(resource: Mapping[str, Any]) -> str:
    return _key(str(field(resource, "id", default="")))


def _parent(at: str) -> str:
    return "/".join(at.split("/")[:-2])


class Snapshot:
    """Raw evidence. `complete` is None where everything counts as collected, else the lower-case types claimed.

    A changed snapshot shares the indexes of the one it was made from, so that a repair costs what it changes and not
    what the tenant holds.
    """

    __slots__ = (
        "_by_id", "_by_parent", "_by_type", "_keyed", "_read", "_resources", "_touched", "cloud", "collected_at", "complete",
        "extra", "observations", "problems", "source",
    )  # fmt: skip

    def __init__(
        self,
        resources: Iterable[dict[str, Any]] = (),
        *,
        observations: Iterable[dict[str, Any]] = (),
        problems: Iterable[dict[str, Any]] = (),
        source: dict[str, Any] | None = None,
        collected_at: str = "",
        cloud: str = "AzureCloud",
        extra: dict[str, Any] | None = None,
        complete: frozenset[str] | None = frozenset(),
    ) -> None:
        self._resources = tuple(resources)
        self.observations, self.problems = tuple(observations), tuple(problems)
        self.source, self.extra = dict(source or {}), dict(extra or {})
        self.collected_at, self.cloud, self.complete = collected_at, cloud, complete
        self._by_id: dict[str, dict[str, Any]] = {}
        self._by_type: dict[str, list[dict[str, Any]]] = {}
        self._by_parent: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._keyed: dict[tuple[str, str], dict[str, list[dict[str, Any]]]] = {}
        self._touched: dict[str, dict[str, Any] | None] = {}
        self._read: frozenset[str] | None = None
        for resource in each(self._resources, "Sorting the resources"):
            self._index(resource)

    def _index(self, resource: dict[str, Any]) -> None:
        at, kind = _own(resource), type_of(resource).lower()
        self._by_id[at] = resource
        self._by_type.setdefault(kind, []).append(resource)
        if kind.count("/") > 1:
            self._by_parent.setdefault((_parent(at), kind), []).append(resource)

    @property
    def resources(self) -> tuple[dict[str, Any], ...]:
        """Every resource, in the order it was read; what changes added comes last."""
        if not self._touched:
            return self._resources
        kept = [self._touched.get(_own(one), one) for one in self._resources]
        added = [one for at, one in self._touched.items() if at not in self._by_id]
        return tuple(one for one in (*kept, *added) if one is not None)

    def touched(self) -> frozenset[str]:
        """Ids, in lower case, of the resources that changes made or replaced since the evidence was read."""
        return frozenset(self._touched)

    def get(self, resource_id: str) -> dict[str, Any] | None:
        """The resource of this id, in any case."""
        at = _key(resource_id)
        return self._touched[at] if at in self._touched else self._by_id.get(at)

    def of_type(self, kind: str) -> tuple[dict[str, Any], ...]:
        """Resources of a type."""
        wanted = kind.lower()
        return self._patched(self._by_type.get(wanted, ()), lambda one: type_of(one).lower() == wanted)

    def children(self, parent_id: str, kind: str) -> tuple[dict[str, Any], ...]:
        """Separate child resources of a type directly under a parent."""
        at, wanted = _key(parent_id), kind.lower()
        return self._patched(
            self._by_parent.get((at, wanted), ()),
            lambda one: type_of(one).lower() == wanted and _parent(_own(one)) == at,
        )

    def having(
        self, kind: str, by: str, keys: Callable[[dict[str, Any]], Iterable[str]], wanted: str
    ) -> tuple[dict[str, Any], ...]:
        """Resources of a type that a key leads to.

        by: name of the key; keys: the keys of a resource (any case); wanted: the key asked for. The index is made at the
        first question and kept, so that the next one costs nothing of the tenant.
        """
        found = self._keyed.get((kind, by))
        if found is None:
            found = self._keyed[kind, by] = {}
            for one in self._by_type.get(kind.lower(), ()):
                for key in {text.lower() for text in keys(one)}:
                    found.setdefault(key, []).append(one)
        sought = wanted.lower()
        return self._patched(
            found.get(sought, ()),
            lambda one: type_of(one).lower() == kind.lower() and sought in {text.lower() for text in keys(one)},
        )

    def _patched(
        self, found: Iterable[dict[str, Any]], fits: Callable[[dict[str, Any]], bool]
    ) -> tuple[dict[str, Any], ...]:
        """What an index holds, with changed resources in the place of the ones they replace."""
        if not self._touched:
            return tuple(found)
        seen = {_own(one): one for one in found}
        fresh = {at: one for at, one in self._touched.items() if one is not None and fits(one)}
        return tuple(
            {at: one for at, one in {**seen, **fresh}.items() if at in fresh or at not in self._touched}.values()
        )

    def absence(self, kind: str, parent: str = "") -> str:
        """What not finding a kind means: `proven` (collected whole), `unproven` (known to be partial), `unstated`.

        parent: id of a resource whose children of that kind are meant; a live collection lists them parent by parent.
        """
        wanted = kind.lower()
        if parent and listed(parent, kind) in self._done():
            return "proven"
        if any(_concerns(problem, wanted) for problem in self.problems):
            return "unproven"
        if self.complete is None or wanted in self.complete:
            return "proven"
        claimed = isinstance(self.source.get("complete"), list) or bool(self.complete)
        return "unproven" if claimed else "unstated"

    def _done(self) -> frozenset[str]:
        """What a live collection says it read: addresses in lower case."""
        if self._read is None:
            done = self.source.get("done")
            self._read = (
                frozenset(one for one in done if isinstance(one, str)) if isinstance(done, list) else frozenset()
            )
        return self._read

    def refused(self, operation: str) -> bool:
        """True where a problem says that this operation of Azure's did not succeed."""
        return any(str(one.get("operation") or "").lower() == operation.lower() for one in self.problems)

    def changed(self, changes: Iterable[Change]) -> Snapshot:
        """A snapshot with these values at these addresses; only the touched documents are copied.

        A change of a whole document (pointer "") replaces it, adds it where the snapshot does not hold it, or takes it
        away (value None).
        Raises InputError for any other change of a document that the snapshot does not hold.
        """
        touched = dict(self._touched)
        for change in changes:
            at = _key(change.document)
            if change.pointer == "" and (self.get(at) is not None or not self._inside_another(at)):
                touched[at] = change.value
                continue
            at, prefix = self._home(change.document, touched)
            touched[at] = _set(touched.get(at, self._by_id.get(at)), [*prefix, *_parts(change.pointer)], change.value)
        other = Snapshot(
            observations=self.observations, problems=self.problems, source=self.source, collected_at=self.collected_at,
            cloud=self.cloud, extra=self.extra, complete=self.complete,
        )  # fmt: skip
        other._resources, other._by_id, other._by_type = self._resources, self._by_id, self._by_type
        other._by_parent, other._keyed, other._touched = self._by_parent, self._keyed, touched
        return other

    def _inside_another(self, at: str) -> bool:
        """True for the id of an object that lies inside a resource, such as a rule inside its security group."""
        parts = at.split("/")
        holders = (self.get("/".join(parts[:end])) for end in range(len(parts) - 2, 1, -2))
        return any(_inside(holder, at) is not None for holder in holders if holder is not None)

    def _home(self, document: str, touched: Mapping[str, dict[str, Any] | None]) -> tuple[str, list[str]]:
        """The resource that holds a document, and the path to it inside."""
        at = _key(document)
        if at in touched or at in self._by_id:
            return at, []
        parts = at.split("/")
        for end in range(len(parts) - 2, 1, -2):
            parent = "/".join(parts[:end])
            holder = touched.get(parent) or self._by_id.get(parent)
            if holder is not None:
                found = _inside(holder, at)
                if found is not None:
                    return parent, found
        raise InputError(
            f"The evidence holds no resource {document}.", remedy="Load the evidence the change was made for."
        )

    def to_dict(self) -> dict[str, Any]:
        """The document to save; loading it gives an equal snapshot."""
        source = dict(self.source)
        if self.complete is not None and "complete" not in source:
            source["complete"] = sorted(self.complete)
            source |= {UNSTATED: True} if not self.complete else {}
        return {
            **self.extra, "format": FORMAT, "version": VERSION, "collected_at": self.collected_at, "cloud": self.cloud,
            "source": source, "resources": list(self.resources), "observations": list(self.observations),
            "problems": list(self.problems),
        }  # fmt: skip

    def observed(self, observations: Iterable[dict[str, Any]]) -> Snapshot:
        """A snapshot with more observations; everything else is shared."""
        other = self.changed(())
        other.observations = (*self.observations, *observations)
        return other

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write .json, .json.gz or .zip, for the owner only; the old file stays until the new one is whole."""
        data = json.dumps(self.to_dict(), ensure_ascii=False, indent=1).encode()
        suffix = Path(path).suffix
        replace_file(path, PACKED[suffix](data) if suffix in PACKED else data, owner_only=True)


def _zipped(data: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("snapshot.json", data)
    return held.getvalue()


PACKED: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".zip": _zipped}


def from_document(document: Mapping[str, Any]) -> Snapshot:
    """A snapshot from its document. Without `source.complete` it counts as complete for all kinds.

    An empty list says that no kind is; with `unstated` beside it, that nothing was claimed, as of files of other programs.
    """
    source = document.get("source")
    if isinstance(source, dict) and source.get(UNSTATED) is True and source.get("complete") == []:
        kept = {name: value for name, value in source.items() if name not in (UNSTATED, "complete")}
        found = from_document({**document, "source": {**kept, "complete": []}})
        found.source = kept
        return found
    claimed = source.get("complete") if isinstance(source, dict) else None
    complete = frozenset(str(kind).lower() for kind in claimed) if isinstance(claimed, list) else None
    return Snapshot(
        document.get("resources") or (),
        observations=document.get("observations") or (),
        problems=document.get("problems") or (),
        source=source if isinstance(source, dict) else {},
        collected_at=str(document.get("collected_at") or ""),
        cloud=str(document.get("cloud") or "AzureCloud"),
        extra={name: value for name, value in document.items() if name not in _KNOWN},
        complete=complete,
    )


def _concerns(problem: Mapping[str, Any], wanted: str) -> bool:
    """True where a problem names the kind, or a scope so wide that every kind may be partial.

    A problem that lists its `kinds` concerns those alone; an empty list means that a value is missing, not a resource.
    """
    kinds = problem.get("kinds")
    if isinstance(kinds, list):
        return wanted in {str(kind).lower() for kind in kinds}
    text = " ".join(str(problem.get(name) or "") for name in ("scope", "operation")).lower()
    if wanted in text or _reads_a_parent(str(problem.get("operation") or ""), wanted):
        return True
    names_a_kind = "microsoft." in text
    return not names_a_kind


def _reads_a_parent(operation: str, wanted: str) -> bool:
    """True where a kind was refused that the wanted one lies inside: without the parents its children cannot be listed."""
    refused, _, verb = operation.lower().rpartition("/")
    return verb == "read" and wanted.startswith(refused + "/") and refused.count("/") > 0


def _parts(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:] if part != ""]


def _inside(node: Any, wanted: str) -> list[str] | None:
    """Path to the nested object of this id."""
    if isinstance(node, dict):
        if _key(str(node.get("id", ""))) == wanted:
            return []
        items: Iterable[tuple[str, Any]] = node.items()
    elif isinstance(node, list):
        items = ((str(i), value) for i, value in enumerate(node))
    else:
        return None
    for name, value in items:
        if isinstance(value, dict | list):
            found = _inside(value, wanted)
            if found is not None:
                return [name, *found]
    return None


def _position(items: list[Any], step: str) -> int:
    """Where in a list a step of a pointer leads: a position, or the name of an element."""
    named = next((i for i, one in enumerate(items) if isinstance(one, dict) and one.get("name") == step), None)
    if named is None and step.isdigit() and int(step) < len(items):
        return int(step)
    if named is None:
        raise InputError(f"The list has no element {step}.", remedy="Load the evidence the change was made for.")
    return named


def _set(node: Any, path: list[str], value: Any) -> Any:
    """A copy of the spine with a value at its end; None removes a member or element, `-` appends."""
    if not path:
        return value
    head, rest = path[0], path[1:]
    if isinstance(node, list):
        if head == "-":
            return [*node, _set({}, rest, value) if rest else value]
        at = _position(node, head)
        kept = [_set(node[at], rest, value)] if rest or value is not None else []
        return [*node[:at], *kept, *node[at + 1 :]]
    members = dict(node) if isinstance(node, dict) else {}
    if not rest and value is None:
        members.pop(head, None)
    else:
        empty: Any = [] if rest and rest[0] == "-" else {}
        members[head] = _set(members.get(head) if members.get(head) is not None else empty, rest, value)
    return members
