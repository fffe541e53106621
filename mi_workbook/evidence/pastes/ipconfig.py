"""Windows `ipconfig` and `ipconfig /all`, in any display language: read by shape, labels only where they hold DNS, DHCP, IP.

Rows: {"what": "adapter", "name" (heading without its colon), "description", "mac", "suffix", "addresses": ["10.1.0.4/24"],
"gateways", "dns_servers", "dhcp_servers", "wins_servers": lists of addresses}; first {"what": "host", "suffixes"} where
the output begins with the machine's own part; an adapter whose heading is missing has the name "". An address is a value that a mask follows, or whose label holds "IP"; what
follows the mask and is neither DNS, DHCP nor WINS is the gateway. The machine's name, lease times and identifiers are
not kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mi_workbook.evidence.pastes.clean import COMMAND
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading
from mi_workbook.evidence.pastes.shapes import MASKS, NO_END, bare_address, filled

KIND = "ipconfig"
TITLE = "Windows: ipconfig"

MAC = re.compile(r"[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5,7}")
SUFFIX = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")
HEADING = 120
DOTS = re.compile(r"\.\s*:(?:\s|$)")  # labels of other tools hold DNS and a colon, too, and no dots


@dataclass
class _Field:
    label: str
    values: list[str]


@dataclass
class _Block:
    """An adapter, or the machine's own part (name "")."""

    name: str
    fields: list[_Field] = field(default_factory=list)


def _field_of(text: str) -> tuple[str, str] | None:
    """Label and value of "Label . . . . : value", None where the line is none.

    A long label leaves no room for dots, as that of the suffix in German; it is told by DNS in it.
    """
    head, colon, value = text.partition(":")
    dotted = head.rstrip()
    tight = "DNS" in dotted and (text[:1] == " " or bool(value.strip()))
    if not colon or not (dotted.endswith(".") or tight) or len(dotted) > HEADING:
        return None
    label = dotted.rstrip(" .").strip()
    return (label, value.strip()) if label else None


def _is_heading(text: str) -> bool:
    bare = text.strip()
    return bare.endswith(":") and 3 < len(bare) <= HEADING and not bare_address(bare) and _field_of(text) is None


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """Runs of fields with leading dots, with headings, continued values, and one line above."""
    fields = [_field_of(line.text) is not None for line in lines]
    at = 0
    while at < len(lines):
        if not fields[at]:
            at += 1
            continue
        last = _last(lines, fields, at)
        if sum(fields[at : last + 1]) > 1 and any(DOTS.search(line.text) for line in lines[at : last + 1]):
            yield Claim(_above(lines, at), last)
        at = last + 1


def _last(lines: Sequence[Line], fields: Sequence[bool], first: int) -> int:
    last, others = first, 0
    for at in range(first, len(lines)):
        text = lines[at].text
        if fields[at] or _continues(text):
            last, others = at, 0
        elif text.strip():
            others += 1
            if others > 1 or not _is_heading(text):
                break
    return last


def _continues(text: str) -> bool:
    """A further value below a field: an address or a suffix, alone on its line."""
    bare = text.strip().partition("(")[0]
    return bool(bare_address(bare)) or (text[:8].isspace() and bool(SUFFIX.fullmatch(bare)))


def _above(lines: Sequence[Line], at: int) -> int:
    first = at
    for here in range(at - 1, max(at - 6, -1), -1):
        text = lines[here].text.strip()
        if not text:
            continue
        if COMMAND.match(text):
            return here if text.lower().startswith("ipconfig") else first
        if not (_is_heading(text) or ("IP" in text and len(text) < 60 and "." not in text)):
            break
        first = here
    return first


def read(lines: Sequence[Line]) -> Reading:
    """Read a block."""
    blocks, left = _blocks([line for line in filled(lines) if not COMMAND.match(line.text)])
    rows = [
        _adapter(block) if block.name or _has_address(block) else _host(block)
        for block in blocks
        if block.fields or block.name
    ]
    notes = [NO_END]
    whole = bool(rows)
    if blocks and not blocks[-1].fields:
        notes.append("The last adapter has no values: the output is cut off.")
        whole = False
    if any(block.name and _unmasked(block) for block in blocks):
        notes.append("An IPv4 address has no mask below it: the output is cut off or damaged there.")
        whole = False
    if blocks and not blocks[0].name and not any(block.name for block in blocks):
        notes.append("No adapter is named: the output is cut off, or its headings are missing.")
        whole = False
    return Reading(KIND, TITLE, tuple(rows), tuple(left), tuple(notes), whole)


