"""Pasted tables as a machine, so that they are judged as this machine's own: longest prefix, then lowest metric."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from mi_workbook.evidence.machine import ENDS, Interface, Machine, Resolver, Route, interface
from mi_workbook.evidence.pastes.paste import Reading
from mi_workbook.evidence.pastes.shapes import FILTERED, NO_END, bare_address

SYSTEMS = {
    "route-print": "windows", "get-netroute": "windows", "netsh-route": "windows", "ip-route": "linux",
    "linux-netstat": "linux", "proc-net-route": "linux", "macos-netstat": "macos",
}  # fmt: skip

LOOPBACK = "127.0.0.0/8"


def tables_of(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """The route tables that have IPv4 routes."""
    return tuple(one for one in readings if one.kind in SYSTEMS and any(_is_four(row) for row in one.rows))


def table_of(readings: Sequence[Reading]) -> Reading | None:
    """The route table to judge by: the first that is shown to be complete, else the first."""
    return min(tables_of(readings), key=lambda one: not is_complete(one), default=None)


def is_complete(reading: Reading) -> bool:
    """True where it is shown that no row is missing: only then does a row's absence prove anything.

    A table of Windows always holds the loopback network; one without it was shortened by somebody.
    """
    shortened = SYSTEMS.get(reading.kind) == "windows" and not any(
        row.get("prefix") == LOOPBACK for row in reading.rows
    )
    return reading.whole and not reading.left and not {NO_END, FILTERED} & set(reading.notes) and not shortened


def machine_of(readings: Sequence[Reading]) -> Machine:
    """The machine of a route table and an `ipconfig`, as far as they are among the readings.

    Persistent routes are left out: they are no proof of a route in use. Windows: the interface of a route is its address
    for `route print`, an alias or an index for the others. `problems` says what is not known; `rules` holds routes that
    send the look-up elsewhere (Linux `throw`), after which no route is named.
    """
    table = table_of(readings)
    adapters = [row for one in readings if one.kind == "ipconfig" for row in one.rows if row.get("what") == "adapter"]
    suffixes = [
        suffix for one in readings for row in one.rows if row.get("what") == "host" for suffix in row["suffixes"]
    ]
    rows = [row for row in table.rows if row["what"] == "route" and not row["persistent"]] if table else []
    return Machine(
        SYSTEMS[table.kind] if table else "windows" if adapters else "",
        tuple(_route(row) for row in rows if row.get("kind") != "throw" and "dead" not in row.get("flags", ())),
        tuple(_interface(row) for row in adapters), tuple(_resolvers(adapters)), tuple(dict.fromkeys(suffixes)),
        tuple(f"throw {row['prefix']}" for row in rows if row.get("kind") == "throw"), None, tuple(_problems(table, rows)),
    )  # fmt: skip


def _is_four(row: dict[str, Any]) -> bool:
    return row.get("what") == "route" and "." in row["prefix"]


def _route(row: dict[str, Any]) -> Route:
    kind, source = str(row.get("kind", "unicast")), str(row.get("source") or bare_address(row["interface"]))
    return Route(
        row["prefix"], row["gateway"], row["interface"], row["metric"], source,
        kind if kind in ENDS or kind in ("local", "broadcast") else "unicast", str(row.get("table", "main")),
        bool(row.get("scoped")),
    )  # fmt: skip


def _interface(row: dict[str, Any]) -> Interface:
    """An adapter of `ipconfig`. Windows names the protocol of a dialled connection before its name."""
    dialled = bool(re.search(r"\bPPP\b", row["name"]))
    return interface(
        row["name"],
        up=bool(row["addresses"]),
        addresses=row["addresses"],
        description=row["description"],
        tunnel=dialled,
    )


def _resolvers(adapters: Sequence[dict[str, Any]]) -> Iterator[Resolver]:
    yield from (Resolver(tuple(row["dns_servers"]), row["name"]) for row in adapters if row["dns_servers"])


def _problems(table: Reading | None, rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    if table is None:
        yield "No route table with IPv4 routes was pasted."
    elif not is_complete(table):
        yield f"It is not shown that the table is complete ({table.title}, line {table.span[0]} to {table.span[1]})."
    if table and any(row["metric"] is None and SYSTEMS[table.kind] != "macos" for row in rows):
        yield "The table has no metrics: of equal prefixes it cannot be told which one wins."
