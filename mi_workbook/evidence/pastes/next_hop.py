"""`az network watcher show-next-hop` (JSON, table) and `Get-AzNetworkWatcherNextHop` (list).

One row: {"next_hop_type", "next_hop_ip", "route_table": id or "System Route", "source", "destination"}; the addresses
that were asked about are taken from the command, "" where it is not in the paste.
Source: Network Watchers REST API, "Get Next Hop".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes import azure_output as az
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "azure-next-hop"
TITLE = "Next hop (Azure Network Watcher)"
KEYS = {"nexthoptype", "nexthopipaddress", "routetableid"}


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """JSON, table or list with a next hop's type and no prefix beside it."""
    yield from az.json_claims(lines, _fits)
    for claim in az.table_claims(lines, {"nexthoptype"}):
        heads = {head for line in lines[claim.first : claim.last] for head in KEYS if head in at.letters(line.text)}
        if (
            not any("addressprefix" in at.letters(line.text) for line in lines[claim.first : claim.last])
            and len(heads) > 1
        ):
            yield claim
    for claim in az.list_claims(lines, KEYS, "nexthoptype", KEYS):
        if not any(
            "addressprefix" in at.letters(line.text) for line in lines[max(claim.first - 6, 0) : claim.last + 3]
        ):
            yield claim


def _fits(value: Any) -> bool:
    return (
        isinstance(value, dict) and az.get(value, "nextHopType") is not None and az.get(value, "addressPrefix") is None
    )


def read(lines: Sequence[Line]) -> Reading:
    """One answer."""
    found = at.Found()
    body = at.without_command(lines, *az.COMMANDS)
    document = az.document(body)
    source = az.option(lines, "--source-ip", "-sourceipaddress")
    destination = az.option(lines, "--dest-ip", "-destinationipaddress")
    found.about = destination
    facts: list[dict[str, str]] = []
    if document is not None:
        members = document.value if isinstance(document.value, dict) else {}
        facts = [{at.letters(str(key)): az.text(value) for key, value in members.items()}]
    elif any(at.is_dashes(line.text) for line in body):
        facts = [cells for _, cells in az.table(body).rows]
    else:
        facts = list(az.entries(lines, found.left))
    for one in facts:
        kind = one.get("nexthoptype", "")
        if kind:
            hop, table = one.get("nexthopipaddress", ""), one.get("routetableid", "")
            found.rows.append(
                {
                    "next_hop_type": kind,
                    "next_hop_ip": hop,
                    "route_table": table,
                    "source": source,
                    "destination": destination,
                }
            )
    if (
        not found.rows
        or (document is not None and not document.whole)
        or not any("routetableid" in one for one in facts)
    ):
        found.cut()
    if not destination:
        found.say("Which addresses were asked about is not in the paste.")
    return found.reading(KIND, TITLE, lines)