def _blocks(lines: Sequence[Line]) -> tuple[list[_Block], list[Line]]:
    blocks, left = [_Block("")], []
    for at, line in enumerate(lines):
        found, bare = _field_of(line.text), line.text.strip()
        if found:
            blocks[-1].fields.append(_Field(found[0], [found[1]] if found[1] else []))
        elif blocks[-1].fields and _continues(line.text):
            blocks[-1].fields[-1].values.append(bare)
        elif _is_heading(line.text):
            blocks.append(_Block(bare.rstrip(": ")))
        elif not (at == 0 and "IP" in bare and len(bare) < 60):
            left.append(line)
    return blocks, left


def _address(text: str) -> str:
    """The address of a value such as "10.1.0.4(Preferred)"."""
    return bare_address(text.partition("(")[0].strip())


def _has_address(block: _Block) -> bool:
    """True for an adapter, also one whose heading is missing: the machine's own part holds no address."""
    return any(_address(value) for one in block.fields for value in one.values)


def _host(block: _Block) -> dict[str, Any]:
    listed = [one for one in block.fields if "DNS" in one.label.upper()]
    suffixes = [value for one in listed for value in one.values if SUFFIX.fullmatch(value)]
    return {"what": "host", "suffixes": list(dict.fromkeys(suffixes))}


def _adapter(block: _Block) -> dict[str, Any]:
    row: dict[str, Any] = {
        "what": "adapter",
        "name": block.name,
        "description": _described(block),
        "mac": "",
        "suffix": "",
    }
    row |= {"addresses": [], "gateways": [], "dns_servers": [], "dhcp_servers": [], "wins_servers": []}
    for at, one in enumerate(block.fields):
        addresses = [address for value in one.values if (address := _address(value))]
        mask = _mask(block, at)
        if addresses and one.values[0] not in MASKS:
            row[_meaning(one.label, mask)] += [f"{address}/{mask}" if mask else address for address in addresses]
        elif one.values and MAC.fullmatch(one.values[0]):
            row["mac"] = row["mac"] or one.values[0]
        elif one.values and "DNS" in one.label.upper() and SUFFIX.fullmatch(one.values[0]):
            row["suffix"] = one.values[0]
    return row


def _mask(block: _Block, at: int) -> str:
    """The length of the mask that follows this field, "" where none does."""
    following = block.fields[at + 1].values if at + 1 < len(block.fields) else []
    return str(MASKS[following[0]]) if following and following[0] in MASKS and following[0] != "0.0.0.0" else ""


def _meaning(label: str, mask: str) -> str:
    upper = label.upper()
    for word, name in (("DNS", "dns_servers"), ("DHCP", "dhcp_servers"), ("WINS", "wins_servers")):
        if word in upper:
            return name
    return "addresses" if mask or re.search(r"IP(?:V[46])?(?![A-Z])", upper) else "gateways"


def _described(block: _Block) -> str:
    """The description stands right above the hardware address, which a VPN adapter has too, without a value."""
    labels = [one.label.upper() for one in block.fields]
    at = next((at for at, one in enumerate(block.fields) if one.values and MAC.fullmatch(one.values[0])), None)
    if at is None:
        suffix = (
            at
            for at, label in enumerate(labels)
            if "DNS" in label and not _has_address(_Block("", block.fields[at : at + 1]))
        )
        at = next((at + 2 for at in suffix if at + 1 < len(labels)), 0)
    values = block.fields[at - 1].values if 0 < at <= len(block.fields) else []
    return values[0] if values and not _address(values[0]) else ""


def _unmasked(block: _Block) -> bool:
    """True where an IPv4 address of the adapter has no mask, as when the output ends there."""
    for at, one in enumerate(block.fields):
        address = _address(one.values[0]) if one.values else ""
        if (
            "." in address
            and one.values[0] not in MASKS
            and not _mask(block, at)
            and _meaning(one.label, "") == "addresses"
        ):
            return True
    return False
