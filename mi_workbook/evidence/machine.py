"""This machine as the first hop: its routes, addresses, DNS servers, search suffixes, VPN interfaces, hosts file.

Read with the system's own files and read-only commands, without administrator rights; psutil (extra `probe`) names
the interfaces where the system's commands did not. What could not be read is in `problems`, never an empty list
that looks like a fact.
"""

from __future__ import annotations

import ipaddress
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from mi_workbook.evidence.hosts import HostsFile, read_hosts

FORMAT = "mi-workbook/machine/1"
ABOUT = "this-machine"
PATIENCE = 20.0
VPN_NAMES = re.compile(
    r"^(tun|tap|utun|ppp|wg|ipsec|gpd|cscotun|nordlynx|tailscale|zt|vti|xfrm)\d*(?![a-z])|wireguard|openvpn|tap-windows|wintun|"
    r"anyconnect|globalprotect|pangp|fortinet|fortissl|juniper|pulse secure|zscaler|check point|sonicwall|azure ?vpn|"
    r"wan miniport|\bvpn\b",
    re.IGNORECASE,
)
ENDS = frozenset({"blackhole", "unreachable", "prohibit", "reject"})


@dataclass(frozen=True, slots=True)
class Route:
    """One row of a routing table.

    prefix: "10.4.0.0/16"; gateway: "" where it is on the link; metric: the system's own total, lower wins (None: it
    has none); kind: unicast, local, broadcast, or a word of ENDS; table: Linux only; scoped: macOS, only for sockets
    that ask for this interface.
    """

    prefix: str
    gateway: str
    interface: str
    metric: int | None = None
    source: str = ""
    kind: str = "unicast"
    table: str = "main"
    scoped: bool = False

    @property
    def length(self) -> int:
        """Bits of the prefix."""
        return int(self.prefix.rpartition("/")[2])


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface, its addresses with their prefix length, and why it looks like a VPN ("" where it does not)."""

    name: str
    up: bool | None
    addresses: tuple[str, ...] = ()
    description: str = ""
    mtu: int | None = None
    vpn: str = ""


@dataclass(frozen=True, slots=True)
class Resolver:
    """DNS servers. domain: only for names below it (split DNS, NRPT), "" for all names."""

    servers: tuple[str, ...]
    interface: str = ""
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """What was read. rules: policy rules beside the usual three (Linux); they can overrule the tables."""

    system: str
    routes: tuple[Route, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    resolvers: tuple[Resolver, ...] = ()
    suffixes: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    hosts: HostsFile | None = None
    problems: tuple[str, ...] = ()

    @property
    def dns_servers(self) -> tuple[str, ...]:
        """Servers for any name, in the system's order."""
        return tuple(dict.fromkeys(server for r in self.resolvers if not r.domain for server in r.servers))

    @property
    def vpns(self) -> tuple[Interface, ...]:
        """Interfaces that are up and look like a VPN."""
        return tuple(one for one in self.interfaces if one.vpn and one.up is not False)


class Problems:
    """What could not be read, collected while the rest goes on."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def run(self, *words: str) -> str:
        """Output of a read-only command, "" and a problem where it fails."""
        try:
            done = subprocess.run(
                words, capture_output=True, timeout=PATIENCE, check=False, stdin=subprocess.DEVNULL,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            self.found.append(f"{words[0]} could not be run: {type(error).__name__}.")
            return ""
        text = done.stdout.decode("utf-8", "replace")
        if done.returncode:
            said = (done.stderr.decode("utf-8", "replace").strip() or text.strip())[:200]
            self.found.append(f"{' '.join(words[:4])} ended with code {done.returncode}: {said}")
            return ""
        return text

    def file(self, path: str) -> str:
        """A file's text, "" and a problem where it cannot be read."""
        try:
            with open(path, encoding="utf-8", errors="replace") as stream:
                return stream.read()
        except OSError as error:
            self.found.append(f"{path} could not be read: {error.strerror}.")
            return ""


def read_machine(*, also: tuple[str, ...] = ()) -> Machine:
    """This machine now. `also`: names whose hosts file entries are wanted beside those of SQL instances."""
    problems = Problems()
    machine = _reader()(problems)
    if not machine.interfaces:
        machine = replace(machine, interfaces=_by_psutil(problems))
    if not machine.routes:
        problems.found.append("No route was read: nothing can be said about this machine's way to an address.")
    return replace(machine, hosts=read_hosts(also=also), problems=tuple(problems.found))


def _reader() -> Callable[[Problems], Machine]:
    if sys.platform == "win32":
        from mi_workbook.evidence.machine_windows import read
    elif sys.platform == "darwin":
        from mi_workbook.evidence.machine_macos import read
    else:
        from mi_workbook.evidence.machine_linux import read
    return read


