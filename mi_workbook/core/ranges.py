"""Ranges: a set of whole numbers as sorted, disjoint, closed intervals. Used for IPv4 addresses and ports."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

LAST_ADDRESS = 2**32 - 1
LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Ranges:
    """An immutable set of integers; `spans` are (first, last), sorted, neither touching nor overlapping."""

    spans: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, spans: Iterable[tuple[int, int]]) -> Ranges:
        """The union of any closed intervals."""
        merged: list[tuple[int, int]] = []
        for first, last in sorted(spans):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
            else:
                merged.append((first, last))
        return cls(tuple(merged))

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self.spans)

    def __or__(self, other: Ranges) -> Ranges:
        return Ranges.of((*self.spans, *other.spans))

    def __and__(self, other: Ranges) -> Ranges:
        if len(self.spans) == len(other.spans) == 1:
            first, last = max(self.spans[0][0], other.spans[0][0]), min(self.spans[0][1], other.spans[0][1])
            return Ranges(((first, last),)) if first <= last else NOTHING
        found, i, j = [], 0, 0
        while i < len(self.spans) and j < len(other.spans):
            first = max(self.spans[i][0], other.spans[j][0])
            last = min(self.spans[i][1], other.spans[j][1])
            if first <= last:
                found.append((first, last))
            if self.spans[i][1] < other.spans[j][1]:
                i += 1
            else:
                j += 1
        return Ranges(tuple(found))

    def __sub__(self, other: Ranges) -> Ranges:
        left: list[tuple[int, int]] = []
        j = 0
        for first, last in self.spans:
            start = first
            while j < len(other.spans) and other.spans[j][1] < start:
                j += 1
            at = j
            while at < len(other.spans) and other.spans[at][0] <= last:
                if other.spans[at][0] > start:
                    left.append((start, other.spans[at][0] - 1))
                start = other.spans[at][1] + 1
                at += 1
            if start <= last:
                left.append((start, last))
        return Ranges(tuple(left))

    def meets(self, other: Ranges) -> bool:
        """True if both sets share a number."""
        if len(self.spans) == 1 and len(other.spans) == 1:
            (first, last), (start, end) = self.spans[0], other.spans[0]
            return first <= end and start <= last
        return bool(self & other)

    def covers(self, other: Ranges) -> bool:
        """True if every number of `other` is in this set."""
        return not other - self

    @property
    def size(self) -> int:
        """How many numbers the set holds."""
        return sum(last - first + 1 for first, last in self.spans)


NOTHING = Ranges()
EVERY_ADDRESS = Ranges(((0, LAST_ADDRESS),))
EVERY_PORT = Ranges(((0, LAST_PORT),))


@lru_cache(maxsize=100_000)
def prefix(text: str) -> Ranges:
    """Addresses of an IPv4 prefix or address ("10.0.0.0/24", "10.0.0.4", also "a-b"); empty for IPv6.

    Raises ValueError where the text is none of these.
    """
    if "-" in text:
        first, last = (int(ipaddress.IPv4Address(part.strip())) for part in text.split("-", 1))
        return Ranges(((first, last),)) if first <= last else Ranges()
    network = ipaddress.ip_network(text.strip(), strict=False)
    if network.version != 4:
        return Ranges()
    return Ranges(((int(network.network_address), int(network.broadcast_address)),))


def addresses(texts: Iterable[str]) -> Ranges:
    """The union of several prefixes."""
    return Ranges.of(span for text in texts for span in prefix(text))


def ports(text: str) -> Ranges:
    """Ports of "1433", "11000-11999" or "*". Raises ValueError on anything else."""
    if text.strip() in {"*", ""}:
        return EVERY_PORT
    first, _, last = text.partition("-")
    low, high = int(first), int(last or first)
    if not 0 <= low <= high <= LAST_PORT:
        raise ValueError(f"not a port range: {text}")
    return Ranges(((low, high),))


def show_addresses(found: Ranges) -> str:
    """Addresses as a person writes them: prefixes where they fit, else first-last."""
    return ", ".join(_show_span(first, last) for first, last in found) or "no address"


def show_some(found: Ranges, most: int = 6) -> str:
    """The first addresses of a set, and how many more there are."""
    rest = len(found.spans) - most
    return show_addresses(Ranges(found.spans[:most])) + (f" and {rest} more ranges" if rest > 0 else "")


def _show_span(first: int, last: int) -> str:
    start, end = ipaddress.IPv4Address(first), ipaddress.IPv4Address(last)
    nets = list(ipaddress.summarize_address_range(start, end))
    if len(nets) == 1:
        return str(start) if first == last else str(nets[0])
    return f"{start}-{end}"


def show_ports(found: Ranges) -> str:
    """Ports as a person writes them: "1433, 11000-11999"."""
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in found) or "no port"
