"""All probes for one server name, in the packet's order: name, TCP, TDS with TLS, and the login where it is wanted."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mi_workbook.evidence.hosts import HostsFile, read_hosts
from mi_workbook.evidence.probes.dns import DnsResult, ask_server, ask_system
from mi_workbook.evidence.probes.login import LoginResult, probe_login
from mi_workbook.evidence.probes.outcome import Outcome, never
from mi_workbook.evidence.probes.tcp import TcpResult, probe_tcp
from mi_workbook.evidence.probes.tds import TdsResult, probe_tds
from mi_workbook.evidence.probes.tds8 import probe_tds8

FORMAT = "mi-workbook/probe/1"
MOST_ADDRESSES = 4
DNS_PORT = 53


@dataclass(frozen=True, slots=True)
class Probes:
    """Everything that was asked for one name and port. `at`: when it began, ISO 8601."""

    host: str
    port: int
    at: str
    hosts: HostsFile
    dns: tuple[DnsResult, ...] = ()
    tcp: tuple[TcpResult, ...] = ()
    tds: TdsResult | None = None
    tds8: TdsResult | None = None
    login: LoginResult | None = None

    @property
    def by_system(self) -> DnsResult | None:
        """What this machine's own resolver said, None where the host is an address."""
        return self.dns[0] if self.dns else None


@dataclass(frozen=True, slots=True)
class Wishes:
    """How to probe. servers: DNS servers to ask beside the system, as "address" or "address#port". login: consent."""

    servers: tuple[str, ...] = ()
    login: bool = False
    timeout: float = 10.0
    hosts_file: Path | None = None


def run(host: str, port: int, wishes: Wishes, cancelled: Callable[[], bool] = never) -> Probes:
    """Probe layer by layer; a layer is asked only where the one before it let it through."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    hosts = read_hosts(wishes.hosts_file, also=(host,))
    names = () if is_address(host) else _names(host, wishes, cancelled)
    addresses = (names[0].addresses if names else (host,))[:MOST_ADDRESSES]
    tcp = tuple(probe_tcp(address, port, wishes.timeout, cancelled) for address in addresses)
    address = next((result.address for result in tcp if result.outcome is Outcome.OPEN), "")
    if not address:
        return Probes(host, port, at, hosts, names, tcp)
    tds = probe_tds(address, port, host, wishes.timeout, cancelled)
    tds8 = None
    if tds.outcome not in (Outcome.SILENT, Outcome.CANCELLED):
        tds8 = probe_tds8(address, port, host, wishes.timeout, cancelled)
    login = None
    if wishes.login and tds.outcome is Outcome.ANSWERED:
        login = probe_login(address, port, host, wishes.timeout, cancelled, consent=True)
    return Probes(host, port, at, hosts, names, tcp, tds, tds8, login)


def is_address(host: str) -> bool:
    """True for an IP literal."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _names(host: str, wishes: Wishes, cancelled: Callable[[], bool]) -> tuple[DnsResult, ...]:
    asked = [ask_system(host, wishes.timeout, cancelled)]
    for server in dict.fromkeys(wishes.servers):
        address, _, port = server.partition("#")
        asked.append(ask_server(host, address, wishes.timeout, cancelled, port=int(port or DNS_PORT)))
    return tuple(asked)


def observations(probes: Probes) -> list[dict[str, Any]]:
    """The results as observations of a snapshot (one for each probe): kind, about, at, format, value."""
    about = f"{probes.host},{probes.port}"
    found: list[tuple[str, Any]] = [("hosts-file", probes.hosts)]
    found += [("probe-dns", result) for result in probes.dns]
    found += [("probe-tcp", result) for result in probes.tcp]
    found += [("probe-tds", result) for result in (probes.tds, probes.tds8) if result]
    found += [("probe-login", probes.login)] if probes.login else []
    return [
        {"kind": kind, "about": about, "at": probes.at, "format": FORMAT, "value": plain_value(asdict(value))}
        for kind, value in found
    ]


def plain_value(value: Any) -> Any:
    """The same with JSON's own types: tuples as lists, words of an enumeration as text."""
    if isinstance(value, dict):
        return {key: plain_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(inner) for inner in value]
    return str(value) if isinstance(value, str) else value
