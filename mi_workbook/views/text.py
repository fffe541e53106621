"""Text for a terminal: a diagnosis at a glance, an effective route table as `route print` shows it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mi_workbook.core.finding import Diagnosis, Finding, Told
from mi_workbook.core.ranges import show_ports
from mi_workbook.core.verdict import Verdict
from mi_workbook.guide.follow_up import commands, follow_up, taken
from mi_workbook.reach.routes import EffectiveRoutes, Route
from mi_workbook.views.html import plain
from mi_workbook.views.proof import proof, sign, standing
from mi_workbook.views.table import Table
from mi_workbook.views.words import AGREE_WORDS, SAFETY_WORDS, WEIGHT_WORDS

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {"": "", "bad": "red", "decides": "yellow"}
MARKS = {"✓": "green", "?": "yellow"}
SIGNS = {Verdict.REACHABLE: ("✓", "green"), Verdict.BLOCKED: ("✗", "red"), Verdict.UNKNOWN: ("?", "yellow")}


def render(diagnosis: Diagnosis, console: Console) -> None:
    """Verdict in one sentence, the path, what was found, the repair, what is missing."""
    sign, colour = SIGNS[diagnosis.verdict]
    line(console, f"{sign} {diagnosis.verdict.value.upper()}  {diagnosis.headline}", f"bold {colour}")
    _path(diagnosis, console)
    for found in diagnosis.findings:
        _finding(found, console)
    _repair(diagnosis, console)
    _at_source(diagnosis, console)
    for gap in diagnosis.gaps:
        line(console, f"\n? Missing: {gap.missing}", "yellow")
        line(console, f"  {gap.why}\n  Get it: {gap.how}")
    for note in diagnosis.confidence_notes:
        line(console, f"\nNote: {note}", "dim")


def line(console: Console, text: str, style: str = "") -> None:
    """One piece of text, control characters taken out, in a style."""
    from rich.text import Text

    console.print(Text("\n".join(plain(part) for part in text.split("\n")), style=style))


def _path(diagnosis: Diagnosis, console: Console) -> None:
    for trace in diagnosis.traces:
        line(console, f"\n{trace.direction.capitalize()}, TCP {show_ports(trace.flow.ports)}", "bold")
        for decision in trace.decisions:
            sign, colour = SIGNS[decision.result]
            line(console, f"  {sign} {decision.kind:<9} {decision.why}", "" if sign == "✓" else colour)


def _finding(found: Finding, console: Console) -> None:
    head = "Root cause" if found.explains_verdict else f"Also ({found.severity})"
    line(console, f"\n{head}: {found.title} [{found.fault}, {found.code}]", "bold")
    line(console, f"  {found.says}")
    for evidence in found.evidence[:3]:
        line(console, f"  Evidence: {evidence.document} {evidence.pointer} = {str(evidence.value)[:160]}", "dim")
    line(console, f"  Repair ({SAFETY_WORDS.get(found.remedy.safety, found.remedy.safety)}): {found.remedy.does}")
    for command in found.remedy.az:
        line(console, f"    {command}", "cyan")
    line(console, f"  Undo: {found.remedy.undo}", "dim")


def _at_source(diagnosis: Diagnosis, console: Console) -> None:
    """Configuration and what was seen at the source, side by side; then what each output tells."""
    for one in diagnosis.at_source.beside:
        style = "bold red" if one.agree is False else "bold"
        line(console, f"\nSide by side, {one.matter}: {AGREE_WORDS[one.agree]}", style)
        line(console, f"  Azure's configuration: {one.configuration}\n  At the source: {one.seen}")
        if one.next_test:
            line(console, f"  Next test: {one.next_test}", "cyan")
    told(diagnosis.at_source.told, console)
    _disagreement(diagnosis, console)


def _disagreement(diagnosis: Diagnosis, console: Console) -> None:
    """The walk from a disagreement on: each step's outcome, commands where it is open, and who must act at its end."""
    tree = follow_up(diagnosis)
    if tree is None:
        return
    line(console, f"\n{tree.title}: step by step", "bold")
    for one in taken(diagnosis):
        if one.verdict is None:
            line(console, f"  => {one.step.title}\n     {one.step.who}: {one.step.look}", "bold")
            continue
        sign, colour = SIGNS[one.verdict]
        line(console, f"  {sign} {one.step.title} {one.says}", "" if sign == "✓" else colour)
        for ready in commands(one.step, diagnosis) if one.verdict is Verdict.UNKNOWN else ():
            line(console, f"      {ready.place}: {ready.run}", "cyan")
    line(console, "  Paste what comes back into a file and give it beside the evidence.", "dim")


def told(answers: Iterable[Told], console: Console) -> None:
    """What outputs that were sent show: what each proves, what it does not, the next test."""
    for one in answers:
        sign, words = WEIGHT_WORDS[one.weight]
        line(console, f"\n{sign} Sent: {one.says}", "bold")
        where = f" [{one.where}]" if one.where else ""
        line(console, f"  {words.capitalize()}{where}. Proves: {one.proves} Not: {one.does_not_prove}")
        if one.suspects:
            line(console, f"  Suspects: {', '.join(one.suspects)}")
        if one.next_test:
            line(console, f"  Next test: {one.next_test}", "cyan")


def _repair(diagnosis: Diagnosis, console: Console) -> None:
    if standing(diagnosis) != "nothing":
        mark = sign(diagnosis)
        line(console, f"\n{mark} {proof(diagnosis)}", MARKS.get(mark, ""))


def render_table(table: Table, console: Console) -> None:
    """A table for a terminal: two columns side by side; of more columns each row becomes a block, its values by name."""
    line(console, f"\n{table.title}", "bold")
    pair = len(table.columns) == 2
    wide = max((len(plain(row[0].shown)) for row in table.rows), default=0) if pair else 0
    for row in table.rows:
        first, *others = row
        if pair:
            line(console, f"  {plain(first.shown):<{wide}}  {plain(others[0].shown)}", STYLES[others[0].mark])
            continue
        line(console, f"  {first.shown}", STYLES[first.mark])
        for name, cell in zip(table.columns[1:], others, strict=True):
            if cell.shown.strip():
                line(console, f"    {name}: {cell.shown}", STYLES[cell.mark])


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
