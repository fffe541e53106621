"""Objects of Az PowerShell as ConvertTo-Json writes them, in ARM's spelling; what its depth limit cut off is named.

Sources: Az.Network models (PSVirtualNetwork: `Id`, `Subnets`, and `SubnetsText` with the same as JSON text),
Az.Sql AzureSqlManagedInstanceModel, Az.PrivateDns models (`ResourceId`); Get-AzResource -ExpandProperties;
ConvertTo-Json, parameter -Depth (2 unless asked: deeper objects are written as the text of their type).
"""

from __future__ import annotations

import json
import re
from typing import Any

Row = dict[str, Any]
# What ConvertTo-Json writes for an object deeper than its limit: its type, or its members in @{...}.
CUT = re.compile(r"@\{|(?:System\.[A-Z]|Microsoft\.Azure\.)[\w.]*[`\[\]\w,. ]*$")
SIGNS = ('"@{', '"System.')  # of an object that was cut off among rows in ARM's spelling
# A list deeper than the limit becomes one text with blanks between its elements.
LISTS = frozenset({
    "addressprefix", "addressprefixes", "sourceaddressprefix", "sourceaddressprefixes", "destinationaddressprefix",
    "destinationaddressprefixes", "sourceportrange", "sourceportranges", "destinationportrange", "destinationportranges",
    "dnsservers", "ipaddresses", "localsubnetnames", "remotesubnetnames", "localaddressranges", "remoteaddressranges",
    "nexthopipaddress", "vpnclientprotocols", "groupids",
})  # fmt: skip
RENAMED = {"peeredRemoteAddressSpace": "remoteAddressSpace", "tag": "tags"}
RECORDS = {"a": "aRecords", "cname": "cnameRecord"}
# Members that no reader of a network needs.
IDLE = frozenset({"identity", "sku", "tags", "tagstable", "plan", "bgpcommunities", "extendedlocation", "systemdata", "zones",
                  "ddosprotectionplan", "ipallocations", "administrators", "administratorpassword"})  # fmt: skip


def is_powershell(row: Row) -> bool:
    """True for an object whose id is spelled as PowerShell spells it."""
    return "id" not in row and any(
        isinstance(row.get(name), str) and "/providers/" in row[name] for name in ("Id", "ResourceId")
    )


def as_arm(row: Row) -> tuple[Row, tuple[str, ...]]:
    """The object as ARM spells it, and the members that were cut off and decide something."""
    if is_powershell(row):
        row = _named(_spelled(row))
    cut: list[str] = []
    _search(row, "", cut)
    return row, tuple(cut)


def _named(row: Row) -> Row:
    """Members that PowerShell calls otherwise than ARM."""
    found = {RENAMED.get(name, name): value for name, value in row.items()}
    if not isinstance(found.get("id"), str):
        found["id"] = found.get("resourceId")
    if not found.get("type") and found.get("resourceType"):
        found["type"] = found["resourceType"]
    kind = str(found.get("type") or found["id"]).lower()
    if "/virtualnetworklinks" in kind and isinstance(found.get("virtualNetworkId"), str):
        found.setdefault("virtualNetwork", {"id": found["virtualNetworkId"]})
    member = RECORDS.get(str(found.get("recordType") or "").lower(), "")
    if member and "/privatednszones/" in found["id"].lower() and isinstance(found.get("records"), list):
        found[member] = found["records"] if member == "aRecords" else next(iter(found["records"]), None)
    return found


def _spelled(value: Any, name: str = "") -> Any:
    if isinstance(value, list):
        return [_spelled(one, name) for one in value]
    if isinstance(value, str):
        return value.split() if name.lower() in LISTS and " " in value.strip() and not CUT.match(value) else value
    if not isinstance(value, dict) or name.lower() in {"tag", "tags"}:
        return value
    found = {}
    for given, inner in value.items():
        own = given[:1].lower() + given[1:]
        if given.endswith("Text") and given.removesuffix("Text") in value:
            continue  # says the same once more
        found[own] = _spelled(_whole(inner, value.get(f"{given}Text")), own)
    return {RENAMED.get(own, own): inner for own, inner in found.items()}


def _whole(value: Any, text: Any) -> Any:
    """The value, from its text where it was cut off itself."""
    if not isinstance(text, str) or not _is_cut(value):
        return value
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return value


def _is_cut(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_is_cut(inner) for inner in value.values())
    if isinstance(value, list):
        return any(_is_cut(inner) for inner in value)
    return isinstance(value, str) and bool(CUT.match(value))


def _search(value: Any, path: str, cut: list[str]) -> None:
    if isinstance(value, str) and CUT.match(value):
        cut.append(path or "/")
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        if str(name).lower() not in IDLE:
            _search(inner, f"{path}/{name}", cut)
