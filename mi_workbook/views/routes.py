"""Effective routes for people, as `route print` shows them, and for programs, in Azure's own shape."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from mi_workbook.reach.captured import Difference
from mi_workbook.reach.clients import GivenRoute
from mi_workbook.reach.routes import EffectiveRoutes
from mi_workbook.views.text import line, netmask, sorted_routes

if TYPE_CHECKING:
    from rich.console import Console


SIDES = {"azure": "Only in Azure's table", "computed": "Only computed", "both": "Another next hop in Azure's table"}


def render_routes(
    table: EffectiveRoutes,
    title: str,
    differences: tuple[Difference, ...] | None,
    given: tuple[GivenRoute, ...] | None,
    console: Console,
) -> None:
    """An effective route table in the look of `route print`, with the reason of each row.

    differences: against the table Azure showed, None where there is none; given: a client's routes, for a gateway.
    """
    line(console, f"{'=' * 78}\nEffective routes of {title}\n{'=' * 78}")
    row = "{:>18}  {:>16}  {:<22} {:<16} {:<21} {:<8} {}"
    line(console, row.format("Network Destination", "Netmask", "Next hop type", "Next hop", "Source", "State", "Why"))
    for route in sorted_routes(table):
        start, mask = netmask(route.prefix)
        text = row.format(
            start, mask, route.next_hop_type, route.next_hop_ip or "-", route.source, route.state, route.why
        )
        line(console, text, "dim" if route.state != "Active" else "")
    if table.gap:
        line(console, f"? {table.gap.missing}: {table.gap.why} {table.gap.how}", "yellow")
    for one in differences or ():
        line(
            console,
            f"! {' '.join((SIDES[one.side] + ':', one.prefix, one.next_hop_type)).strip()}. {one.why}",
            "yellow",
        )
    if differences == ():
        line(console, "The table that Azure showed on this NIC is the same.", "green")
    for own in given or ():
        start, mask = netmask(own.prefix)
        systems = "all clients" if own.windows else "not Windows"
        line(console, f"Client route: {start:>18}  {mask:>16}  {systems:<12} {own.why}")


def routes_json(
    table: EffectiveRoutes, differences: tuple[Difference, ...] | None, given: tuple[GivenRoute, ...] | None
) -> dict[str, Any]:
    """Azure's effectiveRouteTable with `why`, what is missing, and what differs from Azure's own table."""
    rows = [
        {
            "name": route.name or None, "source": route.source, "state": route.state, "addressPrefix": [route.prefix],
            "nextHopType": route.next_hop_type,
            "nextHopIpAddress": [ip.strip() for ip in route.next_hop_ip.split(",") if ip.strip()], "why": route.why,
        }
        for route in sorted_routes(table)
    ]  # fmt: skip
    found: dict[str, Any] = {
        "value": rows,
        "gaps": [{"missing": gap.missing, "why": gap.why, "how": gap.how} for gap in table.gaps],
        "left_out": [
            {"addressPrefix": [r.prefix], "nextHopType": r.next_hop_type, "why": r.why} for r in table.removed
        ],
    }
    if differences is not None:
        found["differences"] = [dataclasses.asdict(one) for one in differences]
    if given is not None:
        found["client_routes"] = [dataclasses.asdict(one) for one in given]
    return found
