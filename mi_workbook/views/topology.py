"""The picture: where a packet goes, there and back, through which networks, and where it stops.

One column for each place on the path, in the packet's order, so that the same evidence gives the same picture and a small
change a small difference. Request and reply are told apart by line and arrow, the break by a ring, a word and a pointer.
Networks beside the path are chips below it: the near misses at once, the others on request.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.finding import Diagnosis
from mi_workbook.core.verdict import Verdict
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import VNETS, Network
from mi_workbook.network.resource_id import key, last
from mi_workbook.views import drawing
from mi_workbook.views.beside import chips, width_of
from mi_workbook.views.drawing import Box, Line, Mark, Shape, Text, Tube, counted, fitted, squeezed, wide, wrapped
from mi_workbook.views.layout import (
    BACK_Y,
    BETWEEN,
    CARD,
    CARD_TOP,
    EDGE,
    INSIDE,
    LOWER,
    PAD,
    TALL,
    THERE_Y,
    TOP,
    Facts,
    Layout,
)
from mi_workbook.views.stations import Course, Station, course, link_words, nearby, outside_of, where_it_stops
from mi_workbook.views.table import Table
from mi_workbook.views.words import STEP_WORDS

if TYPE_CHECKING:
    import plotly.graph_objects

AT_THE_DOOR = 26  # pixels from a card to the break that was decided in it
REASON = 460  # pixels of a line of the reason
WORDS = {Verdict.BLOCKED: "BLOCKED HERE", Verdict.UNKNOWN: "NOT KNOWN FROM HERE"}
AFTER = frozenset({"route", "peering", "gateway", "appliance", "name"})  # decided on leaving a place
MIDWAY = frozenset({"route", "peering", "gateway"})


@dataclass(frozen=True, slots=True)
class Picture:
    """Shapes with their size, the verdict's word and direction, rows in words, and the details of what can be chosen.

    hidden: number of networks in the evidence that are not drawn.
    """

    shapes: tuple[Shape, ...]
    width: float
    height: float
    word: str
    direction: str
    rows: tuple[tuple[str, str, str], ...]
    facts: Facts
    hidden: int


def picture(snapshot: Snapshot, diagnosis: Diagnosis, *, all_networks: bool = False) -> Picture | None:
    """The picture of a diagnosis, None where an end of the path was not found in the evidence.

    all_networks: every network of the evidence below the path, not the near misses alone.
    """
    network = Network(snapshot)
    try:
        found = course(network, diagnosis)
    except MissingEvidence:
        return None
    made = _placed(found)
    _containers(made)
    _links(made, network, diagnosis)
    stops = _ways(made, diagnosis)
    _cards(made, network, diagnosis)
    made.shapes += stops
    near = nearby(network, [one.vnet for one in found.stations])
    width = max(made.right + EDGE, made.broad, width_of(near, all_networks=all_networks))
    shown, height = chips(made, near, width, all_networks=all_networks)
    halt = where_it_stops(found, diagnosis)
    total = len(snapshot.of_type(VNETS)) - len({key(one.vnet) for one in found.stations if one.vnet})
    return Picture(
        tuple(made.shapes), width, height, WORDS.get(diagnosis.verdict, ""), halt[1] if halt else "", tuple(made.rows),
        made.facts, max(0, total - shown),
    )  # fmt: skip


def _placed(found: Course) -> Layout:
    """One column for each station; what only the reply passes stands lower."""
    lefts = [float(EDGE + PAD)]
    for before, after in pairwise(found.stations):
        lefts.append(lefts[-1] + CARD + (INSIDE if before.vnet == after.vnet else BETWEEN + 2 * PAD))
    tops = [float(CARD_TOP if at in found.there else CARD_TOP + LOWER) for at in range(len(lefts))]
    return Layout(found, lefts, tops)


def _containers(made: Layout) -> None:
    """A container for neighbours of one VNet, and in it the subnet of each."""
    stations, first = made.course.stations, 0
    for position, station in enumerate(stations):
        if position + 1 < len(stations) and stations[position + 1].vnet == station.vnet:
            continue
        left, right = made.lefts[first] - PAD, made.lefts[position] + CARD + PAD
        name = f"VNet {last(station.vnet)}" if station.vnet else outside_of(station)
        room = right - left - 20
        shown = last(station.vnet) if station.vnet and wide(name, "title") > room else name
        prefixes = tuple(station.space.split(", "))
        made.shapes += [
            Box(left, TOP, right, made.bottom, "vnet" if station.vnet else "outside"),
            Text(left + 10, TOP + 20, squeezed(shown, room, "title"), "title"),
            Text(left + 10, TOP + 36, counted(prefixes, room, "note"), "note"),
        ]
        made.rows.append(("VNet" if station.vnet else "Outside", name, station.space))
        first = position + 1
    for station, left, top in zip(stations, made.lefts, made.tops, strict=True):
        if station.subnet is not None:
            name, room = station.subnet.name, CARD + 14
            shown = name if wide(f"Subnet {name}", "note") > room else f"Subnet {name}"
            made.shapes += [
                Box(left - 14, top - 46, left + CARD + 14, top + TALL + 18, "subnet"),
                Text(left - 4, top - 29, squeezed(shown, room, "note"), "note"),
                Text(left - 4, top - 14, counted(station.subnet.prefixes, room, "note"), "note"),
            ]
            made.rows.append(("Subnet", name, ", ".join(station.subnet.prefixes)))


def _links(made: Layout, network: Network, diagnosis: Diagnosis) -> None:
    """Between VNets: tunnels as bands, and what joins them in words."""
    for at, (before, after) in enumerate(pairwise(made.course.stations)):
        if before.vnet == after.vnet:
            continue
        words = link_words(network, diagnosis.source, *_joined(made.course, at))
        left, right = made.lefts[at] + CARD + PAD + 6, made.lefts[at + 1] - PAD - 6
        if any("tunnel" in one or one in {"ExpressRoute", "private link"} for one in words):
            made.shapes.append(Tube(left, right, CARD_TOP + THERE_Y - 16, CARD_TOP + BACK_Y + 16))
        lines = [part for line in words for part in _link_lines(line)]
        first = 56 - 17 * max(0, len(lines) - 4)
        for row, line in enumerate(lines):
            made.shapes.append(Text((left + right) / 2, first + 17 * row, line, "link", "middle"))
        if words:
            made.rows.append(("Between", f"{before.name} and {after.name}", ", ".join(words)))


def _link_lines(words: str) -> list[str]:
    """A line about a link; where its name is too long, what is said of it gets a line of its own: that must not be cut."""
    room = BETWEEN + 4
    name, colon, says = words.rpartition(": ")
    if not colon or wide(words, "link") <= room:
        return [fitted(words, room, "link")]
    return [squeezed(name, room, "link"), fitted(says, room, "link")]


def _joined(found: Course, at: int) -> tuple[Station, Station]:
    """The two places whose link fills the gap after a position: where it leads outside of VNets, those of the request."""
    before, after = found.stations[at], found.stations[at + 1]
    if before.vnet and after.vnet:
        return before, after
    pairs = (pair for pair in pairwise(found.there) if min(pair) <= at < max(pair))
    here, there = next(pairs, (at, at + 1))
    return found.stations[here], found.stations[there]


def _ways(made: Layout, diagnosis: Diagnosis) -> list[Shape]:
    """Request and reply as lines; returns the shapes of the break, to be drawn last."""
    halt = where_it_stops(made.course, diagnosis)
    direction = halt[1] if halt else ""
    ends: list[Shape] = []
    cut: tuple[int, float] | None = None
    if halt is not None:
        cut = _cut(made, halt[0].kind, halt[0].toward, direction, halt[2], diagnosis)
        ends = _break(made, cut, direction, diagnosis)
    _lane(made, made.course.there, "there", cut if direction == "forward" else None)
    if direction != "forward":
        _lane(made, made.course.back, "back", cut)
    return ends


def _lane(made: Layout, lane: list[int], look: str, cut: tuple[int, float] | None) -> None:
    """One way; behind the cut (its segment, and x) it is a thin dotted line."""
    for step, (here, there) in enumerate(pairwise(lane)):
        points = _segment(made, here, there, look)
        if cut is None or step < cut[0]:
            made.shapes.append(Line(points, look, arrow=True))
        elif step > cut[0]:
            made.shapes.append(Line(points, "unreached"))
        else:
            at = (cut[1], _height_at(points, cut[1]))
            before = [p for p in points if (p[0] < cut[1]) == (look == "there") and p[0] != cut[1]]
            after = [p for p in points if p not in before]
            made.shapes += [Line((*before, at), look), Line((at, *after), "unreached")]


def _segment(made: Layout, here: int, there: int, look: str) -> tuple[tuple[float, float], ...]:
    """From the edge of one card to the edge of the next, below a card that this way passes by."""
    height = THERE_Y if look == "there" else BACK_Y
    start, end = (made.tops[at] + height for at in (here, there))
    if look == "there":
        return (made.lefts[here] + CARD, start), (made.lefts[there], end)
    passed = [at for at in range(there + 1, here) if made.tops[at] == CARD_TOP]
    under = [
        (x, CARD_TOP + TALL + 9.0) for at in reversed(passed) for x in (made.lefts[at] + CARD + 12, made.lefts[at] - 12)
    ]
    return (made.lefts[here], start), *under, (made.lefts[there] + CARD, end)


def _height_at(points: tuple[tuple[float, float], ...], x: float) -> float:
    for (x0, y0), (x1, y1) in pairwise(points):
        if min(x0, x1) <= x <= max(x0, x1) and x0 != x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return points[0][1]


def _cut(made: Layout, kind: str, toward: str, direction: str, station: int, diagnosis: Diagnosis) -> tuple[int, float]:
    """Where a way is cut: its segment, counted along the way, and x."""
    lane = made.course.there if direction == "forward" else made.course.back
    between = _broken_peering(made, diagnosis)
    if between is not None:
        spot = next((i for i, pair in enumerate(pairwise(lane)) if min(pair) <= between < max(pair)), 0)
        return spot, made.lefts[between] + CARD + PAD + BETWEEN / 2
    at = lane.index(station)
    leaving = kind in AFTER or toward == "Outbound" or (kind == "client" and direction == "return")
    after = (leaving or at == 0) and at < len(lane) - 1
    step = at if after else at - 1
    left, right = sorted((lane[step], lane[step + 1]))
    start, end = made.lefts[left] + CARD, made.lefts[right]
    if direction == "return":
        start, end = end, start
    near = min(0.5, AT_THE_DOOR / abs(end - start))
    share = 0.5 if after and kind in MIDWAY else (near if after else 1 - near)
    return step, start + (end - start) * share


def _broken_peering(made: Layout, diagnosis: Diagnosis) -> int | None:
    """The position before the gap between two VNets, where the root cause is how they are joined."""
    root = diagnosis.root_cause or ""
    gaps = (i for i, (a, b) in enumerate(pairwise(made.course.stations)) if a.vnet and b.vnet and a.vnet != b.vnet)
    return next(gaps, None) if root.startswith(("peer-", "gt-")) else None


def _break(made: Layout, cut: tuple[int, float], direction: str, diagnosis: Diagnosis) -> list[Shape]:
    """The mark, a pointer down from it, and what it means below the boxes."""
    lane, look = (made.course.there, "there") if direction == "forward" else (made.course.back, "back")
    points = _segment(made, lane[cut[0]], lane[cut[0] + 1], look)
    at = (cut[1], _height_at(points, cut[1]))
    root = next((one for one in diagnosis.findings if one.explains_verdict), None)
    gap = diagnosis.gaps[0].missing if diagnosis.gaps and diagnosis.verdict is Verdict.UNKNOWN else ""
    reason = wrapped(root.title if root is not None else gap, REASON, "reason", 2)
    way = "on the way there" if direction == "forward" else "on the way back"
    word = f"{WORDS.get(diagnosis.verdict, '')} {way}"
    half = max(wide(word, "break"), *(wide(line, "reason") for line in reason), 0) / 2
    middle = min(max(at[0], EDGE + half), max(made.right, 2 * half + EDGE) - half)
    made.rows.append(("Path", word, " ".join(reason)))
    made.broad = middle + half + EDGE
    made.foot = made.bottom + 49 + 15 * len(reason)
    return [
        Line((at, (at[0], made.bottom + 14)), "pointer"),
        Text(middle, made.bottom + 30, word, "break", "middle"),
        *(Text(middle, made.bottom + 47 + 15 * row, line, "reason", "middle") for row, line in enumerate(reason)),
        Mark(at[0], at[1], "✗" if diagnosis.verdict is Verdict.BLOCKED else "?"),
    ]


def _cards(made: Layout, network: Network, diagnosis: Diagnosis) -> None:
    for station, left, top in zip(made.course.stations, made.lefts, made.tops, strict=True):
        about = f"{station.kind} {station.name}"
        behind = min(station.count - 1, 2)
        made.shapes += [
            *(Box(left + 4 * n, top - 4 * n, left + CARD + 4 * n, top + TALL - 4 * n, "card", about)
              for n in range(behind, 0, -1)),
            Box(left, top, left + CARD, top + TALL, "card", about),
            Text(left + 10, top + 19, station.kind.upper(), "kind", about=about),
            *_name(station, left + 10, top, about),
        ]  # fmt: skip
        made.rows.append((station.kind.capitalize(), station.name, station.note))
        made.facts[about] = list(_facts(station, network, diagnosis))


def _name(station: Station, left: float, top: float, about: str) -> list[Shape]:
    """Name and note of a card; a long name takes more lines, and the note's place where there is none."""
    lines = wrapped(station.name, CARD - 16, "name", 3)
    first = 40 if len(lines) < 3 else 37
    made: list[Shape] = [Text(left, top + first + 16 * n, line, "name", about=about) for n, line in enumerate(lines)]
    if station.note:
        below = top + first + 16 * (len(lines) - 1) + (24 if len(lines) == 1 else 18)
        made.append(Text(left, below, fitted(station.note, CARD - 16, "note"), "note", about=about))
    return made


