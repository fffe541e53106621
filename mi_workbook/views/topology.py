"""The picture: VNets as containers, subnets and resources in them, the peering with its state, path and break."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.finding import Diagnosis
from mi_workbook.core.verdict import Verdict
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import Network
from mi_workbook.network.resource_id import key, last
from mi_workbook.network.vnet import Subnet
from mi_workbook.reach.path import stop
from mi_workbook.views.html import escape, plain
from mi_workbook.views.table import Table

if TYPE_CHECKING:
    import plotly.graph_objects

HEIGHT = 300
MIDDLE = 182
CARD, NEAR, FAR, EDGE = 200, 40, 230, 20  # widths: a resource; gaps inside a VNet, between VNets, to the border
WORDS = {Verdict.BLOCKED: "BLOCKED HERE", Verdict.UNKNOWN: "UNKNOWN FROM HERE"}
FILLS = ("#eef4fb", "#ffffff", "#dfe9f5")
OUTSIDE = "Outside of Azure's networks"


@dataclass(frozen=True, slots=True)
class Box:
    """A named rectangle: VNet (level 0), subnet (1) or resource (2)."""

    name: str
    note: str
    level: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Station:
    """A place on the path: its VNet ("" outside), subnet and resource in words, and the ids it is known by in a trace."""

    vnet: str
    space: str
    subnet: str
    prefix: str
    name: str
    note: str
    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes, words between VNets (x, lines), the ends of the path, and where it stops (x, word), None where it arrives."""

    boxes: tuple[Box, ...]
    links: tuple[tuple[float, tuple[str, ...]], ...]
    start: float
    end: float
    stop: tuple[float, str] | None
    direction: str
    width: float


def picture(snapshot: Snapshot, diagnosis: Diagnosis) -> Picture | None:
    """The picture of a diagnosis: every place on the way there, None where an end of the path was not found."""
    network = Network(snapshot)
    try:
        stations = list(_stations(network, diagnosis))
    except MissingEvidence:
        return None
    lefts = [float(EDGE + 30)]
    for before, after in pairwise(stations):
        lefts.append(lefts[-1] + CARD + (NEAR if before.vnet == after.vnet else FAR))
    boxes = [*_containers(stations, lefts), *_cards(stations, lefts)]
    links = [(left - FAR / 2, _link(network, before, after)) for (before, after), left in
             zip(pairwise(stations), lefts[1:], strict=True) if before.vnet != after.vnet]  # fmt: skip
    word = WORDS.get(diagnosis.verdict, "")
    direction, at = _stop(diagnosis, stations, lefts)
    return Picture(
        tuple(boxes), tuple(links), lefts[0] + CARD, lefts[-1], (at, word) if word else None, direction,
        lefts[-1] + CARD + EDGE + 30,
    )  # fmt: skip


def _stations(network: Network, diagnosis: Diagnosis) -> Iterator[Station]:
    """Source, gateways and appliances of the way there, the endpoint; each once."""
    source, target = diagnosis.source, diagnosis.target
    subnet = network.subnet(source.subnet) if source.kind in {"nic", "subnet", "app"} else None
    yield _station(network, subnet, source.name, source.address, source.id)
    home = network.subnet(target.subnet)
    ends = {key(source.id), key(target.id), key(home.id), "server name"}
    forward = next((t for t in diagnosis.traces if t.direction == "forward"), None)
    if source.kind in {"clients", "express"}:
        ends.discard(key(source.id))
    seen = set()
    for hop in forward.hops if forward is not None else ():
        at = key(hop.at)
        if at in ends or at in seen or not PLACES.search(at):
            continue
        seen.add(at)
        where = _home_of(network, hop.at)
        yield _station(network, where, last(hop.at), "", hop.at)
    yield _station(network, home, target.name, target.address, target.id)


PLACES = re.compile(r"/(virtualnetworkgateways|networkinterfaces|loadbalancers|azurefirewalls|privateendpoints)/[^/]+$")


def _home_of(network: Network, resource_id: str) -> Subnet | None:
    """The subnet a gateway, appliance or private endpoint stands in, None where that is not in the evidence."""
    at = key(resource_id)
    if network.snapshot.get(resource_id) is None:
        return None
    if "/virtualnetworkgateways/" in at:
        return network.subnet(network.gateway(resource_id).subnet_id)
    if "/privateendpoints/" in at:
        return network.subnet(network.private_endpoint(resource_id).subnet_id)
    main = network.nic(resource_id).primary if "/networkinterfaces/" in at else None
    return network.subnet(main.subnet_id) if main is not None else None


