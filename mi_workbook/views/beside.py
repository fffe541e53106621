"""Below the path: the legend, and the networks beside it as chips, near misses with their reason, the others small."""

from __future__ import annotations

from mi_workbook.network.resource_id import last
from mi_workbook.views.drawing import Box, Line, Text, counted, fitted, shorten, squeezed
from mi_workbook.views.layout import EDGE, Layout
from mi_workbook.views.stations import Near

MOST_NEAR, SPACE, LEGEND = 6, 10, 410
CHIP, CHIP_TALL, SMALL_TALL = 232, 60, 42


def width_of(near: list[Near], *, all_networks: bool) -> float:
    """Width that the legend and the chips need: no wider than what is drawn, so that letters stay large on a narrow screen."""
    columns = min(4, len(near) if all_networks else min(MOST_NEAR, sum(1 for one in near if one.reason)))
    return max(LEGEND, columns * (CHIP + SPACE) - SPACE + 2.0 * EDGE)


def chips(made: Layout, near: list[Near], width: float, *, all_networks: bool) -> tuple[int, float]:
    """Networks beside the path: near misses with their reason, the others small and in groups.

    Returns how many are drawn, and the height of the picture.
    """
    top = made.foot or made.bottom + 26
    _legend(made, top)
    first = [one for one in near if one.reason][:MOST_NEAR]
    rest: dict[str, list[Near]] = {}
    for one in near if all_networks else ():
        if one not in first:
            rest.setdefault(one.reason or "not peered with the path", []).append(one)
    top = _rows(made, "Near this path", first, top + 18, width, small=False)
    for reason, members in rest.items():
        top = _rows(made, f"{reason[:1].upper()}{reason[1:]}: {len(members)}", members, top, width, small=True)
    return len(first) + sum(len(members) for members in rest.values()), top + 4


def _rows(made: Layout, title: str, members: list[Near], top: float, width: float, *, small: bool) -> float:
    """Chips in rows under a title; returns where the next may start."""
    if not members:
        return top
    made.shapes.append(Text(EDGE, top + 16, title, "title"))
    top += 28
    broad, tall = CHIP, SMALL_TALL if small else CHIP_TALL
    columns = max(1, int((width - 2 * EDGE + SPACE) / (broad + SPACE)))
    for position, one in enumerate(members):
        row, column = divmod(position, columns)
        _chip(made, one, EDGE + column * (broad + SPACE), top + row * (tall + SPACE), small=small)
    return top + ((len(members) - 1) // columns + 1) * (tall + SPACE) + 8


def _chip(made: Layout, one: Near, left: float, top: float, *, small: bool) -> None:
    about = f"network {one.vnet.name}"
    space, reason = ", ".join(one.vnet.prefixes), one.reason or "not peered with the path"
    broad, tall = CHIP, SMALL_TALL if small else CHIP_TALL
    room = broad - 16.0
    made.shapes += [
        Box(left, top, left + broad, top + tall, "chip", about),
        Text(left + 8, top + 17, squeezed(one.vnet.name, room, "link"), "link", about=about),
        Text(left + 8, top + 34, counted(one.vnet.prefixes, room, "note"), "note", about=about),
    ]
    if not small:
        made.shapes.append(Text(left + 8, top + 51, fitted(reason, room, "note"), "note", about=about))
    made.rows.append(("Beside the path", one.vnet.name, f"{space}; {reason}"))
    peers = ", ".join(f"{last(peering.remote_id)} ({peering.state})" for peering in one.vnet.peerings) or "none"
    subnets = ", ".join(f"{subnet.name} ({', '.join(subnet.prefixes)})" for subnet in one.vnet.subnets[:20])
    made.facts[about] = [
        ("Network", one.vnet.name), ("Address space", space), ("Why it is shown", reason),
        ("Subnets", subnets), ("Peered with", shorten(peers, 600)),
    ]  # fmt: skip


def _legend(made: Layout, y: float) -> None:
    x = float(EDGE)
    for look, words in (("there", "request"), ("back", "reply"), ("unreached", "not reached")):
        made.shapes += [
            Line(((x, y), (x + 44, y)), look, arrow=look != "unreached"),
            Text(x + 52, y + 4, words, "note"),
        ]
        x += 130
