"""The row that every reader of a system's name server settings makes, and which servers a name is asked at by such rows."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mi_workbook.evidence.pastes.shapes import bare_address


def resolver_row(
    servers: Iterable[str], *, interface: str = "", names: Iterable[str] = (), everything: bool | None = None,
    suffixes: Iterable[str] = (), exact: Iterable[str] = (), rule: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """One set of DNS servers.

    servers: addresses without port or zone. names: these and all names under them are asked there; exact: these names alone.
    everything: whether all other names are asked there too, None where the tool does not say. suffixes: put behind short names.
    rule: of the name resolution policy table, which comes before the servers of interfaces.
    """
    return {
        "what": "resolver", "servers": _each(servers), "interface": interface, "names": _each(map(_plain, names)),
        "exact": _each(map(_plain, exact)), "everything": everything, "suffixes": _each(suffixes), "rule": rule,
    }  # fmt: skip


def _each(texts: Iterable[str]) -> list[str]:
    """Each text once, without empty ones."""
    return list(dict.fromkeys(one for one in texts if one))


def _plain(name: str) -> str:
    return name.strip().lstrip("~*.").rstrip(".").lower()


def server(word: str) -> str:
    """The address of a server as tools write it: with a port, a zone, or the name its certificate must have; "" for none."""
    bare = word.strip().partition("#")[0]
    if bare.startswith("[") and "]" in bare:
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    return bare_address(bare)


def is_own(address: str) -> bool:
    """True for a server that is the machine itself: what it asks in turn is not shown."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Asked:
    """The servers that a name is asked at. by: the suffix of the rule that says so, "" for the servers of any name."""

    servers: tuple[str, ...]
    by: str = ""
    interfaces: tuple[str, ...] = ()


def asked_for(name: str, rows: Sequence[dict[str, Any]]) -> Asked:
    """Where a name is asked by these rows: the longest suffix that fits, else the servers of all names.

    A rule of the policy table without servers sends the name to nobody in particular and does not count.
    Source: resolvectl(1), "domain" (routing domains, best match); "The NRPT" (the most specific rule); scutil(8).
    """
    wanted = name.rstrip(".").lower()
    fitting = [
        (len(one), one, row)
        for row in rows
        for one in (*row["names"], *row["exact"])
        if row["servers"] and (wanted == one or (one in row["names"] and wanted.endswith("." + one)))
    ]
    if fitting:
        length = max(size for size, _, _ in fitting)
        best = [(one, row) for size, one, row in fitting if size == length]
        return Asked(_servers([row for _, row in best]), best[0][0], _interfaces([row for _, row in best]))
    general = [row for row in rows if row["servers"] and row["everything"] is not False and not row["rule"]]
    sure = [row for row in general if row["everything"]] or general
    return Asked(_servers(sure), "", _interfaces(sure))


def _servers(rows: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(one) for row in rows for one in row["servers"]))


def _interfaces(rows: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(row["interface"]) for row in rows if row["interface"]))
