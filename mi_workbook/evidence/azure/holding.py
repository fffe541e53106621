"""What a collection holds: resources, observations, problems, and for which kinds it may claim to be whole."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from mi_workbook.evidence.azure.arm import ReadFailed
from mi_workbook.evidence.azure.graph import Question
from mi_workbook.evidence.azure.kinds import FAILOVER_GROUPS, INSTANCES, group_holder, known, listed_kinds, whole_with
from mi_workbook.evidence.azure.permissions import allows
from mi_workbook.evidence.secrets import scrub
from mi_workbook.evidence.snapshot import Snapshot, field, listed, props, type_of

NICS = "microsoft.network/networkinterfaces"
SETS = "microsoft.compute/virtualmachinescalesets"
SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+)/", re.IGNORECASE)
# Members by which a resource names a network that may lie in another subscription.
LEADS = (
    "remotevirtualnetwork",
    "virtualnetwork",
    "virtualnetworkgateway1",
    "virtualnetworkgateway2",
    "privateendpoint",
)


SIGNED_OUT = 401


def now() -> str:
    """The time in ISO 8601, in seconds and UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def key(resource_id: str) -> str:
    """The form in which two spellings of one id are equal."""
    return resource_id.strip().rstrip("/").lower()


class Holding:
    """Everything read so far; threads may add to it at the same time.

    subscriptions: those that were read; visible: those the account can see, None where that could not be told; near: ids
    (lower case) of what lies on the path asked about, None where nothing particular was asked; done: paths that were read,
    kept for a later run; tried: paths asked in this run.
    """

    def __init__(self, cloud: str, started: Snapshot | None = None) -> None:
        self._lock = threading.Lock()
        self.cloud, self.at = cloud, (started.collected_at if started else "") or now()
        self.subscriptions: tuple[str, ...] = ()
        self.visible: frozenset[str] | None = None
        self.near: set[str] | None = None
        self.granted: dict[str, list[Mapping[str, Any]]] = {}
        self.whole: dict[str, Question] = {}
        self.done: set[str] = set()
        self.tried: set[str] = set()
        self.requests = 0
        self._resources = {key(str(one.get("id", ""))): one for one in (started.resources if started else ())}
        # A sign-in that had run out says nothing of the account: what it cost was not read, so it is asked for again.
        earlier = [one for one in (started.problems if started else ()) if one.get("status") != SIGNED_OUT]
        self._problems = {_problem_key(one): dict(one) for one in earlier}
        self._observations = {_seen_key(one): dict(one) for one in (started.observations if started else ())}
        if started is not None:
            self.done = {str(one) for one in started.source.get("done") or () if str(one).startswith("/")}

    def get(self, resource_id: str) -> dict[str, Any] | None:
        """A resource that was read, in any case of its id."""
        return self._resources.get(key(resource_id))

    def keep(self, resource: Mapping[str, Any], fallback_id: str = "") -> None:
        """Hold a resource, without secrets, in the place of an earlier reading of it."""
        clean: dict[str, Any] = scrub(resource)
        at = key(str(field(clean, "id", default="") or fallback_id))
        if at:
            with self._lock:
                self._resources[at] = clean if clean.get("id") else {"id": fallback_id, **clean}

    def keep_row(self, row: Mapping[str, Any]) -> None:
        """Hold a row of Resource Graph, without empty columns and without what it serves late.

        A reading by name of the same resource stays: it is the fresher one.
        """
        if key(str(row.get("id", ""))) in self.done:
            return
        late = {name.lower(): members for name, members in known()["late"].items()}.get(type_of(row).lower(), ())
        clean = {name: value for name, value in row.items() if value not in (None, "", {}) or name == "properties"}
        if late and isinstance(clean.get("properties"), Mapping):
            clean["properties"] = {name: v for name, v in clean["properties"].items() if name not in late}
        self.keep(clean)

    def keep_children(self, parent: str, kind: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Hold the children of a parent as a list just gave them; what the list no longer holds goes."""
        start, wanted = f"{key(parent)}/", kind.lower()
        with self._lock:
            gone = [
                at for at, one in self._resources.items() if at.startswith(start) and type_of(one).lower() == wanted
            ]
            for at in gone:
                del self._resources[at]
        for row in rows:
            self.keep(row)

    def drop(self, resource_id: str) -> None:
        """Forget a resource that is gone, and its children."""
        at = key(resource_id)
        with self._lock:
            for one in [held for held in self._resources if held == at or held.startswith(f"{at}/")]:
                del self._resources[one]

    def observe(self, kind: str, about: str, value: Any) -> None:
        """Hold what Azure computed or measured about a resource."""
        one = {"kind": kind, "about": about, "at": now(), "format": "az", "value": scrub(value)}
        with self._lock:
            self._observations[_seen_key(one)] = one

    def fail(self, scope: str, operation: str, failed: ReadFailed, kinds: Iterable[str]) -> None:
        """Hold a read that failed. kinds: those that may now be partial; none where only a value is missing."""
        one = {"scope": scope, "operation": operation, "status": failed.status, "code": failed.code,
               "message": failed.message, "kinds": sorted(kinds)}  # fmt: skip
        with self._lock:
            self._problems[_problem_key(one)] = one

    def mended(self, scope: str, operation: str) -> None:
        """A read that had failed before gave its answer."""
        with self._lock:
            self._problems.pop((key(scope), operation.lower()), None)

    def snapshot(self, scope: str = "everything") -> Snapshot:
        """What was read so far, as evidence."""
        with self._lock:
            resources, problems = list(self._resources.values()), list(self._problems.values())
            observations, done = list(self._observations.values()), sorted(self.done)
        complete = sorted(self._claims(resources))
        source = {"kind": "azure", "scope": scope, "subscriptions": list(self.subscriptions), "complete": complete,
                  "requests": self.requests, "done": done}  # fmt: skip
        return Snapshot(
            resources, observations=observations, problems=problems, source=source, collected_at=self.at,
            cloud=self.cloud, complete=frozenset(kind.lower() for kind in complete),
        )  # fmt: skip

    def _claims(self, resources: list[dict[str, Any]]) -> Iterator[str]:
        """Kinds that were surely read whole.

        Resource Graph leaves out what the account may not read without saying so. A kind counts as whole only where all
        pages came and the account may read the kind in the whole of every subscription that was read. A zone, an endpoint
        or a network manager can act from a subscription nobody named, so those need every visible subscription, and no
        lead to one that is not.
        """
        overlays = {kind.lower() for kind in known()["overlays"]["kinds"]}
        beyond = self.visible is None or bool(self.visible - set(self.subscriptions)) or self._leads_away(resources)
        sets = any(type_of(one).lower() == SETS and not _flexible(one) for one in resources)
        for question in self.whole.values():
            for kind in question.kinds:
                hidden = (kind.lower() in overlays and beyond) or (kind.lower() == NICS and sets)
                if not hidden and self._readable(kind):
                    yield from whole_with(kind)
                    yield from self._listed_whole(kind, resources, beyond)

    def _listed_whole(self, kind: str, resources: list[dict[str, Any]], beyond: bool) -> Iterator[str]:
        """Kinds of children that were listed for every parent there is."""
        overlays = {one.lower() for one in known()["overlays"]["kinds"]}
        held = [str(one.get("id", "")) for one in resources if type_of(one).lower() == kind.lower()]
        for parent, child in listed_kinds():
            same = parent.lower() == kind.lower() and not (beyond and child.lower() in overlays)
            if same and all(listed(one, child) in self.done for one in held):
                yield child
        if kind == INSTANCES and held and not beyond:
            holders = [group_holder(self.get(one) or {}) for one in held]
            if all(holder and listed(holder, FAILOVER_GROUPS) in self.done for holder in holders):
                yield FAILOVER_GROUPS

    def _readable(self, kind: str) -> bool:
        return bool(self.subscriptions) and all(
            allows(self.granted.get(one, ()), f"{kind}/read") for one in self.subscriptions
        )

    def _leads_away(self, resources: list[dict[str, Any]]) -> bool:
        """True where something on the path (or anywhere, where no path was asked about) names a network out of sight."""
        seen = {one.lower() for one in self.subscriptions}
        near = (one for one in resources if self.near is None or key(str(one.get("id", ""))) in self.near)
        return any(found.lower() not in seen for one in near for found in _leads(props(one)))


def _leads(node: Any, inside: str = "") -> Iterator[str]:
    """Subscriptions of the networks an object names. Hubs of Virtual WAN (HV_...) lie in a subscription of Microsoft's."""
    if isinstance(node, Mapping):
        at = node.get("id")
        found = SUBSCRIPTION.match(at) if isinstance(at, str) and inside in LEADS and "/HV_" not in at else None
        if found:
            yield found[1]
        for name, value in node.items():
            if isinstance(value, dict | list):
                yield from _leads(value, str(name).lower())
    elif isinstance(node, list):
        for value in node:
            yield from _leads(value, inside)


def _flexible(resource: Mapping[str, Any]) -> bool:
    """Network interfaces of a uniform scale set are in no list; those of a flexible one are."""
    return str(field(props(resource), "orchestrationMode", default="")).lower() == "flexible"


def _problem_key(one: Mapping[str, Any]) -> tuple[str, str]:
    return key(str(one.get("scope", ""))), str(one.get("operation", "")).lower()


def _seen_key(one: Mapping[str, Any]) -> tuple[str, str]:
    return str(one.get("kind", "")), key(str(one.get("about", "")))
