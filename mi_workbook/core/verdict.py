"""Verdict: reachable, blocked or unknown, and how parts make a whole."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """The only three answers."""

    REACHABLE = "reachable"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


def along(results: Iterable[Verdict]) -> Verdict:
    """The first result, in the packet's order, that does not let it on. An empty path is unknown."""
    seen = False
    for result in results:
        seen = True
        if result is not Verdict.REACHABLE:
            return result
    return Verdict.REACHABLE if seen else Verdict.UNKNOWN


def together(results: Iterable[Verdict]) -> Verdict:
    """The verdict of flows that are all needed: one blocked flow blocks, else one unknown is unknown."""
    found = set(results)
    if Verdict.BLOCKED in found:
        return Verdict.BLOCKED
    return Verdict.REACHABLE if found == {Verdict.REACHABLE} else Verdict.UNKNOWN
