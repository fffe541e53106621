"""What a collection holds: resources, observations, problems, and for which kinds it may claim to be whole."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from mi_workbook.evidence.azure.arm import ReadFailed
from mi_workbook.evidence.azure.graph import Place, Question
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
SAVED, SAVING = "the file of the collection", "mi-workbook/collection/write"
PASSING = frozenset({0, 202, SIGNED_OUT, 408, 429, 500, 502, 503, 504})
PASSING_CODES = frozenset({"TruncatedBody", "PagingLoop", "UnknownShape", "ResultTruncated"})


def may_pass(problem: Mapping[str, Any]) -> bool:
    """True for a failure that the same read, later or after signing in again, need not meet again."""
    read = problem.get("operation") != SAVING
    return read and (problem.get("status") in PASSING or problem.get("code") in PASSING_CODES)


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
    kept for a later run; tried: paths asked in this run; asked: subscriptions whose permissions were; places: how far each question to Resource Graph was read; version:
    grows with everything that comes; question: what was asked about, where something was, with the members from, to, endpoint.
    """

    def __init__(self, cloud: str, started: Snapshot | None = None) -> None:
        self._lock = threading.Lock()
        self.cloud, self.at = cloud, (started.collected_at if started else "") or now()
        self.subscriptions: tuple[str, ...] = ()
        self.visible: frozenset[str] | None = None
        self.near: set[str] | None = None
        self.granted: dict[str, list[Mapping[str, Any]]] = {}
        self.asked: set[str] = set()
        self.whole: dict[str, Question] = {}
        self.done: set[str] = set()
        self.tried: set[str] = set()
        self.requests = self.version = 0
        self.question: dict[str, str] = {}
        self.places: dict[str, Place] = {}
        self._earlier = _unfinished(started)
        self._resources = {key(str(one.get("id", ""))): one for one in (started.resources if started else ())}
        # What may pass says nothing of the account or the estate: it is read again where it is needed, and a problem again
        # where that fails.
        told = started.problems if started else ()
        earlier = [one for one in told if not may_pass(one) and one.get("operation") != SAVING]
        self._problems = {_problem_key(one): dict(one) for one in earlier}
        self._observations = {_seen_key(one): dict(one) for one in (started.observations if started else ())}
        if started is not None:
            self.done = {str(one) for one in started.source.get("done") or () if str(one).startswith("/")}

    @property
    def count(self) -> int:
        """How many resources are held."""
        return len(self._resources)

    @property
    def goes_on(self) -> bool:
        """True where an unfinished collection was given to go on with."""
        return bool(self._earlier)

    @property
    def settled(self) -> bool:
        """True once it is known what the account may read, or that this cannot be told."""
        return bool(self.subscriptions) and self.asked.issuperset(self.subscriptions)

    def go_on(self) -> None:
        """Take over how far an unfinished collection came, where the account may read exactly what it could then.

        Rows that Resource Graph left out for want of a permission would else read as absent once the account holds it.
        """
        if self._earlier.get("granted") == self._granted():
            places = self._earlier.get("places")
            self.places = {name: Place(*one) for name, one in (places or {}).items() if _is_place(one)}

    def reached(self, name: str, place: Place) -> None:
        """A question to Resource Graph was read up to a place."""
        with self._lock:
            self.places[name] = place
            self.version += 1

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
                self.version += 1

    def keep_row(self, row: Mapping[str, Any]) -> None:
        """Hold a row of Resource Graph, without empty columns and without what it serves late.

        A reading by name of the same resource stays: it is the fresher one. So does a list of its parent's children, which
        also says what is gone.
        """
        at = key(str(row.get("id", "")))
        if at in self.done or listed(at.rsplit("/", 2)[0], type_of(row)) in self.done:
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
        one: dict[str, Any] = {"kind": kind, "about": about, "at": now(), "format": "az", "value": scrub(value)}
        with self._lock:
            self._observations[_seen_key(one)] = one
            self.version += 1

    def fail(self, scope: str, operation: str, failed: ReadFailed, kinds: Iterable[str], asked: str = "") -> None:
        """Hold a read that failed. kinds: those that may now be partial; none where only a value is missing; asked: the
        address, with its api-version, where that is more than the scope.
        """
        one = {"scope": scope, "operation": operation, "status": failed.status, "code": failed.code,
               "message": failed.message, "kinds": sorted(kinds)}  # fmt: skip
        if asked:
            one["asked"] = asked
        with self._lock:
            self._problems[_problem_key(one)] = one

    def mended(self, scope: str, operation: str) -> None:
        """A read that had failed before gave its answer."""
        with self._lock:
            self._problems.pop((key(scope), operation.lower()), None)

    def snapshot(self, scope: str = "everything", *, unfinished: bool = False) -> Snapshot:
        """What was read so far, as evidence. unfinished: more was to be read; then it also says how to go on with it."""
        with self._lock:
            resources, problems = list(self._resources.values()), list(self._problems.values())
            observations, done = list(self._observations.values()), sorted(self.done)
            places = {name: [one.token, one.rows, one.whole] for name, one in self.places.items()}
        complete = sorted(self._claims(resources))
        source = {"kind": "azure", "scope": scope, "subscriptions": list(self.subscriptions), "complete": complete,
                  "requests": self.requests, "done": done}  # fmt: skip
        if self.question:
            source["question"] = self.question
        if unfinished or any(may_pass(one) for one in problems):
            source["unfinished"] = {"granted": self._granted(), "places": places}
        return Snapshot(
            resources, observations=observations, problems=problems, source=source, collected_at=self.at,
            cloud=self.cloud, complete=frozenset(kind.lower() for kind in complete),
        )  # fmt: skip

    def _granted(self) -> str:
        """What the account may read, as a hash."""
        with self._lock:
            known_so_far = {one: self.granted.get(one) for one in self.subscriptions}
        return hashlib.sha256(json.dumps(known_so_far, sort_keys=True, default=str).encode()).hexdigest()

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


def _unfinished(started: Snapshot | None) -> Mapping[str, Any]:
    found = started.source.get("unfinished") if started is not None else None
    return found if isinstance(found, Mapping) else {}


def _is_place(one: Any) -> bool:
    return isinstance(one, list) and [type(part) for part in one] == [str, int, bool]


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


def _seen_key(one: Mapping[str, Any]) -> tuple[str, str, str]:
    """One next hop for each address asked about; of all else the newest."""
    value = one.get("value")
    to = value.get("destinationIPAddress") if isinstance(value, Mapping) else ""
    return str(one.get("kind", "")), key(str(one.get("about", ""))), str(to or "")