def _station(network: Network, subnet: Subnet | None, name: str, note: str, at: str) -> Station:
    if subnet is None:
        return Station("", "", "", "", name, note, frozenset({key(at)}))
    vnet = network.vnet(subnet.vnet_id)
    ids = frozenset({key(at), key(subnet.id)})
    return Station(vnet.id, ", ".join(vnet.prefixes), subnet.name, ", ".join(subnet.prefixes), name, note, ids)


def _containers(stations: list[Station], lefts: list[float]) -> Iterator[Box]:
    """One container for neighbours of one VNet."""
    first = 0
    for position, station in enumerate(stations):
        if position + 1 < len(stations) and stations[position + 1].vnet == station.vnet:
            continue
        name = f"VNet {last(station.vnet)}" if station.vnet else OUTSIDE
        yield Box(name, station.space, 0, lefts[first] - 30, 20, lefts[position] + CARD + 30, 285)
        first = position + 1


def _cards(stations: list[Station], lefts: list[float]) -> Iterator[Box]:
    for station, left in zip(stations, lefts, strict=True):
        if station.subnet:
            yield Box(f"Subnet {station.subnet}", station.prefix, 1, left - 15, 75, left + CARD + 15, 265)
        yield Box(station.name, station.note, 2, left, 150, left + CARD, 215)


def _link(network: Network, before: Station, after: Station) -> tuple[str, ...]:
    """State of the peering between two VNets, of both sides."""
    kinds = ("/virtualnetworkgateways/", "/privateendpoints/")
    if not before.vnet or not after.vnet:
        return ()
    if all(any(kinds[0] in one for one in station.ids) for station in (before, after)):
        return ("VPN tunnel",)
    if any(kinds[1] in one for station in (before, after) for one in station.ids):
        return ("private link",)
    sides = []
    for here, there in ((before.vnet, after.vnet), (after.vnet, before.vnet)):
        found = network.vnet(here).peering_with(there)
        sides.append(f"{last(here)}: {found.state if found else 'no peering'}")
    return tuple(sides)


def _stop(diagnosis: Diagnosis, stations: list[Station], lefts: list[float]) -> tuple[str, float]:
    """Direction and place of the decision that made the verdict."""
    decided = stop(diagnosis.traces)
    trace = next((t for t in diagnosis.traces if decided in t.decisions), None)
    if decided is None or trace is None:
        return "forward", lefts[-1]
    hop = next(hop for hop in trace.hops if decided in hop.decisions)
    at = next(
        (i for i, one in enumerate(stations) if key(hop.at) in one.ids), 0 if trace.direction == "forward" else None
    )
    if at is None:
        at = len(stations) - 1
    root = next((f for f in diagnosis.findings if f.explains_verdict), None)
    leaving = decided.kind in {"route", "peering", "gateway"}
    between = next((i for i, (a, b) in enumerate(pairwise(stations)) if a.vnet and b.vnet and a.vnet != b.vnet), None)
    if between is not None and root is not None and root.fault.startswith(("peer-", "gt-")):
        return trace.direction, lefts[between + 1] - FAR / 2
    if trace.direction == "return":
        return "return", lefts[at] - (25 if at else -CARD - 25)
    if at == 0 or (leaving and at < len(stations) - 1):
        gap = lefts[at + 1] - lefts[at] - CARD if at + 1 < len(stations) else 2 * NEAR
        return "forward", lefts[at] + CARD + (gap / 2 if leaving else min(gap / 2, 30))
    return "forward", lefts[at] - 20


def as_table(drawn: Picture) -> Table:
    """The picture in words, for screen readers."""
    kinds = ("VNet", "Subnet", "Resource")
    rows: list[tuple[object, ...]] = [(kinds[box.level], box.name, box.note) for box in drawn.boxes]
    rows += [("Peering", "; ".join(words), "") for _, words in drawn.links if words]
    rows.append(("Path", drawn.stop[1] if drawn.stop else "arrives", drawn.direction))
    return Table.of("The picture in words", ("Kind", "Name", "Details"), rows)


