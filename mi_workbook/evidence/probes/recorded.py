"""Probe results that were written as observations, on this machine or another, as results again."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from mi_workbook.evidence.hosts import HostsFile
from mi_workbook.evidence.probes.dns import DnsResult
from mi_workbook.evidence.probes.login import LoginResult
from mi_workbook.evidence.probes.run import FORMAT, Probes
from mi_workbook.evidence.probes.tcp import TcpResult
from mi_workbook.evidence.probes.tds import TdsResult

KINDS: Mapping[str, type] = {
    "hosts-file": HostsFile, "probe-dns": DnsResult, "probe-tcp": TcpResult, "probe-tds": TdsResult, "probe-login": LoginResult,
}  # fmt: skip
STRICT = "8.0"


def recorded(observations: Iterable[Mapping[str, Any]]) -> list[Probes]:
    """Each run of the probe (same target, same time) whose results are among the observations, in their order.

    A login that was followed holds at least one server. Raises ValueError for results of another shape: a file from
    elsewhere may hold anything.
    """
    runs: dict[tuple[str, str], list[Any]] = {}
    for one in observations:
        kind = KINDS.get(str(one.get("kind", "")))
        if kind is None or one.get("format") != FORMAT:
            continue
        runs.setdefault((str(one.get("about", "")), str(one.get("at", ""))), []).append(_built(kind, one.get("value")))
    found = (_probes(about, at, results) for (about, at), results in runs.items())
    return [one for one in found if one is not None]


def _probes(about: str, at: str, results: list[Any]) -> Probes | None:
    """One run; None where neither a name nor a connection was tried."""
    host, _, port = about.partition(",")
    if not host or not port.isdigit() or len(port) > 5:
        raise ValueError(f"{about[:80]!r} is no target of a probe.")
    dns = tuple(one for one in results if isinstance(one, DnsResult))
    tcp = tuple(one for one in results if isinstance(one, TcpResult))
    tds = [one for one in results if isinstance(one, TdsResult)]
    logins = [one for one in results if isinstance(one, LoginResult)]
    if any(not one.hops for one in logins):
        raise ValueError("A login that asked no server is none.")
    hosts = next((one for one in results if isinstance(one, HostsFile)), HostsFile(""))
    if not (dns or tcp):
        return None
    return Probes(
        host, int(port), at, hosts, dns, tcp, next((one for one in tds if one.protocol != STRICT and tcp), None),
        next((one for one in tds if one.protocol == STRICT), None), logins[-1] if logins else None,
    )  # fmt: skip


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _built(wanted: Any, value: Any) -> Any:
    """The value as this type, of what JSON keeps of it. Raises ValueError where it is none."""
    origin, inner = get_origin(wanted), get_args(wanted)
    if origin in {Union, types.UnionType}:
        return None if value is None else _built(next(one for one in inner if one is not type(None)), value)
    if origin is tuple:
        return _tuple(inner, value)
    if isinstance(wanted, type) and is_dataclass(wanted):
        return _dataclass(wanted, value)
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return wanted(value)
    if wanted is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(wanted, type) and type(value) is wanted:
        return value
    raise ValueError(f"{type(value).__name__} where {wanted} is expected.")


def _tuple(inner: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ValueError("A list is expected.")
    if inner[-1] is Ellipsis:
        return tuple(_built(inner[0], one) for one in value)
    return tuple(_built(kind, one) for kind, one in zip(inner, value, strict=True))


def _dataclass(wanted: type, value: Any) -> Any:
    """Members that a later version adds are left out; a missing one must have a default."""
    if not isinstance(value, dict):
        raise ValueError("An object is expected.")
    known = {one.name for one in fields(wanted)}
    hints = _hints(wanted)
    try:
        return wanted(**{name: _built(hints[name], inner) for name, inner in value.items() if name in known})
    except TypeError:
        raise ValueError(f"A member of {wanted.__name__} is missing.") from None