def _facts(station: Station, network: Network, diagnosis: Diagnosis) -> Iterator[tuple[str, str]]:
    """What is known about a place, and what was decided there."""
    yield station.kind.capitalize(), station.name
    if station.note:
        yield "Address" if station.count == 1 else "Behind it", station.note
    if station.subnet is not None:
        yield "VNet", f"{last(station.vnet)} ({station.space})"
        yield "Subnet", f"{station.subnet.name} ({', '.join(station.subnet.prefixes)})"
        yield "Security group", last(station.subnet.nsg_id) or "none"
        yield "Route table", last(station.subnet.route_table_id) or "none"
    for trace in diagnosis.traces:
        for hop in trace.hops:
            if key(hop.at) in station.ids:
                yield from ((f"{trace.direction}, {d.kind}: {STEP_WORDS[d.result]}", d.why) for d in hop.decisions)


def as_table(drawn: Picture) -> Table:
    """The picture in words, for screen readers."""
    rows: list[tuple[object, ...]] = list(drawn.rows)
    if not drawn.word:
        rows.append(("Path", "arrives, there and back", ""))
    if drawn.hidden:
        rows.append(("Not drawn", f"{drawn.hidden} other networks of the evidence", ""))
    return Table.of("The picture in words", ("Kind", "Name", "Details"), rows)


def details(drawn: Picture) -> dict[str, list[list[str]]]:
    """What is known about each thing that can be chosen, as label and text."""
    return {about: [[label, text] for label, text in facts] for about, facts in drawn.facts.items()}


def to_svg(drawn: Picture) -> str:
    """A self-contained drawing; the break is a ring, a sign and a word as well as a colour."""
    return drawing.to_svg(drawn.shapes, drawn.width, drawn.height, "The path from source to instance")


def figure(drawn: Picture) -> plotly.graph_objects.Figure:
    """The same picture as a plotly figure to zoom, hover and export."""
    return drawing.to_figure(drawn.shapes, drawn.width, drawn.height)


def figure_widget(drawn: Picture) -> plotly.graph_objects.FigureWidget:
    """The figure as a live widget. It is built whole first: a widget in a container loses later changes in Voila."""
    import plotly.graph_objects as go

    return go.FigureWidget(figure(drawn))
