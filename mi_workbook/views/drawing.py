"""Shapes, and the two ways to draw them: a self-contained SVG, and a plotly figure. No knowledge of networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mi_workbook.views.html import escape, plain

if TYPE_CHECKING:
    import plotly.graph_objects

PAPER, INK, SOFT = "#ffffff", "#1b1f24", "#4f5b66"
BAD, TUBE = "#a00000", "#cfd6dd"
FILLS = {"vnet": "#eaf1fa", "outside": PAPER, "subnet": PAPER, "card": "#d8e5f4", "chip": "#eaf1fa"}
EDGE = "#3b5b80"
# Names of the colours, so that a page may give its own for dark; the value beside a name holds everywhere else.
NAMES = {"vnet": "vnet", "outside": "paper", "subnet": "subnet", "card": "card", "chip": "vnet"}
SIZES = {"title": 14, "name": 14, "note": 12, "kind": 11, "link": 12, "break": 14, "reason": 12}
BOLD = {"name", "break", "title"}
# Widths of letters in parts of the size: DejaVu Sans, the widest of the usual ones (Segoe UI, Helvetica are narrower).
THIN, THICK, NARROW, USUAL, BROAD = frozenset("iljtfrI.,:;|!'()[]/ "), frozenset("mwMW@%…"), 0.37, 0.64, 1.0
LINES = {"there": (4, ""), "back": (3, "9 5"), "unreached": (2, "2 6"), "pointer": (2, "")}


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle. look: vnet, outside, subnet, card or chip; about: the key of its details, "" for none."""

    left: float
    top: float
    right: float
    bottom: float
    look: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text. look: title, name, note, kind, link, break or reason; anchor: start, middle or end."""

    x: float
    y: float
    text: str
    look: str
    anchor: str = "start"
    about: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points. look: there, back, unreached or pointer; an arrow head at its end where `arrow`."""

    points: tuple[tuple[float, float], ...]
    look: str
    arrow: bool = False


@dataclass(frozen=True, slots=True)
class Tube:
    """A tunnel between two places: a thick band behind the lines."""

    left: float
    right: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the path stops: a ring with a cross, or with a question mark where it is not known."""

    x: float
    y: float
    sign: str


Shape = Box | Text | Line | Tube | Mark


def shorten(text: str, most: int) -> str:
    """Text that fits into so many characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def wide(text: str, look: str) -> float:
    """About how wide a text is, in pixels: rather too much, since every system has its own letters."""
    units = sum(NARROW if one in THIN else BROAD if one in THICK or not one.isascii() else USUAL for one in text)
    return units * SIZES[look] * (1.1 if look in BOLD else 1.0)


def fitted(text: str, room: float, look: str) -> str:
    """The text, cut at its end where it is wider than the room."""
    if wide(text, look) <= room:
        return text
    kept = text
    while kept and wide(f"{kept}…", look) > room:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


