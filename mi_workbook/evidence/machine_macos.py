"""Routes, addresses and DNS of a Mac: `netstat -rn`, `ifconfig`, `scutil --dns`.

Source: netstat(1) (flags; a destination may be written without its zeros), ifconfig(8), scutil(8).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from mi_workbook.evidence.machine import Interface, Machine, Problems, Resolver, Route, interface, with_length

HEAD = re.compile(r"^([A-Za-z][\w.-]*\d*): flags=\w+<([^>]*)>(?:.* mtu (\d+))?")


def read(problems: Problems) -> Machine:
    """This machine."""
    routes = netstat(problems.run("netstat", "-rn"))
    resolvers, suffixes = scutil(problems.run("scutil", "--dns"))
    return Machine("macos", routes, ifconfig(problems.run("ifconfig")), resolvers, suffixes)


def netstat(text: str) -> tuple[Route, ...]:
    """Rows of `netstat -rn` but multicast and broadcast. Flag I: scoped; R or B: rejected or dropped."""
    found, columns = [], []
    six = False
    for line in text.splitlines():
        words = line.split()
        if line.startswith("Internet"):
            six = line.startswith("Internet6")
        elif words[:2] == ["Destination", "Gateway"]:
            columns = words
        elif len(words) > 3 and columns:
            # Columns differ between releases; the interface stands under Netif, before an Expire that may be empty.
            at = columns.index("Netif") if "Netif" in columns else 3
            prefix = destination(words[0], six=six)
            if prefix and at < len(words):
                found.append(_route(prefix, words, words[at]))
    return tuple(route for route in found if not _multicast(route.prefix))


def _route(prefix: str, words: list[str], device: str) -> Route:
    flags = words[2]
    kind = "reject" if "R" in flags else "blackhole" if "B" in flags else "unicast"
    try:
        gateway = str(ipaddress.ip_address(words[1].partition("%")[0])) if "G" in flags else ""
    except ValueError:
        gateway = ""
    return Route(prefix, gateway, device, kind=kind, scoped="I" in flags)


def destination(text: str, *, six: bool) -> str:
    """ "default", "10.10.56/24", "127", "169.254" or an address, as a prefix; "" where it is none.

    Without a length, the class of the address decides where parts are missing.
    """
    if text == "default":
        return "::/0" if six else "0.0.0.0/0"
    address, _, length = text.partition("/")
    address = re.sub(r"%\w+", "", address)
    if not six:
        parts = address.split(".")
        length = length or str(8 * len(parts))
        address = ".".join([*parts, "0", "0", "0"][:4])
    try:
        return str(ipaddress.ip_network(f"{address}/{length or 128}", strict=False))
    except ValueError:
        return ""


def _multicast(prefix: str) -> bool:
    network = ipaddress.ip_network(prefix)
    return network.is_multicast or prefix == "255.255.255.255/32"


def ifconfig(text: str) -> tuple[Interface, ...]:
    """Interfaces of `ifconfig`: each begins at the line's start."""
    blocks = re.split(r"\n(?=\S)", text)
    return tuple(one for block in blocks if block.strip() for one in _interface(block))


def _interface(block: str) -> Iterator[Interface]:
    head = HEAD.match(block)
    if head:
        flags = head[2].split(",")
        yield interface(
            head[1], up="UP" in flags, addresses=list(_addresses(block)), mtu=int(head[3]) if head[3] else None,
            tunnel="POINTOPOINT" in flags,
        )  # fmt: skip


def _addresses(block: str) -> Iterator[str]:
    for address, mask in re.findall(r"^\s+inet (\S+)(?: --> \S+)? netmask (0x[0-9a-f]{8})", block, re.MULTILINE):
        yield with_length(address, str(ipaddress.IPv4Address(int(mask, 16))))
    for address, length in re.findall(r"^\s+inet6 ([^\s%]+)\S* prefixlen (\d+)", block, re.MULTILINE):
        yield f"{address}/{length}"


def scutil(text: str) -> tuple[tuple[Resolver, ...], tuple[str, ...]]:
    """Resolvers and search suffixes of `scutil --dns`; the part for scoped queries repeats them and is left out."""
    resolvers: list[Resolver] = []
    suffixes: list[str] = []
    for block in re.split(r"\nresolver #\d+", text.partition("DNS configuration (for scoped queries)")[0])[1:]:
        facts = re.findall(r"^\s*(\w+(?: \w+)?)(?:\[\d+\])?\s*:\s*(.+?)\s*$", block, re.MULTILINE)
        servers = tuple(value for key, value in facts if key == "nameserver")
        domain = next((value for key, value in facts if key == "domain"), "")
        device = next((re.sub(r".*\((.+)\)", r"\1", value) for key, value in facts if key == "if_index"), "")
        suffixes += [value for key, value in facts if key in ("search", "search domain")]
        if servers:
            resolvers.append(Resolver(servers, device, domain))
    return tuple(resolvers), tuple(dict.fromkeys(suffixes))
