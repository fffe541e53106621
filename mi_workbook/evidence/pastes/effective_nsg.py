"""`az network nic list-effective-nsg` (JSON): the rules that Azure applies to a network interface.

Rows, one for each rule: {"nsg": id, "association": "subnet"|"nic"|"", "name", "direction", "access", "priority", "protocol",
"source_prefixes": [...], "source_ports": [...], "destination_prefixes": [...], "destination_ports": [...]}; prefixes as
Azure expanded them where it did. Source: Network Interfaces REST API, "List Effective Network Security Groups".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes import azure_output as az
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "azure-effective-nsg"
TITLE = "Effective security rules (Azure)"


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """JSON whose entries hold `effectiveSecurityRules`."""
    return az.json_claims(lines, lambda value: any(_rules(one) is not None for one in _groups(value)))


def _groups(value: Any) -> list[Any]:
    return az.elements(value) or ([value] if _rules(value) is not None else [])


def _rules(value: Any) -> list[Any] | None:
    found = az.get(value, "effectiveSecurityRules")
    return found if isinstance(found, list) else None


def read(lines: Sequence[Line]) -> Reading:
    """One interface's rules."""
    found = at.Found(about=az.option(lines, "-n", "--name", "--ids"))
    document = az.document(at.without_command(lines, *az.COMMANDS))
    if document is not None:
        for group in _groups(document.value):
            found.rows += _rows(group)
        if not document.whole:
            found.cut()
    if not found.rows:
        found.cut()
    if not found.about:
        found.say("Which network interface these rules are of is not in the paste.")
    return found.reading(KIND, TITLE, lines)


def _rows(group: Any) -> Iterator[dict[str, Any]]:
    nsg = az.text(az.get(az.get(group, "networkSecurityGroup"), "id"))
    association = az.get(group, "association")
    at_subnet, at_nic = az.get(association, "subnet"), az.get(association, "networkInterface")
    where = "subnet" if at_subnet else "nic" if at_nic else ""
    for rule in _rules(group) or ():
        priority = az.get(rule, "priority")
        yield {
            "nsg": nsg, "association": where, "name": az.text(az.get(rule, "name")), "direction": az.text(az.get(rule, "direction")),
            "access": az.text(az.get(rule, "access")), "priority": priority if isinstance(priority, int) else None,
            "protocol": az.text(az.get(rule, "protocol")),
            "source_prefixes": _first(rule, "expandedSourceAddressPrefix", "sourceAddressPrefixes", "sourceAddressPrefix"),
            "source_ports": _first(rule, "sourcePortRanges", "sourcePortRange"),
            "destination_prefixes": _first(rule, "expandedDestinationAddressPrefix", "destinationAddressPrefixes", "destinationAddressPrefix"),
            "destination_ports": _first(rule, "destinationPortRanges", "destinationPortRange"),
        }  # fmt: skip


def _first(rule: Any, *names: str) -> list[str]:
    return next((found for name in names if (found := az.texts(az.get(rule, name)))), [])
