"""The picture: VNets as containers, subnets and resources in them, the peering with its state, path and break."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.finding import Diagnosis
from mi_workbook.core.verdict import Verdict
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import Network
from mi_workbook.network.resource_id import key, last
from mi_workbook.views.html import escape, plain
from mi_workbook.views.table import Table

if TYPE_CHECKING:
    import plotly.graph_objects

WIDTH, HEIGHT, BOX_TOP, BOX_BOTTOM = 1000, 300, 50, 250
WORDS = {Verdict.BLOCKED: "BLOCKED HERE", Verdict.UNKNOWN: "UNKNOWN FROM HERE"}


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
class Picture:
    """Boxes, the peering's words, and where the path stops (x, word), None where it arrives."""

    boxes: tuple[Box, ...]
    link: str
    start: tuple[float, float]
    end: tuple[float, float]
    stop: tuple[float, str] | None
    direction: str


def picture(snapshot: Snapshot, diagnosis: Diagnosis) -> Picture | None:
    """The picture of a diagnosis, None where an end of the path was not found."""
    network = Network(snapshot)
    try:
        source, target = network.subnet(diagnosis.source.subnet), network.subnet(diagnosis.target.subnet)
        one, other = network.vnet(source.vnet_id), network.vnet(target.vnet_id)
    except MissingEvidence:
        return None
    together = key(one.id) == key(other.id)
    boxes = []
    if together:
        boxes.append(Box(f"VNet {one.name}", ", ".join(one.prefixes), 0, 20, 20, 980, 285))
    else:
        boxes.append(Box(f"VNet {one.name}", ", ".join(one.prefixes), 0, 20, 20, 400, 285))
        boxes.append(Box(f"VNet {other.name}", ", ".join(other.prefixes), 0, 600, 20, 980, 285))
    for subnet, place, left in ((source, diagnosis.source, 50), (target, diagnosis.target, 630)):
        boxes.append(Box(f"Subnet {subnet.name}", ", ".join(subnet.prefixes), 1, left, 75, left + 320, 265))
        boxes.append(Box(place.name, place.address or "", 2, left + 70, 150, left + 250, 215))
    link = "" if together else _link(network, one.id, other.id)
    direction, at = _stop(diagnosis, together)
    word = WORDS.get(diagnosis.verdict, "")
    return Picture(tuple(boxes), link, (300, 182), (700, 182), (at, word) if word else None, direction)


def _link(network: Network, one: str, other: str) -> str:
    sides = []
    for here, there in ((one, other), (other, one)):
        found = next((p for p in network.vnet(here).peerings if key(p.remote_id) == key(there)), None)
        sides.append(f"{last(here)}: {found.state if found else 'no peering'}")
    return "; ".join(sides)


def _stop(diagnosis: Diagnosis, together: bool) -> tuple[str, float]:
    """Direction and place of the first decision that does not let the packet on."""
    trace = next((t for t in diagnosis.traces if t.verdict is diagnosis.verdict), None)
    stop = trace.stop if trace else None
    if trace is None or stop is None or diagnosis.verdict is Verdict.REACHABLE:
        return "forward", 500
    root = next((f for f in diagnosis.findings if f.explains_verdict), None)
    hops = [hop for hop in trace.hops if stop in hop.decisions]
    at_target = bool(hops) and key(hops[0].at) in {key(diagnosis.target.subnet), key(diagnosis.target.id)}
    if not together and (stop.kind == "peering" or (root is not None and root.fault.startswith("peer-"))):
        return trace.direction, 500
    return trace.direction, 665 if at_target else 335


def as_table(drawn: Picture) -> Table:
    """The picture in words, for screen readers."""
    kinds = ("VNet", "Subnet", "Resource")
    rows: list[tuple[object, ...]] = [(kinds[box.level], box.name, box.note) for box in drawn.boxes]
    if drawn.link:
        rows.append(("Peering", drawn.link, ""))
    rows.append(("Path", drawn.stop[1] if drawn.stop else "arrives", drawn.direction))
    return Table.of("The picture in words", ("Kind", "Name", "Details"), rows)


