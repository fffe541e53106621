"""The kinds of resource a collection knows: `kinds.toml`, read once."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


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
