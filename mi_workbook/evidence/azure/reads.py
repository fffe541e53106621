"""Which reads by name a resource needs: what Resource Graph lacks or serves late."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mi_workbook.evidence.azure.arm import Arm, ReadFailed
from mi_workbook.evidence.azure.holding import Holding, key
from mi_workbook.evidence.azure.kinds import (
    FAILOVER_GROUPS,
    INSTANCES,
    child_kind,
    group_holder,
    known,
    version_of,
    whole_with,
)
from mi_workbook.evidence.snapshot import field, listed, props, type_of

GONE = 404
LOCKS = "Microsoft.Authorization/locks"
# All that is kept of a web app's configuration: how its traffic leaves it.
SITE_MEMBERS = ("vnetName", "vnetRouteAllEnabled", "vnetPrivatePortsCount", "subnetResourceId", "swiftSupported")


@dataclass(frozen=True, slots=True)
class Read:
    """One read. how: get | list | part | action; path: what is asked; parent: id of the resource it is about; kind: the
    ARM type of what comes; observed: the kind of observation an action gives; body: an action wants an empty object;
    wanted: the member that holds the list an action gives."""

    how: str
    path: str
    parent: str
    kind: str
    observed: str = ""
    body: bool = False
    wanted: str = "value"

    @property
    def operation(self) -> str:
        """The action of Azure's access control that the read needs."""
        return f"{self.kind}/action" if self.how == "action" else f"{self.kind}/read"


def state_reads(resource_id: str) -> Iterator[Read]:
    """Reads of a resource's state and children, by its id."""
    kind = type_of({"id": resource_id})
    spec = _spec(kind)
    if spec.get("get", True):
        yield Read("get", resource_id, resource_id, kind)
    for child in spec.get("lists", ()):
        yield _list_of(resource_id, kind, child)
    for part in spec.get("parts", ()):
        yield Read("part", f"{resource_id}/{part}", resource_id, f"{kind}/{part.split('/')[0]}")


def later_reads(resource: Mapping[str, Any]) -> Iterator[Read]:
    """Lists that settle names and repairs, not the path itself: read after the first verdict.

    Failover groups are listed by resource group and location, locks by subscription.
    Sources: REST references of "Instance Failover Groups - List By Location" (2023-08-01) and "Management Locks - List At
    Subscription Level" (2020-05-01).
    """
    at, kind = str(resource.get("id", "")), _spelled(type_of(resource))
    for child in _spec(kind).get("later", ()):
        yield _list_of(at, kind, child)
    if kind != INSTANCES:
        return
    if holder := group_holder(resource):
        yield Read("list", f"{holder}/instanceFailoverGroups", holder, FAILOVER_GROUPS)
    subscription = "/".join(at.split("/")[:3])
    yield Read("list", f"{subscription}/providers/{LOCKS}", subscription, LOCKS)


def _list_of(resource_id: str, kind: str, child: str) -> Read:
    return Read("list", f"{resource_id}/{child}", resource_id, child_kind(_spelled(kind), child))


def computed_reads(resource: Mapping[str, Any]) -> Iterator[Read]:
    """Reads of what Azure itself computed or measured; each is a POST that takes seconds."""
    at = str(resource.get("id", ""))
    kind = type_of(resource)
    for action in _spec(kind).get("actions", ()):
        if WHEN[action["when"]](props(resource)):
            name = _spelled(kind)
            kind_of = f"{name}/{action['name']}"
            wanted = action.get("wanted", "value")
            yield Read("action", f"{at}/{action['name']}", at, kind_of, action["kind"], "body" in action, wanted)


WHEN: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "speaks": lambda inner: field(inner, "enableBgp") is True or field(inner, "gatewayType") == "ExpressRoute",
    "clients": lambda inner: bool(field(inner, "vpnClientConfiguration")),
    "always": lambda inner: True,
    "running": lambda inner: bool(field(inner, "virtualMachine")),
}


def is_live(kind: str) -> bool:
    """True for a kind whose state is worth a read by name when it lies on a path."""
    return bool(_spec(kind))


def _spec(kind: str) -> dict[str, Any]:
    reads: dict[str, dict[str, Any]] = known()["reads"]
    return next((spec for name, spec in reads.items() if name.lower() == kind.lower()), {})


def _spelled(kind: str) -> str:
    """The kind as `kinds.toml` spells it: Resource Graph gives it in lower case."""
    return next((name for name in known()["reads"] if name.lower() == kind.lower()), kind)


def carry_out(arm: Arm, holding: Holding, read: Read) -> None:
    """Do one read and hold what it gives; a failure becomes a problem, and never reads as absence."""
    version = version_of(read.kind)
    try:
        DO[read.how](arm, holding, read, version)
    except ReadFailed as failed:
        _failed(holding, read, failed)
        return
    holding.mended(read.parent, read.operation)
    holding.done.add(key(read.path))
    if read.how == "list":
        holding.done.add(listed(read.parent, read.kind))


def _get(arm: Arm, holding: Holding, read: Read, version: str) -> None:
    body = arm.get(read.path, version)
    if not isinstance(body, dict) or not isinstance(body.get("properties"), dict):
        raise ReadFailed(200, "UnknownShape", "The answer is not a resource.")
    holding.keep(body, read.path)


def _list(arm: Arm, holding: Holding, read: Read, version: str) -> None:
    """A list that breaks off adds what came; only a whole one says what is gone."""
    try:
        rows = arm.pages(read.path, version)
    except ReadFailed as failed:
        for row in failed.rows:
            holding.keep(row)
        raise
    holding.keep_children(read.parent, read.kind, rows)


def _part(arm: Arm, holding: Holding, read: Read, version: str) -> None:
    body = arm.get(read.path, version)
    inner = field(body, "properties") if isinstance(body, dict) else None
    if not isinstance(inner, dict):
        raise ReadFailed(200, "UnknownShape", "The answer is not a configuration.")
    kept = {name: inner[name] for name in SITE_MEMBERS if name in inner}
    name = read.path.rsplit("/", 1)[-1]
    holding.keep({"id": read.path, "name": name, "type": read.kind, "properties": kept})


def _action(arm: Arm, holding: Holding, read: Read, version: str) -> None:
    body = arm.action(read.path, version, {} if read.body else None)
    if not isinstance(body, dict) or not isinstance(body.get(read.wanted), list):
        raise ReadFailed(200, "UnknownShape", "The answer holds no list.")
    holding.observe(read.observed, read.parent, body)


DO = {"get": _get, "list": _list, "part": _part, "action": _action}


def _failed(holding: Holding, read: Read, failed: ReadFailed) -> None:
    """Which kinds a failed read leaves partial: none for a value, the kind of a list, and of a resource not held."""
    kinds: tuple[str, ...] = ()
    holding.done -= {key(read.path), listed(read.parent, read.kind)}
    if read.how == "get" and failed.status == GONE:
        holding.drop(read.parent)
    if (read.how == "get" and holding.get(read.parent) is None) or read.how == "list":
        kinds = whole_with(_spelled(read.kind))
    holding.fail(read.parent, read.operation, failed, kinds, f"{read.path}?api-version={version_of(read.kind)}")