def to_svg(drawn: Picture) -> str:
    """A self-contained drawing; the break is a cross and a word as well as a colour."""
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" width="100%" '
             'style="max-width:1100px;background:#fff;font-family:system-ui,sans-serif"><title>The path</title>']  # fmt: skip
    fills = ("#eef4fb", "#ffffff", "#dfe9f5")
    for box in drawn.boxes:
        parts.append(f'<rect x="{box.left}" y="{box.top}" width="{box.right - box.left}" height="{box.bottom - box.top}" rx="6" '
                     f'fill="{fills[box.level]}" stroke="#3b5b80"/>')  # fmt: skip
        parts.append(f'<text x="{box.left + 10}" y="{box.top + 20}" font-size="14" fill="#1b1b1b">{escape(_short(box.name))}'
                     f'<tspan x="{box.left + 10}" dy="17" font-size="12" fill="#444">{escape(_short(box.note))}</tspan></text>')  # fmt: skip
    for i, side in enumerate(drawn.link.split("; ") if drawn.link else []):
        parts.append(
            f'<text x="500" y="{60 + 18 * i}" font-size="13" text-anchor="middle" fill="#1b1b1b">{escape(_short(side))}</text>'
        )
    x1, y1 = drawn.start
    x2, y2 = drawn.end
    stop_x = drawn.stop[0] if drawn.stop else x2
    if drawn.direction == "return" and drawn.stop:
        parts.append(f'<line x1="{x1}" y1="{y1 - 8}" x2="{x2}" y2="{y2 - 8}" stroke="#1b1b1b" stroke-width="4"/>')
        parts.append(
            f'<line x1="{x2}" y1="{y2 + 14}" x2="{stop_x}" y2="{y2 + 14}" stroke="#1b1b1b" stroke-width="3" stroke-dasharray="6 5"/>'
        )
    else:
        parts.append(f'<line x1="{x1}" y1="{y1}" x2="{stop_x}" y2="{y1}" stroke="#1b1b1b" stroke-width="4"/>')
        parts.append(
            f'<line x1="{stop_x}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#888" stroke-width="2" stroke-dasharray="2 6"/>'
        )
    if drawn.stop:
        parts.append(f'<path d="M{stop_x - 15} {y1 - 15} l30 30 m0 -30 l-30 30" stroke="#a80000" stroke-width="7"/>')
        parts.append(f'<text x="500" y="275" font-size="16" font-weight="700" text-anchor="middle" fill="#a80000" stroke="#fff" '
                     f'stroke-width="4" paint-order="stroke">{drawn.stop[1]} ({drawn.direction})</text>')  # fmt: skip
    return "".join(parts) + "</svg>"


def _short(text: str) -> str:
    return text if len(text) <= 38 else text[:37] + "…"


def figure(drawn: Picture) -> plotly.graph_objects.Figure:
    """The same picture as a plotly figure to zoom and hover."""
    import plotly.graph_objects as go

    found = go.Figure()
    fills = ("#eef4fb", "#ffffff", "#dfe9f5")
    for box in drawn.boxes:
        found.add_shape(type="rect", x0=box.left, x1=box.right, y0=box.top, y1=box.bottom, fillcolor=fills[box.level],
                        line={"color": "#3b5b80"}, layer="below")  # fmt: skip
        words = escape(_short(box.name)) + (f"<br><sub>{escape(_short(box.note))}</sub>" if box.note else "")
        found.add_annotation(x=box.left + 8, y=box.top + 2, text=words, showarrow=False, xanchor="left", yanchor="top",
                             align="left", font={"color": "#1b1b1b", "size": 13})  # fmt: skip
    if drawn.link:
        found.add_annotation(
            x=500, y=70, text=escape(drawn.link).replace("; ", "<br>"), showarrow=False, font={"color": "#1b1b1b"}
        )
    _draw_path(found, drawn)
    found.update_layout(height=380, margin={"l": 10, "r": 10, "t": 10, "b": 10}, paper_bgcolor="#fff", plot_bgcolor="#fff",
                        showlegend=False, template="plotly_white")  # fmt: skip
    found.update_xaxes(visible=False, range=[0, WIDTH])
    found.update_yaxes(visible=False, range=[HEIGHT, 0])
    return found


def _draw_path(found: plotly.graph_objects.Figure, drawn: Picture) -> None:
    x1, y = drawn.start
    x2 = drawn.end[0]
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
        found.add_annotation(x=500, y=275, text=f"<b>{drawn.stop[1]} ({drawn.direction})</b>", showarrow=False,
                             font={"color": "#a80000", "size": 16}, bgcolor="#fff")  # fmt: skip


def figure_widget(drawn: Picture) -> plotly.graph_objects.FigureWidget:
    """The figure as a live widget. It is built whole first: a widget in a container loses later changes in Voila."""
    import plotly.graph_objects as go

    return go.FigureWidget(figure(drawn))