def squeezed(text: str, room: float, look: str) -> str:
    """A name, cut in its middle where it is wider than the room: names of one estate differ at their ends."""
    if wide(text, look) <= room:
        return text
    half = max((at for at in range(1, len(text) // 2) if wide(f"{text[:at]}…{text[-at:]}", look) <= room), default=1)
    return f"{text[:half]}…{text[-half:]}"


def wrapped(text: str, room: float, look: str, most: int) -> list[str]:
    """The text in at most so many lines, broken at blanks where there are some; the last is cut in its middle where it must be."""
    lines: list[str] = []
    rest = text
    while rest and len(lines) < most - 1 and wide(rest, look) > room:
        end = next(at for at in range(len(rest), 0, -1) if wide(rest[:at], look) <= room or at == 1)
        blank = rest.rfind(" ", 1, end + 1)
        dash = rest.rfind("-", 1, end) + 1
        cut = blank if blank > 0 else dash or end
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*lines, squeezed(rest, room, look)] if rest else lines


def counted(items: tuple[str, ...], room: float, look: str) -> str:
    """Items after commas, as many as there is room for, and how many more there are."""
    for shown in range(len(items), 1, -1):
        more = f" +{len(items) - shown}" if shown < len(items) else ""
        text = ", ".join(items[:shown]) + more
        if wide(text, look) <= room:
            return text
    return fitted(f"{items[0]} +{len(items) - 1}" if len(items) > 1 else "".join(items), room, look)


def to_svg(shapes: tuple[Shape, ...], width: float, height: float, title: str) -> str:
    """The drawing as SVG that loads nothing; what can be asked about carries data-about."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(title)}" style="width:100%;min-width:{width * 0.85:.0f}px;max-width:{width * 1.1:.0f}px;'
        f'font-family:system-ui,sans-serif;background:var(--pic-paper,{PAPER})"><title>{escape(title)}</title>'
    )
    return head + "".join(_grouped(shapes)) + "</svg>"


def _grouped(shapes: tuple[Shape, ...]) -> list[str]:
    """Markup of the shapes; neighbours about one thing become one group that can be chosen."""
    parts: list[str] = []
    open_about = ""
    for shape in shapes:
        about = shape.about if isinstance(shape, Box | Text) else ""
        if about != open_about:
            parts.append("</g>" if open_about else "")
            parts.append(f'<g data-about="{escape(about)}" aria-label="Details of {escape(about)}">' if about else "")
            open_about = about
        parts.append(_markup(shape))
    return [*parts, "</g>" if open_about else ""]


def _colour(what: str, name: str, value: str) -> str:
    return f"{what}:var(--pic-{name},{value})"


def _markup(shape: Shape) -> str:
    if isinstance(shape, Box):
        return _box(shape)
    if isinstance(shape, Text):
        return _text(shape)
    if isinstance(shape, Tube):
        style = f"{_colour('fill', 'tube', TUBE)};{_colour('stroke', 'soft', SOFT)}"
        return (
            f'<rect x="{shape.left:g}" y="{shape.top:g}" width="{shape.right - shape.left:g}" '
            f'height="{shape.bottom - shape.top:g}" rx="12" style="{style}"/>'
        )
    return _line(shape) if isinstance(shape, Line) else _mark(shape)


def _box(box: Box) -> str:
    fill = _colour("fill", NAMES[box.look], FILLS[box.look])
    dash = ";stroke-dasharray:6 4" if box.look == "outside" else ""
    return (
        f'<rect x="{box.left:g}" y="{box.top:g}" width="{box.right - box.left:g}" height="{box.bottom - box.top:g}" '
        f'rx="6" style="{fill};{_colour("stroke", "line", EDGE)}{dash}"/>'
    )


def _text(text: Text) -> str:
    fill = _colour("fill", *_ink(text.look))
    weight = ' font-weight="700"' if text.look in BOLD else ""
    return (
        f'<text x="{text.x:g}" y="{text.y:g}" font-size="{SIZES[text.look]}" text-anchor="{text.anchor}"{weight} '
        f'style="{fill}">{escape(text.text)}</text>'
    )


def _ink(look: str) -> tuple[str, str]:
    if look == "break":
        return "bad", BAD
    return ("soft", SOFT) if look in {"note", "kind"} else ("ink", INK)


def _line(line: Line) -> str:
    width, dash = LINES[line.look]
    colour = _colour("stroke", "soft", SOFT) if line.look == "unreached" else _colour("stroke", "ink", INK)
    path = "M" + " L".join(f"{x:g} {y:g}" for x, y in line.points)
    drawn = f'<path d="{path}" style="fill:none;{colour};stroke-width:{width};stroke-dasharray:{dash or "none"}"/>'
    if not line.arrow:
        return drawn
    (x0, y0), (x, y) = line.points[-2], line.points[-1]
    length = max(((x - x0) ** 2 + (y - y0) ** 2) ** 0.5, 0.001)
    dx, dy = (x - x0) / length, (y - y0) / length
    back = (x - 11 * dx, y - 11 * dy)
    head = f"M{x:g} {y:g} L{back[0] - 6 * dy:g} {back[1] + 6 * dx:g} L{back[0] + 6 * dy:g} {back[1] - 6 * dx:g} Z"
    return drawn + f'<path d="{head}" style="{_colour("fill", "ink", INK)}"/>'


def _mark(mark: Mark) -> str:
    ring = (
        f'<circle cx="{mark.x:g}" cy="{mark.y:g}" r="16" style="{_colour("fill", "paper", PAPER)};'
        f'{_colour("stroke", "bad", BAD)};stroke-width:4"/>'
    )
    if mark.sign == "?":
        style = _colour("fill", "bad", BAD)
        return f'{ring}<text x="{mark.x:g}" y="{mark.y + 7:g}" font-size="20" font-weight="700" text-anchor="middle" style="{style}">?</text>'
    cross = f"M{mark.x - 8:g} {mark.y - 8:g} l16 16 m0 -16 l-16 16"
    return f'{ring}<path d="{cross}" style="{_colour("stroke", "bad", BAD)};stroke-width:5;fill:none"/>'


def to_figure(shapes: tuple[Shape, ...], width: float, height: float) -> plotly.graph_objects.Figure:
    """The same drawing as a plotly figure, to zoom, hover and export."""
    import plotly.graph_objects as go

    found = go.Figure()
    for shape in shapes:
        if isinstance(shape, Box):
            found.add_shape(type="rect", x0=shape.left, x1=shape.right, y0=shape.top, y1=shape.bottom, layer="below",
                            fillcolor=FILLS[shape.look], line={"color": EDGE, "dash": "dash" if shape.look == "outside" else "solid"})  # fmt: skip
        elif isinstance(shape, Tube):
            found.add_shape(type="rect", x0=shape.left, x1=shape.right, y0=shape.top, y1=shape.bottom, layer="below",
                            fillcolor=TUBE, line={"color": SOFT})  # fmt: skip
        elif isinstance(shape, Text):
            _label(found, shape)
        else:
            _trace(found, shape)
    found.update_layout(height=max(320.0, min(height, 900.0)), margin={"l": 8, "r": 8, "t": 8, "b": 8}, paper_bgcolor=PAPER,
                        plot_bgcolor=PAPER, showlegend=False, template="plotly_white")  # fmt: skip
    found.update_xaxes(visible=False, range=[0, width])
    found.update_yaxes(visible=False, range=[height, 0])
    return found


def _label(found: plotly.graph_objects.Figure, text: Text) -> None:
    words = f"<b>{escape(text.text)}</b>" if text.look in BOLD else escape(text.text)
    anchor = {"start": "left", "middle": "center", "end": "right"}[text.anchor]
    found.add_annotation(x=text.x, y=text.y, text=words, showarrow=False, xanchor=anchor, yanchor="bottom",
                         hovertext=plain(text.about), font={"color": _ink(text.look)[1], "size": SIZES[text.look]})  # fmt: skip


def _trace(found: plotly.graph_objects.Figure, shape: Line | Mark) -> None:
    if isinstance(shape, Mark):
        symbol = "x" if shape.sign == "✗" else "diamond-open"
        found.add_scatter(x=[shape.x], y=[shape.y], mode="markers", marker={"symbol": symbol, "size": 24, "color": BAD},
                          hovertext="unknown from here" if shape.sign == "?" else "blocked here")  # fmt: skip
        return
    dash = {"there": "solid", "back": "dash", "unreached": "dot", "pointer": "solid"}[shape.look]
    found.add_scatter(x=[x for x, _ in shape.points], y=[y for _, y in shape.points], mode="lines", hovertext=shape.look,
                      line={"color": SOFT if shape.look == "unreached" else INK, "width": LINES[shape.look][0], "dash": dash})  # fmt: skip
