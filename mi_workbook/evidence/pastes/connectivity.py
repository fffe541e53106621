"""Connection troubleshoot of Network Watcher: `az network watcher test-connectivity -o json`.

One row for each hop: {"status": of the whole test, "hop": number from 1, "address", "type", "resource", "issues": [{"type",
"origin", "severity"}]}. Types of issues as Azure names them: GuestFirewall, NetworkSecurityRule, UserDefinedRoute,
DnsResolution, SocketBind, AgentStopped, Platform, Unknown. It runs inside the source VM.
Source: Network Watchers REST API, "Check Connectivity"; "Connection troubleshoot overview", section "Issues detected".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes import azure_output as az
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "azure-connectivity"
TITLE = "Connection troubleshoot (Azure Network Watcher)"


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """JSON with a connection status and a list of hops."""
    yield from az.json_claims(lines, _fits)


def _fits(value: Any) -> bool:
    return isinstance(az.get(value, "connectionStatus"), str) and isinstance(az.get(value, "hops"), list)


def read(lines: Sequence[Line]) -> Reading:
    """One test; about: the destination, where the command is in the paste."""
    found = at.Found(about=az.option(lines, "--dest-address", "--dest-resource"))
    document = az.document(at.without_command(lines, *az.COMMANDS))
    value = document.value if document is not None else {}
    hops = az.get(value, "hops")
    for number, hop in enumerate(hops if isinstance(hops, list) else (), 1):
        issues = az.get(hop, "issues")
        found.rows.append(
            {
                "status": az.text(az.get(value, "connectionStatus")), "hop": number, "address": az.text(az.get(hop, "address")),
                "type": az.text(az.get(hop, "type")), "resource": az.text(az.get(hop, "resourceId")),
                "issues": [_issue(one) for one in issues] if isinstance(issues, list) else [],
            }
        )  # fmt: skip
    if document is None or not document.whole or not found.rows:
        found.cut()
    return found.reading(KIND, TITLE, lines)


def _issue(value: Any) -> dict[str, str]:
    return {name: az.text(az.get(value, name)) for name in ("type", "origin", "severity")}
