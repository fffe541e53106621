"""Routes that a machine named when it was asked for one address: `ip route get`, `route get`, `Find-NetRoute`, as pasted."""

from __future__ import annotations

from dataclasses import dataclass

from mi_workbook.core.evidence import Evidence
from mi_workbook.core.ranges import NOTHING, Ranges
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.reading import ipv4
from mi_workbook.network.tested import is_from

KINDS = frozenset({"ip-route-get", "route-get", "find-netroute"})
NO_WAY = frozenset({"unreachable", "prohibit", "blackhole"})


@dataclass(frozen=True, slots=True)
class AskedRoute:
    """The route to one IPv4 address, and nothing about any other.

    result: unicast, local or a word of NO_WAY. source: the address it is sent from, "" where that is not told. prefix: of the
    route that won, "" likewise. windows: the system that was asked.
    """

    destination: str
    result: str
    interface: str
    gateway: str
    source: str
    prefix: str
    windows: bool
    evidence: Evidence

    @property
    def address(self) -> Ranges:
        """The address that was asked about."""
        return ipv4((self.destination,))


def asked_routes(snapshot: Snapshot, places: frozenset[str]) -> tuple[AskedRoute, ...]:
    """What a place answered. Questions that were narrowed to a source or an interface are not what an application asks."""
    found = []
    for position, one in enumerate(snapshot.observations):
        value = one.get("value")
        if one.get("kind") not in KINDS or not is_from(one, places) or not isinstance(value, list):
            continue
        if one.get("whole") is not True:  # its last words may be cut off, an address in the middle among them
            continue
        for number, row in enumerate(value):
            if isinstance(row, dict) and row.get("what") == "answer" and row.get("narrowed") is False:
                at = Evidence(f"observations/{position}", f"/value/{number}", row)
                found.append(_route(row, one["kind"] == "find-netroute", at))
    return tuple(one for one in found if one.address and one.result in NO_WAY | {"unicast", "local"})


def _route(row: dict[str, object], windows: bool, evidence: Evidence) -> AskedRoute:
    words = [str(row.get(name) or "") for name in ("destination", "result", "interface", "gateway", "source", "prefix")]
    return AskedRoute(words[0], words[1], words[2], words[3], words[4], words[5], windows, evidence)


def own_addresses(snapshot: Snapshot, places: frozenset[str]) -> Ranges:
    """IPv4 addresses that outputs of a place show to be the machine's own now: ipconfig, and sources of its routes."""
    texts: list[str] = [one.source for one in asked_routes(snapshot, places)]
    for one in snapshot.observations:
        value = one.get("value")
        if one.get("kind") == "ipconfig" and is_from(one, places) and isinstance(value, list):
            listed = (row.get("addresses") for row in value if isinstance(row, dict))
            texts += [str(text).partition("/")[0] for some in listed if isinstance(some, list) for text in some]
    return Ranges.of(span for text in texts if text and ":" not in text for span in ipv4((text,))) if texts else NOTHING
