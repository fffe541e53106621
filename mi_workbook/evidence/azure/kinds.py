"""The kinds of resource a collection knows: `kinds.toml`, read once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from mi_workbook.evidence.snapshot import field

INSTANCES = "Microsoft.Sql/managedInstances"
FAILOVER_GROUPS = "Microsoft.Sql/locations/instanceFailoverGroups"


@cache
def known() -> dict[str, Any]:
    """The whole table."""
    return tomllib.loads((files("mi_workbook.evidence.azure") / "kinds.toml").read_text(encoding="utf-8"))


def version_of(kind: str) -> str:
    """The api-version a kind is read in, that of Microsoft.Network for a provider that is not listed."""
    table: dict[str, str] = known()["versions"]
    fits = [name for name in table if f"{kind.lower()}/".startswith(f"{name}/")]
    return table[max(fits, key=len)] if fits else table["microsoft.network"]


def whole_with(kind: str) -> tuple[str, ...]:
    """A kind and those that are whole where it is."""
    inside: dict[str, list[str]] = known()["inside"]
    return (kind, *inside.get(kind, ()))


def child_kind(kind: str, child: str) -> str:
    """The kind of the children that a list under a resource of some kind gives."""
    return f"{kind}/{known()['spelled'].get(child, child)}"


def listed_kinds() -> Iterator[tuple[str, str]]:
    """Each kind with children that are listed parent by parent, and the kind of those children."""
    for kind, spec in known()["reads"].items():
        for child in (*spec.get("lists", ()), *spec.get("later", ())):
            yield kind, child_kind(kind, child)


def group_holder(instance: Mapping[str, Any]) -> str:
    """The address under which the failover groups of an instance are listed, "" where its place cannot be read.

    Source: REST reference of "Instance Failover Groups - List By Location" (2023-08-01).
    """
    parts = str(instance.get("id", "")).split("/")
    location = str(field(instance, "location", default="")).replace(" ", "").lower()
    if len(parts) < 9 or not location.isalnum():
        return ""
    return f"{'/'.join(parts[:5])}/providers/Microsoft.Sql/locations/{location}"
