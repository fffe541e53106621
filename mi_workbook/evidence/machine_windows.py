"""Routes, addresses and DNS of a Windows machine, by PowerShell's own objects as JSON: no display language matters.

Where PowerShell is not allowed, `route print -4` gives the routes; it is read by shape, never by its words.
Source: Get-NetRoute (the metrics of route and interface are added), Get-NetIPAddress, Get-DnsClientServerAddress,
Get-DnsClientNrptPolicy (names that a VPN client sends to servers of its own).
"""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

from mi_workbook.evidence.machine import Interface, Machine, Problems, Resolver, Route, interface

SCRIPT = """
$ErrorActionPreference = 'SilentlyContinue'
[Console]::OutputEncoding = [Text.Encoding]::UTF8
@{
 routes = @(Get-NetRoute | Select-Object DestinationPrefix, NextHop, InterfaceAlias, RouteMetric, InterfaceMetric)
 addresses = @(Get-NetIPAddress | Select-Object IPAddress, PrefixLength, InterfaceAlias)
 adapters = @(Get-NetAdapter -IncludeHidden | Select-Object Name, InterfaceDescription, @{n='Up';e={$_.Status -eq 'Up'}}, MtuSize)
 links = @(Get-NetIPInterface | Select-Object InterfaceAlias, InterfaceMetric, NlMtu, @{n='Up';e={"$($_.ConnectionState)" -eq 'Connected'}})
 servers = @(Get-DnsClientServerAddress | Select-Object InterfaceAlias, ServerAddresses)
 suffixes = @((Get-DnsClientGlobalSetting).SuffixSearchList) + @((Get-DnsClient).ConnectionSpecificSuffix)
 nrpt = @(Get-DnsClientNrptPolicy -Effective | Select-Object Namespace, NameServers)
} | ConvertTo-Json -Depth 4 -Compress
"""
ROW = re.compile(r"^\s*(\d+(?:\.\d+){3})\s+(\d+(?:\.\d+){3})\s+(\S.*?)\s+(\d+(?:\.\d+){3})\s+(\d+)\s*$")


START = re.compile(r"^\s*\d+(?:\.\d+){3}\s+\d+(?:\.\d+){3}(\s|$)")
KEPT = re.compile(r"^\s*(?:\d+(?:\.\d+){3}\s+){3}\S+\s*$")


def read(problems: Problems) -> Machine:
    """This machine."""
    shell = ("powershell.exe", "-NoProfile", "-NonInteractive", "-Command", SCRIPT)
    text = problems.run(*shell)
    try:
        return machine_of(json.loads(text)) if text.strip() else _by_route_print(problems)
    except (ValueError, TypeError, AttributeError):
        problems.found.append("PowerShell printed no JSON that is understood.")
        return _by_route_print(problems)


def _by_route_print(problems: Problems) -> Machine:
    text = problems.run("route", "print", "-4")
    lost = unread(text)
    if lost:
        problems.found.append(f"{len(lost)} lines of route print were not understood, the first: {lost[0].strip()}")
    return Machine("windows", routes=route_print(text))


def machine_of(found: dict[str, Any]) -> Machine:
    """The machine of the script's JSON."""
    return Machine(
        "windows", routes=tuple(_route(row) for row in _rows(found, "routes")), interfaces=_interfaces(found),
        resolvers=tuple(_resolvers(found)), suffixes=_texts(found.get("suffixes")),
    )  # fmt: skip


def _rows(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """PowerShell 5 writes a list of one, or an empty one, in several ways."""
    value = found.get(name)
    listed = value.get("value", [value]) if isinstance(value, dict) else value or []
    return [row for row in listed if isinstance(row, dict)]


def _texts(value: Any) -> tuple[str, ...]:
    listed = value.get("value", []) if isinstance(value, dict) else [value] if isinstance(value, str) else value or []
    return tuple(dict.fromkeys(str(text) for text in listed if text))


def _route(row: dict[str, Any]) -> Route:
    gateway = str(row.get("NextHop") or "")
    total = int(row.get("RouteMetric") or 0) + int(row.get("InterfaceMetric") or 0)
    prefix = str(ipaddress.ip_network(str(row["DestinationPrefix"]).partition("%")[0], strict=False))
    return Route(prefix, "" if gateway in {"0.0.0.0", "::"} else gateway, str(row.get("InterfaceAlias") or ""), total)


def _interfaces(found: dict[str, Any]) -> tuple[Interface, ...]:
    """VPN connections of the system itself have no adapter: they show among the links only."""
    adapters = {str(row.get("Name")): row for row in _rows(found, "adapters")}
    links = {str(row.get("InterfaceAlias")): row for row in _rows(found, "links")}
    addresses: dict[str, list[str]] = {}
    for row in _rows(found, "addresses"):
        bare = str(row.get("IPAddress")).partition("%")[0]
        addresses.setdefault(str(row.get("InterfaceAlias")), []).append(f"{bare}/{row.get('PrefixLength')}")
    return tuple(
        interface(
            name, up=bool((adapters.get(name) or links.get(name) or {}).get("Up")), addresses=addresses.get(name, []),
            description=str(adapters.get(name, {}).get("InterfaceDescription") or ""),
            mtu=(links.get(name) or {}).get("NlMtu"),
            tunnel=bool(adapters) and name in links and name not in adapters and not name.startswith("Loopback"),
        )
        for name in dict.fromkeys([*addresses, *adapters])
    )  # fmt: skip


def _resolvers(found: dict[str, Any]) -> list[Resolver]:
    rows = [(_texts(row.get("ServerAddresses")), str(row.get("InterfaceAlias"))) for row in _rows(found, "servers")]
    resolvers = [Resolver(servers, name) for servers, name in rows if servers]
    for row in _rows(found, "nrpt"):
        servers = _texts(row.get("NameServers"))
        resolvers += [Resolver(servers, "NRPT", domain.lstrip(".")) for domain in _texts(row.get("Namespace"))]
    return resolvers


def unread(text: str) -> list[str]:
    """Lines that begin like a route and are neither an active nor a persistent one (which names no interface)."""
    return [line for line in text.splitlines() if START.match(line) and not (ROW.match(line) or KEPT.match(line))]


def route_print(text: str) -> tuple[Route, ...]:
    """Active IPv4 rows of `route print -4`: address, mask, gateway or words for "on the link", interface, metric."""
    found = []
    for line in text.splitlines():
        match = ROW.match(line)
        if match:
            target, mask, gateway, at, metric = match.groups()
            try:
                prefix = str(ipaddress.ip_network(f"{target}/{mask}"))
            except ValueError:
                continue
            here = "" if not re.fullmatch(r"[\d.]+", gateway) else gateway
            found.append(Route(prefix, here, at, int(metric), source=at))
    return tuple(found)
