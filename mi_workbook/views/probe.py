"""A judged probe for a terminal and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mi_workbook.core.errors import InputError
from mi_workbook.diagnosis.probe_layers import Suspect
from mi_workbook.diagnosis.probing import Judgement
from mi_workbook.evidence import machine as machines
from mi_workbook.evidence.probes.run import Probes, observations
from mi_workbook.reach.names import ServerName
from mi_workbook.views.html import plain
from mi_workbook.views.text import SIGNS

if TYPE_CHECKING:
    from rich.console import Console

SCHEMA = "mi-workbook/probe/1"


def probe_json(name: ServerName, probes: Probes, judged: Judgement, machine: machines.Machine) -> dict[str, Any]:
    """The judgement; every result, and this machine, as observations that a snapshot can hold."""
    return {
        "schema": SCHEMA,
        "target": {"typed": name.typed, "host": probes.host, "port": probes.port},
        "verdict": judged.verdict.value,
        "failing_layer": judged.layer or None,
        "symptom": judged.symptom or None,
        "headline": judged.headline,
        "layers": [{"layer": one.layer, "verdict": one.verdict.value, "says": one.says} for one in judged.layers],
        "suspects": [asdict(suspect) for suspect in judged.suspects],
        "next_test": judged.next_test,
        "cautions": [{"fault": one.fault, "says": one.why} for one in judged.cautions],
        "observations": [*observations(probes), *machines.observations(machine)],
    }


def render_probe(probes: Probes, judged: Judgement, console: Console) -> None:
    """Verdict, each layer, who is suspected, the next test, and what all this proves and does not."""
    sign, colour = SIGNS[judged.verdict]
    _line(console, f"{sign} {judged.verdict.value.upper()}  {judged.headline}", f"bold {colour}")
    for one in judged.layers:
        sign, colour = SIGNS[one.verdict]
        _line(console, f"  {sign} {one.layer:<9} {one.says}", "" if sign == "✓" else colour)
    if judged.suspects:
        _line(console, "\nSuspects, the most telling first:", "bold")
    for suspect in judged.suspects:
        _line(console, f"  {suspect.fault}{_title(suspect)}: {suspect.why}")
    if judged.next_test:
        _line(console, f"\nNext test: {judged.next_test}", "cyan")
    for caution in judged.cautions:
        _line(console, f"\nNote [{caution.fault}]: {caution.why}", "yellow")
    _meaning(probes, console)


def _meaning(probes: Probes, console: Console) -> None:
    """The last test that ran says most."""
    ran = [*probes.dns[:1], *probes.tcp[:1], probes.tds, probes.login]
    last = next((result for result in reversed(ran) if result), None)
    if last is not None:
        _line(console, f"\nProved: {last.proves}\nNot proved: {last.does_not_prove}", "dim")
    for lost in {result.lost for result in probes.dns if result.lost}:
        _line(console, f"\n{lost}", "dim")


def _title(suspect: Suspect) -> str:
    """The fault's title, where the catalogue has the fault already."""
    from mi_workbook.checks.catalogue import fault

    try:
        return f" ({fault(suspect.fault).title})"
    except InputError:
        return ""


def _line(console: Console, text: str, style: str = "") -> None:
    from rich.text import Text

    console.print(Text("\n".join(plain(part) for part in text.split("\n")), style=style))