def to_svg(drawn: Picture) -> str:
    """A self-contained drawing; the break is a cross and a word as well as a colour."""
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {drawn.width} {HEIGHT}" role="img" width="100%" '
             'style="max-width:1300px;background:#fff;font-family:system-ui,sans-serif"><title>The path</title>']  # fmt: skip
    for box in drawn.boxes:
        parts.append(f'<rect x="{box.left}" y="{box.top}" width="{box.right - box.left}" height="{box.bottom - box.top}" rx="6" '
                     f'fill="{FILLS[box.level]}" stroke="#3b5b80"/>')  # fmt: skip
        parts.append(f'<text x="{box.left + 10}" y="{box.top + 20}" font-size="14" fill="#1b1b1b">{escape(_short(box.name))}'
                     f'<tspan x="{box.left + 10}" dy="17" font-size="12" fill="#444">{escape(_short(box.note))}</tspan></text>')  # fmt: skip
    for x, words in drawn.links:
        for line, side in enumerate(words):
            parts.append(f'<text x="{x}" y="{60 + 18 * line}" font-size="12" text-anchor="middle" fill="#1b1b1b">'
                         f"{escape(_short(side, 22))}</text>")  # fmt: skip
    x1, x2, y1 = drawn.start, drawn.end, MIDDLE
    stop_x = drawn.stop[0] if drawn.stop else x2
    if drawn.direction == "return" and drawn.stop:
        parts.append(f'<line x1="{x1}" y1="{y1 - 8}" x2="{x2}" y2="{y1 - 8}" stroke="#1b1b1b" stroke-width="4"/>')
        parts.append(
            f'<line x1="{x2}" y1="{y1 + 14}" x2="{stop_x}" y2="{y1 + 14}" stroke="#1b1b1b" stroke-width="3" stroke-dasharray="6 5"/>'
        )
    else:
        parts.append(f'<line x1="{x1}" y1="{y1}" x2="{stop_x}" y2="{y1}" stroke="#1b1b1b" stroke-width="4"/>')
        parts.append(
            f'<line x1="{stop_x}" y1="{y1}" x2="{x2}" y2="{y1}" stroke="#888" stroke-width="2" stroke-dasharray="2 6"/>'
        )
    if drawn.stop:
        parts.append(f'<path d="M{stop_x - 15} {y1 - 15} l30 30 m0 -30 l-30 30" stroke="#a80000" stroke-width="7"/>')
        parts.append(f'<text x="{drawn.width / 2}" y="275" font-size="16" font-weight="700" text-anchor="middle" fill="#a80000" stroke="#fff" '
                     f'stroke-width="4" paint-order="stroke">{drawn.stop[1]} ({drawn.direction})</text>')  # fmt: skip
    return "".join(parts) + "</svg>"


def _short(text: str, most: int = 27) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def figure(drawn: Picture) -> plotly.graph_objects.Figure:
    """The same picture as a plotly figure to zoom and hover."""
    import plotly.graph_objects as go

    found = go.Figure()
    for box in drawn.boxes:
        found.add_shape(type="rect", x0=box.left, x1=box.right, y0=box.top, y1=box.bottom, fillcolor=FILLS[box.level],
                        line={"color": "#3b5b80"}, layer="below")  # fmt: skip
        words = escape(_short(box.name)) + (f"<br><sub>{escape(_short(box.note))}</sub>" if box.note else "")
        found.add_annotation(x=box.left + 8, y=box.top + 2, text=words, showarrow=False, xanchor="left", yanchor="top",
                             align="left", font={"color": "#1b1b1b", "size": 13})  # fmt: skip
    for x, lines in drawn.links:
        if lines:
            found.add_annotation(
                x=x, y=70, text="<br>".join(escape(_short(one, 22)) for one in lines), showarrow=False,
                font={"color": "#1b1b1b"},
            )  # fmt: skip
    _draw_path(found, drawn)
    found.update_layout(height=380, margin={"l": 10, "r": 10, "t": 10, "b": 10}, paper_bgcolor="#fff", plot_bgcolor="#fff",
                        showlegend=False, template="plotly_white")  # fmt: skip
    found.update_xaxes(visible=False, range=[0, drawn.width])
    found.update_yaxes(visible=False, range=[HEIGHT, 0])
    return found


def _draw_path(found: plotly.graph_objects.Figure, drawn: Picture) -> None:
    x1, x2, y = drawn.start, drawn.end, MIDDLE
    if drawn.direction == "return" and drawn.stop:
        spans = [(x1, x2, y - 8, "solid"), (x2, drawn.stop[0], y + 14, "dash")]
    else:
        spans = [(x1, drawn.stop[0] if drawn.stop else x2, y, "solid")]
    for start, end, height, dash in spans:
        found.add_scatter(x=[start, end], y=[height, height], mode="lines", line={"color": "#1b1b1b", "width": 4, "dash": dash},
                          hovertext=plain(drawn.direction))  # fmt: skip
    if drawn.stop:
        found.add_scatter(x=[drawn.stop[0]], y=[y], mode="markers", marker={"symbol": "x", "size": 24, "color": "#a80000"},
                          hovertext=drawn.stop[1])  # fmt: skip
        found.add_annotation(x=drawn.width / 2, y=275, text=f"<b>{drawn.stop[1]} ({drawn.direction})</b>", showarrow=False,
                             font={"color": "#a80000", "size": 16}, bgcolor="#fff")  # fmt: skip


def figure_widget(drawn: Picture) -> plotly.graph_objects.FigureWidget:
    """The figure as a live widget. It is built whole first: a widget in a container loses later changes in Voila."""
    import plotly.graph_objects as go

    return go.FigureWidget(figure(drawn))
