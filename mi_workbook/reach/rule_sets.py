"""First match by priority over whole sets of sources, destinations and ports, with a bounded worst case.

The source axis is cut where any rule begins or ends, destinations times ports become one grid of bits. A sweep along the
sources keeps the rules that are in force and paints the grid in their order until it is full. Boxes are never split, so
many small overlapping rules cost their number, not the number of their intersections. (Split grids and painting by
priority are standard; subtracting boxes from boxes is quadratic and worse.)
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mi_workbook.core.ranges import Ranges


@dataclass(frozen=True, slots=True)
class Layer:
    """A rule as a box in three dimensions: what it surely covers, and what it perhaps covers (a superset).

    sure: False where a part of the rule could not be read, so that it only perhaps matches at all.
    """

    allows: bool
    perhaps_allows: bool
    sources: tuple[Ranges, Ranges]
    destinations: tuple[Ranges, Ranges]
    ports: Ranges
    sure: bool


@dataclass(frozen=True, slots=True)
class Part:
    """Sources with one result: bits of destinations and ports that are allowed and denied, and what each layer took."""

    cells: tuple[int, ...]
    allowed: int
    denied: int
    by: dict[int, int]


@dataclass(frozen=True, slots=True)
class Judged:
    """The result for every source, destination and port; sets are made when they are asked for."""

    layers: Sequence[Layer]
    axis: Axis
    grid: Grid
    parts: tuple[Part, ...]

    @property
    def all_allowed(self) -> bool:
        """True if every packet is surely allowed."""
        return all(part.allowed == self.grid.full for part in self.parts)

    @property
    def any_denied(self) -> bool:
        """True if some packet is surely denied."""
        return any(part.denied for part in self.parts)

    @property
    def each_pair_denied(self) -> bool:
        """True if every pair of a source and a destination has a port that is surely denied."""
        return all(self.grid.each_row(part.denied) for part in self.parts)

    def denied_ports(self) -> Ranges:
        """Ports that are denied for some pair."""
        return self.grid.ports(self._denied())

    def denied_destinations(self) -> Ranges:
        """Destinations of denied packets."""
        return self.grid.destinations(self._denied())

    def denied_sources(self) -> Ranges:
        """Sources of denied packets."""
        return self.axis.ranges(cell for part in self.parts if part.denied for cell in part.cells)

    def deniers(self, most: int) -> list[tuple[int, Ranges]]:
        """The first layers, in the order of evaluation, that deny something, with the ports they close."""
        found = self._took(lambda position, part: 0 if self.layers[position].allows else part.denied)
        return [(position, self.grid.ports(found[position])) for position in sorted(found)[:most]]

    def takers(self, most: int, *, doubtful: bool = False) -> list[tuple[int, Ranges]]:
        """The first layers that take something, with their ports; `doubtful`: of what is neither allowed nor denied."""
        full = self.grid.full
        found = self._took(lambda _, part: full & ~part.allowed & ~part.denied if doubtful else full)
        return [(position, self.grid.ports(found[position])) for position in sorted(found)[:most]]

    def _denied(self) -> int:
        found = 0
        for part in self.parts:
            found |= part.denied
        return found

    def _took(self, of: Callable[[int, Part], int]) -> dict[int, int]:
        found: dict[int, int] = {}
        for part in self.parts:
            for position, mask in part.by.items():
                bits = mask & of(position, part)
                if bits:
                    found[position] = found.get(position, 0) | bits
        return found


def judge(layers: Sequence[Layer], sources: Ranges, destinations: Ranges, ports: Ranges) -> Judged:
    """Judge every source, destination and port; layers in the order of evaluation."""
    axis = Axis(sources, _distinct(layer.sources for layer in layers))
    grid = Grid(
        Axis(destinations, _distinct(layer.destinations for layer in layers)),
        Axis(ports, (layer.ports for layer in layers)),
    )
    boxes = [grid.box(layer) for layer in layers]
    found: dict[tuple[int, ...], list[int]] = {}
    for cell, force in _sweep(axis, layers):
        found.setdefault(force, []).append(cell)
    parts = (_paint(tuple(cells), force, boxes, grid.full) for force, cells in found.items())
    return Judged(layers, axis, grid, tuple(parts))


def _distinct(pairs: Iterable[tuple[Ranges, Ranges]]) -> Iterable[Ranges]:
    """The sets of pairs, a pair of one and the same set once."""
    for sure, perhaps in pairs:
        yield sure
        if perhaps is not sure:
            yield perhaps


class Axis:
    """One dimension, cut where a set of interest begins or ends; cells are numbered in order."""

    __slots__ = ("cells", "starts")

    def __init__(self, whole: Ranges, cuts: Iterable[Ranges]) -> None:
        edges: set[int] = set()
        for cut in cuts:
            for first, last in cut.spans:
                edges.add(first)
                edges.add(last + 1)
        ordered = sorted(edges)
        self.cells: list[tuple[int, int]] = []
        for first, last in whole.spans:
            inner = ordered[bisect_right(ordered, first) : bisect_right(ordered, last)]
            starts = [first, *inner]
            self.cells += zip(starts, [*(edge - 1 for edge in inner), last], strict=True)
        self.starts = [first for first, _ in self.cells]

    def spans(self, found: Ranges) -> list[tuple[int, int]]:
        """Cells inside a set, as half-open ranges of cell numbers."""
        ranges = []
        for first, last in found.spans:
            low, high = bisect_left(self.starts, first), bisect_right(self.starts, last)
            if low < high:
                ranges.append((low, high))
        return ranges

    def ranges(self, cells: Iterable[int]) -> Ranges:
        """The numbers that some cells hold."""
        return Ranges.of(self.cells[cell] for cell in cells)


Box = tuple[int, int, bool, bool]  # bits surely and perhaps covered; whether they are allowed, and perhaps allowed


class Grid:
    """Destinations times ports, one bit for each pair of cells; a row of bits is one destination cell."""

    __slots__ = ("across", "down", "full", "row", "width")

    def __init__(self, down: Axis, across: Axis) -> None:
        self.down, self.across = down, across
        self.width = len(across.cells)
        self.row = (1 << self.width) - 1
        self.full = (1 << (self.width * len(down.cells))) - 1

    def box(self, layer: Layer) -> Box:
        """The bits that a layer surely and perhaps covers, and what it does with them."""
        sure, perhaps = layer.destinations
        surely = self.mask(sure, layer.ports)
        every = surely if sure is perhaps or sure == perhaps else self.mask(perhaps, layer.ports)
        return surely, every, layer.allows, layer.perhaps_allows

    def each_row(self, bits: int) -> bool:
        """True if every row holds a bit: adding all ones below the top bit of a row carries into it where one is set."""
        top = (self.full // self.row) << (self.width - 1)
        low = self.full ^ top
        return (((bits & low) + low) | bits) & top == top

    def ports(self, bits: int) -> Ranges:
        """Ports that occur in any row."""
        found = 0
        while bits:
            found |= bits & self.row
            bits >>= self.width
        return self.across.ranges(number for number in range(self.width) if found >> number & 1)

    def destinations(self, bits: int) -> Ranges:
        """Destinations whose row holds a bit."""
        return self.down.ranges(n for n in range(len(self.down.cells)) if bits >> (n * self.width) & self.row)

    def mask(self, destinations: Ranges, ports: Ranges) -> int:
        """The bits of a set of destinations and ports."""
        row = 0
        for low, high in self.across.spans(ports):
            row |= ((1 << (high - low)) - 1) << low
        if row == self.row and self.down.spans(destinations) == [(0, len(self.down.cells))]:
            return self.full
        found = 0
        for low, high in self.down.spans(destinations) if row else ():
            found |= _repeated(row, self.width, high - low) << (self.width * low)
        return found


def _repeated(row: int, width: int, times: int) -> int:
    """A row of bits put so many times one after another, by doubling."""
    found, done = row, 1
    while done < times:
        more = min(done, times - done)
        found |= (found & ((1 << (more * width)) - 1)) << (done * width)
        done += more
    return found


def _sweep(axis: Axis, layers: Sequence[Layer]) -> Iterable[tuple[int, tuple[int, ...]]]:
    """Each source cell with the layers in force there: 2n where layer n surely covers it, 2n + 1 where perhaps."""
    begins: dict[int, list[int]] = {}
    ends: dict[int, list[int]] = {}
    for position, layer in enumerate(layers):
        sure, perhaps = layer.sources
        _events(begins, ends, axis.spans(sure) if layer.sure else [], 2 * position)
        if not layer.sure or (perhaps is not sure and perhaps != sure):
            doubtful = perhaps - sure if layer.sure else perhaps
            _events(begins, ends, axis.spans(doubtful), 2 * position + 1)
    active: list[int] = []
    force: tuple[int, ...] = ()
    for cell in range(len(axis.cells)):
        if cell in begins or cell in ends:
            for one in ends.get(cell, ()):
                active.remove(one)
            for one in begins.get(cell, ()):
                insort(active, one)
            force = tuple(active)
        yield cell, force


def _events(begins: dict[int, list[int]], ends: dict[int, list[int]], spans: list[tuple[int, int]], mark: int) -> None:
    for low, high in spans:
        begins.setdefault(low, []).append(mark)
        ends.setdefault(high, []).append(mark)


def _paint(cells: tuple[int, ...], force: tuple[int, ...], boxes: Sequence[Box], full: int) -> Part:
    """What the layers in force decide, each taking what those before it left; a doubtful one leaves what it may take.

    A grid may be thousands of bits wide, so nothing is joined with an empty or a full one.
    """
    left = full
    sure_allow = sure_deny = maybe_allow = maybe_deny = 0
    by: dict[int, int] = {}
    for mark in force:
        sure, perhaps, allows, perhaps_allows = boxes[mark >> 1]
        taken = 0 if mark & 1 else _both(sure, left, full)
        maybe = perhaps & left & ~taken if mark & 1 or perhaps is not sure else 0
        if not (taken or maybe):
            continue
        by[mark >> 1] = _joined(taken, maybe)
        if allows:
            sure_allow, maybe_allow = _joined(sure_allow, taken), _joined(maybe_allow, maybe)
        else:
            sure_deny, maybe_deny = _joined(sure_deny, taken), _joined(maybe_deny, maybe)
            maybe_allow = _joined(maybe_allow, maybe) if perhaps_allows else maybe_allow
        left = 0 if taken is left else left ^ taken
        if not left:
            break
    return Part(cells, _less(sure_allow, maybe_deny), _less(sure_deny, maybe_allow), by)


def _both(one: int, other: int, full: int) -> int:
    return other if one is full else one if other is full else one & other


def _joined(one: int, other: int) -> int:
    return one | other if one and other else one or other


def _less(one: int, other: int) -> int:
    return one & ~other if one and other else one
