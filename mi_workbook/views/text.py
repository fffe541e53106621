"""Text for a terminal: a diagnosis at a glance, an effective route table as `route print` shows it."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from mi_workbook.core.finding import Diagnosis, Finding
from mi_workbook.core.ranges import show_ports
from mi_workbook.core.verdict import Verdict
from mi_workbook.reach.effective_routes import EffectiveRoutes, Route
from mi_workbook.views.html import plain

if TYPE_CHECKING:
    from rich.console import Console

SIGNS = {Verdict.REACHABLE: ("✓", "green"), Verdict.BLOCKED: ("✗", "red"), Verdict.UNKNOWN: ("?", "yellow")}


def render(diagnosis: Diagnosis, console: Console) -> None:
    """Verdict in one sentence, the path, what was found, the repair, what is missing."""
    sign, colour = SIGNS[diagnosis.verdict]
    _line(console, f"{sign} {diagnosis.verdict.value.upper()}  {diagnosis.headline}", f"bold {colour}")
    _path(diagnosis, console)
    for found in diagnosis.findings:
        _finding(found, console)
    _repair(diagnosis, console)
    for gap in diagnosis.gaps:
        _line(console, f"\n? Missing: {gap.missing}", "yellow")
        _line(console, f"  {gap.why}\n  Get it: {gap.how}")
    for note in diagnosis.confidence_notes:
        _line(console, f"\nNote: {note}", "dim")


def _line(console: Console, text: str, style: str = "") -> None:
    from rich.text import Text

    console.print(Text("\n".join(plain(part) for part in text.split("\n")), style=style))


def _path(diagnosis: Diagnosis, console: Console) -> None:
    for trace in diagnosis.traces:
        _line(console, f"\n{trace.direction.capitalize()}, TCP {show_ports(trace.flow.ports)}", "bold")
        for decision in trace.decisions:
            sign, colour = SIGNS[decision.result]
            _line(console, f"  {sign} {decision.kind:<9} {decision.why}", "" if sign == "✓" else colour)


def _finding(found: Finding, console: Console) -> None:
    head = "Root cause" if found.explains_verdict else f"Also ({found.severity})"
    _line(console, f"\n{head}: {found.title} [{found.fault}, {found.code}]", "bold")
    _line(console, f"  {found.says}")
    for evidence in found.evidence[:3]:
        _line(console, f"  Evidence: {evidence.document} {evidence.pointer} = {str(evidence.value)[:160]}", "dim")
    _line(console, f"  Repair ({found.remedy.safety}): {found.remedy.does}")
    for command in found.remedy.az:
        _line(console, f"    {command}", "cyan")
    _line(console, f"  Undo: {found.remedy.undo}", "dim")


def _repair(diagnosis: Diagnosis, console: Console) -> None:
    repair = diagnosis.repair
    if repair is None:
        return
    names = ", ".join(repair.faults)
    if repair.proved:
        _line(
            console, f"\n✓ Proved on the model: with {names} mended it is reachable, and each step is needed.", "green"
        )
    else:
        _line(console, f"\n? Not proved: with {names} mended the verdict is {repair.verdict_after.value}.", "yellow")


def netmask(prefix: str) -> tuple[str, str]:
    """Destination and mask of a prefix, as `route print` shows them; a service tag stays whole."""
    try:
        network = ipaddress.ip_network(prefix, strict=False)
    except ValueError:
        return prefix, ""
    return str(network.network_address), str(network.netmask)


def sorted_routes(table: EffectiveRoutes) -> list[Route]:
    """Rows in the order Azure prefers them: longest prefix first, Active before Invalid."""
    return sorted(table.routes, key=lambda route: (-route.length, route.state != "Active", route.source != "User"))


def render_routes(table: EffectiveRoutes, title: str, console: Console) -> None:
    """An effective route table in the look of `route print`, with the reason of each row."""
    _line(console, f"{'=' * 78}\nEffective routes of {title}\n{'=' * 78}")
    row = "{:>18}  {:>16}  {:<22} {:<16} {:<8} {:<8} {}"
    _line(console, row.format("Network Destination", "Netmask", "Next hop type", "Next hop", "Source", "State", "Why"))
    for route in sorted_routes(table):
        start, mask = netmask(route.prefix)
        text = row.format(
            start, mask, route.next_hop_type, route.next_hop_ip or "-", route.source, route.state, route.why
        )
        _line(console, text, "dim" if route.state != "Active" else "")
    if table.gap:
        _line(console, f"? {table.gap.missing}: {table.gap.why} {table.gap.how}", "yellow")
