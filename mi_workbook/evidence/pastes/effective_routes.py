"""The effective routes of a network interface, as Azure shows them.

`az network nic show-effective-route-table` (JSON and `-o table`, also with chosen columns), `Get-AzEffectiveRouteTable`
(table, list, JSON), the Portal's CSV. Rows have the shape of ARM's effectiveRouteTable: {"source", "state",
"addressPrefix": [...], "nextHopType", "nextHopIpAddress": [...]} and other members that JSON brought along, so that
`{"kind": "effectiveRoutes", "about": NIC id, "value": {"value": rows}}` is an observation of a snapshot.
Source: Network Interfaces REST API, "Get Effective Route Table".
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from typing import Any

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes import azure_output as az
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "azure-effective-routes"
TITLE = "Effective routes (Azure)"
SOURCES = {"default": "Default", "user": "User", "virtualnetworkgateway": "VirtualNetworkGateway", "unknown": "Unknown"}
STATES = {"active": "Active", "invalid": "Invalid"}
HOPS = {
    "vnetlocal": "VnetLocal", "virtualnetwork": "VnetLocal", "vnetpeering": "VNetPeering", "virtualnetworkpeering": "VNetPeering",
    "vnetglobalpeering": "VNetGlobalPeering", "globalvnetpeering": "VNetGlobalPeering", "virtualnetworkgateway": "VirtualNetworkGateway",
    "virtualappliance": "VirtualAppliance", "internet": "Internet", "none": "None", "interfaceendpoint": "InterfaceEndpoint",
    "virtualnetworkserviceendpoint": "VirtualNetworkServiceEndpoint", "hypernetgateway": "HyperNetGateway",
    "virtualappliancesnva": "VirtualAppliance",
}  # fmt: skip
LIST_KEYS = {
    "name", "disablebgproutepropagation", "state", "source", "addressprefix", "nexthoptype", "nexthopipaddress", "destinationservicetags",
    "hasbgpoverride", "tagmap",
}  # fmt: skip
CSV_HEADS = {"source": "source", "state": "state", "addressprefixes": "prefix", "addressprefix": "prefix", "nexthoptype": "type",
             "nexthopipaddress": "ip", "nexthoptypeipaddress": "ip", "nexthopip": "ip"}  # fmt: skip
ELLIPSIS = re.compile(r"\.\.\.|…")


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """JSON by its members, tables and CSV by their heads, lists by their keys; bare rows by their words."""
    yield from az.json_claims(lines, lambda value: any(_fits(one) for one in az.elements(value)))
    yield from az.list_claims(lines, {"name", "state", "source"}, "nexthoptype", LIST_KEYS)
    here = 0
    while here < len(lines):
        if not (_row_of_words(lines[here].text) or _is_head(lines[here].text)):
            here += 1
            continue
        end = here + 1
        while end < len(lines) and (_belongs(lines[end].text) or _delimiter(lines[here].text, lines[end].text)):
            end += 1
        closing = end if end < len(lines) and at.blank(lines[end].text) else end - 1
        yield Claim(az.with_command(lines, here), closing)
        here = closing + 1


def _fits(value: Any) -> bool:
    """An effective route; one prefix may be a text where PowerShell unwrapped the list. A route of a table has no source."""
    prefixes = az.get(value, "addressPrefix")
    alone = (
        isinstance(prefixes, str)
        and bool(prefixes)
        and {az.get(value, "source"), az.get(value, "state")}.isdisjoint({None, ""})
    )
    return az.get(value, "nextHopType") is not None and (isinstance(prefixes, list) or alone)


def _is_head(text: str) -> bool:
    word = at.letters(text)
    return (
        "nexthoptype" in word and "addressprefix" in word and "source" in word and ":" not in text and "{" not in text
    )


def _belongs(text: str) -> bool:
    return bool(_row_of_words(text) or at.is_dashes(text) or (ELLIPSIS.search(text) and len(text.strip()) < 12))


def _delimiter(head: str, text: str) -> bool:
    """True for a further row of the CSV."""
    sign = ";" if head.count(";") > head.count(",") else ","
    return _is_head(head) and head.count(sign) >= 3 and text.count(sign) >= 3


def _row_of_words(text: str) -> dict[str, Any] | None:
    """A table's row by what its words are, whatever the order of the columns; None for anything else."""
    if len(text) > at.LONGEST_LINE or not re.search(r"\d/\d{1,3}\b", text):
        return None
    row: dict[str, Any] = {"source": "", "state": "", "addressPrefix": [], "nextHopType": "", "nextHopIpAddress": []}
    for word in re.sub(r"[{},]", " ", ELLIPSIS.sub(" ", text)).split():
        if not _place(row, word):
            return None
    complete = row["addressPrefix"] and row["nextHopType"] and row["state"]
    return row if complete and row["source"] else None


