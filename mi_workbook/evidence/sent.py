"""What somebody sent as text: console output, and JSON among it: resources as az prints them, and what a probe wrote."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mi_workbook.evidence.json_text import Documents, documents
from mi_workbook.evidence.pasted import CLIENT, observations_of
from mi_workbook.evidence.secrets import clean
from mi_workbook.evidence.snapshot import Snapshot, field, type_of

MOST_RESOURCES = 2000


@dataclass(frozen=True, slots=True)
class Sent:
    """observations: of the client of the question (`from` is "client"). resources: ARM resources, secrets taken out."""

    observations: tuple[dict[str, Any], ...] = ()
    resources: tuple[dict[str, Any], ...] = ()

    @property
    def found(self) -> bool:
        """True where anything was recognised."""
        return bool(self.observations or self.resources)


def read_sent(text: str, name: str) -> Sent:
    """Everything in a text that is evidence. name: what it is called to the reader of the evidence."""
    read = _documents(text)
    probed = [row for one in read.found for row in _probed(one.value)]
    given = [one for one in read.found if any(True for _ in _resources(one.value))]
    resources = [clean(row, json.dumps(row)) for one in given for row in _resources(one.value)]
    taken = [one for one in read.found if one in given or any(True for _ in _probed(one.value))]
    rest = read.without(taken) if taken else text
    return Sent((*probed, *observations_of(rest, name)), tuple(resources[:MOST_RESOURCES]))


def _documents(text: str) -> Documents:
    """The JSON among the text; what is absurd in depth or numbers is text that nobody understands."""
    try:
        return documents(text)
    except (RecursionError, ValueError):
        return Documents(text, (), None)


def _probed(value: Any) -> Iterable[dict[str, Any]]:
    """The observations of `mi-workbook probe --json`."""
    if (
        not isinstance(value, dict)
        or "id" in value
        or not str(value.get("schema", "")).startswith("mi-workbook/probe/")
    ):
        return
    listed = value.get("observations")
    rows = listed if isinstance(listed, list) else []
    yield from ({**one, "from": CLIENT} for one in rows if isinstance(one, dict))


def _resources(value: Any) -> Iterable[dict[str, Any]]:
    """ARM resources: objects with an id and a type, one or a list."""
    rows = value if isinstance(value, list) else [value]
    for one in rows:
        if isinstance(one, dict) and str(field(one, "id", default="")).startswith("/subscriptions/") and type_of(one):
            yield one


def with_resources(snapshot: Snapshot, resources: Iterable[dict[str, Any]]) -> Snapshot:
    """The snapshot with these resources as their newest state; an older one of the same id makes way."""
    newer = {_key(one): one for one in resources}
    if not newer:
        return snapshot
    kept = [newer.pop(_key(one), one) for one in snapshot.resources]
    return Snapshot(
        [*kept, *newer.values()], observations=snapshot.observations, problems=snapshot.problems, source=snapshot.source,
        collected_at=snapshot.collected_at, cloud=snapshot.cloud, extra=snapshot.extra, complete=snapshot.complete,
    )  # fmt: skip


def _key(resource: dict[str, Any]) -> str:
    return str(field(resource, "id", default="")).rstrip("/").lower()
