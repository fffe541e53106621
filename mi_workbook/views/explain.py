"""The readings of a paste as text for a terminal and as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mi_workbook.evidence.connection_string import ConnectionString, StringFinding
from mi_workbook.evidence.error_text import ErrorReading
from mi_workbook.evidence.explain import Explanation
from mi_workbook.views.html import plain
from mi_workbook.views.versions import lines as version_lines
from mi_workbook.views.versions import version_rows

if TYPE_CHECKING:
    from rich.console import Console

SCHEMA = "mi-workbook/explain/1"
SIGNS = {"blocks": ("✗", "red"), "degrades": ("!", "yellow"), "risk": ("!", "yellow"), "info": ("i", "dim")}
Line = tuple[str, str]


def explain_json(explanation: Explanation) -> dict[str, Any]:
    """The document that `explain --json` prints."""
    return {
        "schema": SCHEMA,
        "target": explanation.target or None,
        "connection_strings": [_string_json(string, findings) for string, findings in explanation.strings],
        "error": _error_json(explanation.error) if explanation.error else None,
        "confirmed": list(explanation.confirmed),
        "versions": version_rows(explanation.versions),
    }


def _string_json(string: ConnectionString, findings: tuple[StringFinding, ...]) -> dict[str, Any]:
    document = dataclasses.asdict(string)
    document.pop("written")
    document |= {"endpoint": string.endpoint or None, "target": string.target or None}
    return document | {"findings": [dataclasses.asdict(finding) for finding in findings]}


def _error_json(reading: ErrorReading) -> dict[str, Any]:
    document = dataclasses.asdict(reading)
    document["tests"] = [{"id": t.id, "does": t.does, "commands": dict(t.commands)} for t in reading.tests]
    return document


def render(explanation: Explanation, console: Console) -> None:
    """Strings first, then versions, then the error, then how to go on."""
    from rich.text import Text

    for text, style in lines(explanation):
        console.print(Text("\n".join(plain(part) for part in text.split("\n")), style=style))


def lines(explanation: Explanation) -> Iterator[Line]:
    """Lines with their style."""
    for string, findings in explanation.strings:
        yield from _string(string, findings)
    if explanation.versions:
        yield "\nVersions", "bold"
        yield from version_lines(explanation.versions)
    if explanation.error:
        yield from _error(explanation.error)
    if explanation.confirmed:
        yield f"\nThe rest of the paste shows what the error suspects: {', '.join(explanation.confirmed)}", "bold"
    if explanation.target:
        yield f"\nGo on: mi-workbook diagnose EVIDENCE --from CLIENT --to '{explanation.target}'", "cyan"


def _string(string: ConnectionString, findings: tuple[StringFinding, ...]) -> Iterator[Line]:
    where = f" in {string.found_in}" if string.found_in else ""
    yield f"Connection string ({string.form}){where}", "bold"
    for name, value in _facts(string):
        yield f"  {name:<12} {value}", ""
    for note in string.notes:
        yield f"  ? {note}", "yellow"
    for finding in findings:
        sign, colour = SIGNS[finding.severity]
        yield f"  {sign} {finding.fault} ({finding.severity}): {finding.says}", colour
        yield f"    Change: {finding.change}", ""
    if not findings and string.host:
        yield "  ✓ The string itself shows no fault.", "green"


def _facts(string: ConnectionString) -> Iterator[tuple[str, str]]:
    certificate = {True: "not checked (TrustServerCertificate)", False: "checked", None: "driver's default"}
    yield "server", string.server or "not read"
    port = str(string.port) if string.port is not None else "driver's default"
    yield "endpoint", f"{string.endpoint or 'not told by the name'}, port {port}"
    yield "driver", string.driver or "not named"
    yield "encryption", f"{string.encrypt or 'driver default'}; certificate {certificate[string.trust]}"
    yield "login", f"{string.authentication or 'no kind given'}; user name {string.user}"
    if string.dropped:
        yield "secrets", f"dropped while reading: {', '.join(string.dropped)}"


def _error(reading: ErrorReading) -> Iterator[Line]:
    head = f"Layer: {reading.layer}. {reading.title}" if reading.understood else reading.title
    yield f"\n{head}", "bold red" if reading.understood else "bold yellow"
    if len(reading.met) > 1:
        yield (
            f"  Errors met: {', '.join(f'{met.id} ({met.layer})' for met in reading.met)}; {reading.deciding} decides",
            "",
        )
    yield from (
        (f"  {name}: {text}", "")
        for name, text in (("Proves", reading.proves), ("Rules out", reading.rules_out))
        if text
    )
    if reading.numbers:
        yield f"  Numbers: {', '.join(reading.numbers)}", ""
    yield from ((f"  Named: {server.target} ({server.role})", "") for server in reading.servers)
    yield from ((f"  Time: {time.seconds:g} s. {time.says}".rstrip(), "") for time in reading.durations)
    yield from _next(reading)


def _next(reading: ErrorReading) -> Iterator[Line]:
    if reading.suspects:
        yield "  Suspects, in this order:", ""
        yield from ((f"    {suspect.fault:<28} {suspect.words}", "") for suspect in reading.suspects)
    for ask in reading.asks:
        yield f"  ? Would help: {ask}", "yellow"
    for number, test in enumerate(reading.tests, 1):
        yield f"  Test {number}: {test.does}", ""
        yield from ((f"    {where}: {command}", "cyan") for where, command in test.commands)
