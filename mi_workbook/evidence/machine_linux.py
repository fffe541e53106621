"""Routes, addresses and DNS of a Linux machine: `ip -j`, /etc/resolv.conf, resolvectl where systemd-resolved runs.

Source: ip-route(8), ip-rule(8), resolv.conf(5), resolvectl(1).
"""

from __future__ import annotations

import ipaddress
import json
import shutil
import struct
from collections.abc import Iterator
from typing import Any

from mi_workbook.evidence.machine import Interface, Machine, Problems, Resolver, Route, interface

USUAL_RULES = {(0, "local"), (32766, "main"), (32767, "default")}
STUB = "127.0.0.53"


def read(problems: Problems) -> Machine:
    """This machine. Without the command `ip`, the kernel's main table of IPv4 routes is read instead."""
    interfaces: tuple[Interface, ...] = ()
    rules: tuple[str, ...] = ()
    if shutil.which("ip"):
        routes = routes_of(_json(problems, "ip", "-j", "route", "show", "table", "all"))
        routes += routes_of(_json(problems, "ip", "-j", "-6", "route", "show", "table", "main"))
        rules = rules_of(_json(problems, "ip", "-j", "rule"))
        interfaces = interfaces_of(_json(problems, "ip", "-j", "-d", "addr"))
    else:
        problems.found.append("The command ip is missing: only IPv4 routes of the main table were read, no rules.")
        routes = proc_routes(problems.file("/proc/net/route"))
    servers, suffixes = resolv_conf(problems.file("/etc/resolv.conf"))
    resolvers: tuple[Resolver, ...] = (Resolver(servers),) if servers else ()
    if STUB in servers and shutil.which("resolvectl"):
        resolvers = resolvectl(problems.run("resolvectl", "dns"), problems.run("resolvectl", "domain")) or resolvers
    return Machine("linux", tuple(dict.fromkeys(routes)), interfaces, resolvers, suffixes, rules)


def _json(problems: Problems, *words: str) -> list[dict[str, Any]]:
    text = problems.run(*words)
    try:
        found = json.loads(text) if text.strip() else []
    except ValueError:
        problems.found.append(f"{' '.join(words)} printed no JSON.")
        return []
    return [row for row in found if isinstance(row, dict) and row]


def routes_of(rows: list[dict[str, Any]]) -> tuple[Route, ...]:
    """Rows of `ip -j route`; a route of several next hops becomes several rows. Multicast is left out."""
    return tuple(route for row in rows for route in _route(row))


def _route(row: dict[str, Any]) -> Iterator[Route]:
    kind = str(row.get("type", "unicast"))
    target = str(row.get("dst", ""))
    if kind == "multicast" or not target:
        return
    first = [row, *row.get("nexthops", [])]
    via = row.get("via", {}).get("host", "") if isinstance(row.get("via"), dict) else ""
    gateways = [str(hop.get("gateway", via)) for hop in first]
    six = ":" in target or any(":" in gateway for gateway in gateways)
    for hop, gateway in list(zip(first, gateways, strict=True))[1 if row.get("nexthops") else 0 :]:
        yield Route(
            prefix_of(target, six=six), gateway, str(hop.get("dev", "")), row.get("metric"),
            str(row.get("prefsrc", "")), kind, str(row.get("table", "main")),
        )  # fmt: skip


def prefix_of(text: str, *, six: bool) -> str:
    """ "default", an address or a prefix, as a prefix."""
    return ("::/0" if six else "0.0.0.0/0") if text == "default" else str(ipaddress.ip_network(text, strict=False))


def rules_of(rows: list[dict[str, Any]]) -> tuple[str, ...]:
    """Policy rules beside the usual three, in words."""
    unusual = [row for row in rows if (row.get("priority"), row.get("table")) not in USUAL_RULES]
    return tuple(" ".join(f"{key} {value}" for key, value in row.items() if value is not None) for row in unusual)


def interfaces_of(rows: list[dict[str, Any]]) -> tuple[Interface, ...]:
    """Rows of `ip -j -d addr`."""
    return tuple(
        interface(
            str(row.get("ifname", "")), up="UP" in row.get("flags", []), mtu=row.get("mtu"),
            addresses=[f"{a['local']}/{a['prefixlen']}" for a in row.get("addr_info", []) if "local" in a],
            description=str(row.get("linkinfo", {}).get("info_kind", "")),
            tunnel=row.get("link_type") == "none" or "POINTOPOINT" in row.get("flags", []),
        )
        for row in rows
    )  # fmt: skip


def proc_routes(text: str) -> tuple[Route, ...]:
    """Rows of /proc/net/route: addresses as hexadecimal numbers in this machine's byte order; flag 1 is "up"."""
    found = []
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) > 7 and int(words[3], 16) & 1:
            target, gateway, mask = (_hexadecimal(words[at]) for at in (1, 2, 7))
            kind = "reject" if int(words[3], 16) & 0x200 else "unicast"
            prefix = str(ipaddress.ip_network(f"{target}/{mask}"))
            found.append(Route(prefix, "" if gateway == "0.0.0.0" else gateway, words[0], int(words[6]), kind=kind))
    return tuple(found)


def _hexadecimal(word: str) -> str:
    return str(ipaddress.IPv4Address(struct.pack("=I", int(word, 16))))


def resolv_conf(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Servers and search suffixes; of several `search` and `domain` lines the last counts."""
    servers: list[str] = []
    suffixes: list[str] = []
    for line in text.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            servers.append(words[1])
        elif words[:1] in (["search"], ["domain"]):
            suffixes = words[1:]
    return tuple(servers), tuple(suffixes)


def resolvectl(servers: str, domains: str) -> tuple[Resolver, ...]:
    """`resolvectl dns` and `resolvectl domain`, joined by link; a domain `~.` takes every name."""
    by_link = dict(_links(domains))
    found: list[Resolver] = []
    for link, listed in _links(servers):
        routed = [domain.removeprefix("~") for domain in by_link.get(link, []) if domain.startswith("~")]
        only = [domain for domain in routed if domain != "."]
        name = link.partition("(")[2].rstrip(")")
        if listed:
            found += [Resolver(tuple(listed), name, domain) for domain in only]
            found += [] if only and "." not in routed else [Resolver(tuple(listed), name)]
    return tuple(found)


def _links(text: str) -> Iterator[tuple[str, list[str]]]:
    for line in text.splitlines():
        head, found, rest = line.partition(":")
        if found:
            yield head.strip(), rest.split()