def _place(row: dict[str, Any], word: str) -> bool:
    plain = word.lower()
    if plain in STATES and not row["state"]:
        row["state"] = STATES[plain]
    elif plain in SOURCES and not row["source"]:
        row["source"] = SOURCES[plain]
    elif plain in HOPS and not row["nextHopType"]:
        row["nextHopType"] = HOPS[plain]
    elif at.is_prefix(word):
        row["addressPrefix"].append(word)
    elif at.is_address(word):
        row["nextHopIpAddress"].append(word)
    else:  # the name of a user-defined route may stand in a column of its own
        return bool(row["source"] == "" or row["state"]) and bool(re.fullmatch(r"[\w.-]{1,80}", word))
    return True


def read(lines: Sequence[Line]) -> Reading:
    """One interface's routes."""
    found = at.Found(about=az.option(lines, "-n", "--name", "-networkinterfacename", "--ids"))
    body = at.without_command(lines, *az.COMMANDS)
    document = az.document(body)
    if document is not None:
        _json(found, document, body)
    elif any(_is_head(line.text) and _delimiter(line.text, line.text) for line in body):
        _csv(found, body)
    elif any(az.PROPERTY.match(line.text) for line in body[:3]):
        _list(found, lines)
    else:
        _table(found, body)
    if not found.rows:
        found.cut()
    if not found.about:
        found.say("Which network interface these routes are of is not in the paste.")
    return found.reading(KIND, TITLE, lines)


def _json(found: at.Found, document: az.Document, body: Sequence[Line]) -> None:
    found.left += [line for here, line in enumerate(body) if here > document.last and not at.blank(line.text)]
    for one in az.elements(document.value):
        if not _fits(one):
            found.cut("An entry of the list is no route.")
            continue
        hop = az.get(one, "nextHopIpAddress")
        row = {str(key)[:1].lower() + str(key)[1:]: value for key, value in one.items()}
        row |= {
            "source": az.text(az.get(one, "source")), "state": az.text(az.get(one, "state")), "addressPrefix": az.texts(az.get(one, "addressPrefix")),
            "nextHopType": az.text(az.get(one, "nextHopType")), "nextHopIpAddress": az.texts(hop),
        }  # fmt: skip
        found.rows.append(row)
    if not document.whole:
        found.cut()


def _csv(found: at.Found, body: Sequence[Line]) -> None:
    start = next(here for here, line in enumerate(body) if _is_head(line.text))
    sign = ";" if body[start].text.count(";") > body[start].text.count(",") else ","
    heads = [CSV_HEADS.get(at.letters(one), "") for one in body[start].text.split(sign)]
    for line in body[start + 1 :]:
        if at.blank(line.text):
            continue
        values = dict(zip(heads, next(csv.reader([line.text.replace("\0", "")], delimiter=sign)), strict=False))
        row = _from_words(
            values.get("source"), values.get("state"), values.get("prefix"), values.get("type"), values.get("ip")
        )
        if row:
            found.rows.append(row)
        else:
            found.left.append(line)
    found.say(at.NO_MARK)


def _list(found: at.Found, lines: Sequence[Line]) -> None:
    for entry in az.entries(lines, found.left):
        prefix = entry.get("addressprefix", "")
        row = _from_words(
            entry.get("source"), entry.get("state"), prefix, entry.get("nexthoptype"), entry.get("nexthopipaddress")
        )
        if row:
            found.rows.append(row)
        if not row or ELLIPSIS.search(prefix):
            found.cut()
    found.say(at.NO_MARK)


def _from_words(source: Any, state: Any, prefix: Any, hop: Any, address: Any) -> dict[str, Any] | None:
    kind = HOPS.get(at.letters(str(hop or "")))
    prefixes = [one for one in az.texts(prefix) if one]
    if (
        kind is None
        or not prefixes
        or at.letters(str(state or "")) not in STATES
        or at.letters(str(source or "")) not in SOURCES
    ):
        return None
    hops = [one for one in az.texts(address) if at.is_address(one)]
    return {"source": SOURCES[at.letters(str(source))], "state": STATES[at.letters(str(state))], "addressPrefix": prefixes,
            "nextHopType": kind, "nextHopIpAddress": hops}  # fmt: skip


def _table(found: at.Found, body: Sequence[Line]) -> None:
    for line in body:
        row = _row_of_words(line.text)
        if row:
            found.rows.append(row)
        elif ELLIPSIS.search(line.text) and len(line.text.strip()) < 12:
            found.cut("Rows were left out of the paste.")
        elif not at.blank(line.text) and not at.is_dashes(line.text) and not _is_head(line.text):
            found.left.append(line)
        if row and ELLIPSIS.search(line.text):
            found.cut("A list of prefixes was shortened by PowerShell; print it with Format-List or ConvertTo-Json.")
    if not any(_is_head(line.text) for line in body):
        found.cut("The heads of the table are missing; rows before the first one may be, too.")
    elif at.ends_open(body):
        found.say(at.MAY_GO_ON)
