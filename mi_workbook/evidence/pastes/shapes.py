"""Shapes that several formats share: addresses, masks, prefixes, and the common shape of a route's row."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Any

from mi_workbook.evidence.pastes.paste import Line

NO_END = (
    "This format has no end mark: nothing in the text shows whether rows after its last line were cut off. "
    "Compare the last row with the screen."
)
DOTTED = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
MASKS = {str(ipaddress.IPv4Network(f"0.0.0.0/{length}").netmask): length for length in range(33)}
HARMLESS = 64


def route_row(
    prefix: str, gateway: str, interface: str, metric: int | None, *, persistent: bool = False, **more: Any
) -> dict[str, Any]:
    """The common shape of a route.

    what: "route"; prefix: "10.4.0.0/16" or an IPv6 one; gateway: an address, "" where the destination is on the link;
    interface: as the format names it (an address, a name, or an index as text), "" where it names none; metric: the
    total that the system compares, lower wins, None where the format does not tell it; persistent: kept for the next
    start and no proof that it is in use now. A format adds members of its own, named in its docstring.
    """
    return {
        "what": "route", "prefix": prefix, "gateway": gateway, "interface": interface, "metric": metric,
        "persistent": persistent, **more,
    }  # fmt: skip


def is_ipv4(word: str) -> bool:
    """True for four numbers up to 255."""
    return bool(DOTTED.fullmatch(word)) and all(int(part) < 256 for part in word.split("."))


def is_address(word: str) -> bool:
    """True for an IPv4 or IPv6 address; a zone such as %12 or %eth0 may follow."""
    return bool(bare_address(word))


def bare_address(word: str) -> str:
    """An address in its usual form without its zone, "" where the word is none."""
    try:
        return str(ipaddress.ip_address(word.partition("%")[0])) if len(word) <= HARMLESS else ""
    except ValueError:
        return ""


def masked(address: str, mask: str) -> str:
    """ "10.4.0.0" and "255.255.0.0" as "10.4.0.0/16"; "" where the mask has holes or the address has bits below it."""
    length = MASKS.get(mask)
    return "" if length is None or not is_ipv4(address) else prefix(f"{address}/{length}")


def prefix(text: str) -> str:
    """A prefix or an address in its usual form, "" where it is none or has bits below its length."""
    try:
        return str(ipaddress.ip_network(text)) if len(text) <= HARMLESS else ""
    except ValueError:
        return ""


def whole_number(word: str) -> int | None:
    """The number of a word of up to ten digits, None where it is none."""
    return int(word) if word.isascii() and word.isdigit() and len(word) <= 10 else None


def filled(lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines that are not blank."""
    return tuple(line for line in lines if line.text.strip())


def only_ipv6(rows: Sequence[dict[str, Any]]) -> bool:
    """True where routes are there and none of them is an IPv4 route."""
    prefixes = [row["prefix"] for row in rows if row.get("what") == "route"]
    return bool(prefixes) and all(":" in one for one in prefixes)


ONLY_IPV6 = "Only IPv6 routes are here. The instance is reached over IPv4: ask for the IPv4 table as well."