def _by_psutil(problems: Problems) -> tuple[Interface, ...]:
    """Interfaces where the system's own commands did not tell them."""
    try:
        import psutil
    except ImportError:
        problems.found.append("Interfaces were not read. The extra helps: pip install 'mi-workbook[probe]'.")
        return ()
    states = psutil.net_if_stats()
    found = []
    for name, rows in psutil.net_if_addrs().items():
        shown = tuple(
            with_length(row.address, row.netmask) for row in rows if row.family.name in {"AF_INET", "AF_INET6"}
        )
        state = states.get(name)
        found.append(
            interface(name, up=state.isup if state else None, addresses=shown, mtu=state.mtu if state else None)
        )
    return tuple(found)


def with_length(address: str, netmask: str | None) -> str:
    """An address with its prefix length; alone where the mask is not known."""
    bare = address.partition("%")[0]
    try:
        return f"{bare}/{ipaddress.ip_network(f'{bare}/{netmask}', strict=False).prefixlen}" if netmask else bare
    except ValueError:
        return bare


def interface(
    name: str, *, up: bool | None, addresses: Iterable[str] = (), description: str = "", mtu: int | None = None,
    tunnel: bool = False,
) -> Interface:  # fmt: skip
    """An interface, with the reason where it looks like a VPN. One without an address carries nothing."""
    shown = tuple(addresses)
    match = VPN_NAMES.search(name) or VPN_NAMES.search(description)
    why = f"its name holds '{match[0]}'" if match else "it is a point-to-point tunnel" if tunnel else ""
    usable = any(not address.startswith(("fe80:", "169.254.")) for address in shown)
    return Interface(name, up, shown, description, mtu, why if usable else "")


@dataclass(frozen=True, slots=True)
class Choice:
    """The route that wins for an address, and each that lost, with the reason. route None: none, or not to be said."""

    route: Route | None
    why: str
    losers: tuple[tuple[Route, str], ...] = ()


def chosen_route(machine: Machine, address: str) -> Choice:
    """The route for an address as this machine's system chooses it: longest prefix, then lowest metric.

    Linux asks its table `local` first, then `main`; further policy rules can overrule them, and then no route is
    named. macOS leaves scoped routes to sockets that ask for them. Raises ValueError for what is no address.
    """
    wanted = ipaddress.ip_address(address)
    if machine.rules:
        return Choice(None, f"Policy rules decide here: {'; '.join(machine.rules)}. Ask: ip route get {address}")
    for table in ("local", "main", "default"):
        fitting = [r for r in machine.routes if r.table == table and not r.scoped and _holds(r.prefix, wanted)]
        if fitting:
            return _best(fitting)
    return Choice(None, f"No route of this machine holds {address}.")


def _holds(prefix: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    network = ipaddress.ip_network(prefix)
    return network.version == address.version and address in network


def _best(fitting: list[Route]) -> Choice:
    best, *others = sorted(fitting, key=lambda route: (-route.length, route.metric or 0))
    losers = tuple((other, _reason(best, other)) for other in others)
    ends = f", and it ends there ({best.kind})" if best.kind in ENDS else ""
    return Choice(best, f"{best.prefix} is the longest prefix that fits{ends}.", losers)


def _reason(best: Route, other: Route) -> str:
    if other.length < best.length:
        return f"/{other.length} is shorter than /{best.length}"
    if (other.metric or 0) > (best.metric or 0):
        return f"metric {other.metric} is higher than {best.metric or 0}"
    return "equal; the system takes either"


def observations(machine: Machine) -> list[dict[str, Any]]:
    """The machine as observations of a snapshot: routes, interfaces, DNS, hosts file; each with what was not read."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    parts: dict[str, Any] = {
        "machine-routes": {"routes": [asdict(route) for route in machine.routes], "rules": list(machine.rules)},
        "machine-interfaces": {"interfaces": [_listed(asdict(one)) for one in machine.interfaces]},
        "machine-dns": {
            "resolvers": [_listed(asdict(one)) for one in machine.resolvers], "suffixes": list(machine.suffixes),
        },
        "machine-hosts": {"hosts": _listed(asdict(machine.hosts)) if machine.hosts else None},
    }  # fmt: skip
    shared = {"system": machine.system, "problems": list(machine.problems)}
    return [
        {"kind": kind, "about": ABOUT, "at": at, "format": FORMAT, "value": {**shared, **part}}
        for kind, part in parts.items()
    ]


def _listed(value: dict[str, Any]) -> dict[str, Any]:
    return {key: list(inner) if isinstance(inner, tuple) else inner for key, inner in value.items()}
