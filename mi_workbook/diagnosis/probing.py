"""Probe results set side by side: which layer fails, who is suspected, which test comes next. Pure.

Sources: faults catalogue, its table "error, class, first suspects"; "Connectivity architecture of SQL Managed
Instance", section "Communication overview" (1433, 3342), and "Connection types" (11000-11999 under Redirect).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.core.evidence import Gap
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.probe_layers import (
    LOGIN_PROVES,
    Layer,
    Suspect,
    another_certificate,
    cautions_of,
    fill,
    is_instance_name,
    is_public,
    lacks_zone,
    layers_of,
    suffix_of,
    symptoms,
)  # fmt: skip
from mi_workbook.evidence.machine import Machine, chosen_route
from mi_workbook.evidence.probes.dns import system_servers
from mi_workbook.evidence.probes.login import LoginResult
from mi_workbook.evidence.probes.outcome import AddressClass, Outcome, address_class, never
from mi_workbook.evidence.probes.run import Probes, Wishes, is_address, run
from mi_workbook.network.instance import NORMAL_PORT, PUBLIC_PORT
from mi_workbook.reach.names import ServerName, read_name

PATIENCE = 3.0
LONGEST = 300.0

_NAME = {
    Outcome.TIMEOUT: "name-silent", Outcome.SERVER_FAILED: "name-failed", Outcome.NO_ADDRESS: "name-no-address",
    Outcome.FAILED: "name-failed",
}  # fmt: skip
_TCP = {
    Outcome.REFUSED: "tcp-refused", Outcome.UNREACHABLE: "tcp-unreachable", Outcome.FORBIDDEN: "tcp-forbidden",
    Outcome.RESET: "tcp-reset", Outcome.FAILED: "tcp-failed",
}  # fmt: skip
_TLS = {
    Outcome.SILENT: "tls-silent", Outcome.RESET: "tls-cut", Outcome.CLOSED: "tls-cut", Outcome.GARBAGE: "tls-not-sql",
    Outcome.NO_ENCRYPTION: "tls-not-sql", Outcome.TLS_FAILED: "tls-failed",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the probes say together. layer, symptom: "" where nothing stands in the way. cautions: beside the path."""

    verdict: Verdict
    layer: str
    symptom: str
    headline: str
    layers: tuple[Layer, ...]
    suspects: tuple[Suspect, ...]
    next_test: str
    cautions: tuple[Suspect, ...]


@dataclass(frozen=True, slots=True)
class _Met:
    """A symptom and the value that fills {target}."""

    symptom: str
    target: str = ""
    verdict: Verdict | None = None


def judge(name: ServerName, probes: Probes, machine: Machine | None = None) -> Judgement:
    """The verdict for a server name as it was typed, of what its probes saw; `machine` clears suspects of the way."""
    cautions = tuple(cautions_of(name, probes))
    met = _first(name, probes)
    seen = tuple(layers_of(probes))
    names = sum(one.layer == "name" for one in seen)
    layers = (*seen[:names], *_way(probes, machine), *seen[names:])
    if met is None:
        return Judgement(Verdict.REACHABLE, "", "", _good(probes), layers, (), "", cautions)
    if met.symptom == "cancelled":
        words = "It was stopped before there was an answer."
        return Judgement(Verdict.UNKNOWN, "", "cancelled", words, layers, (), "Run it again.", cautions)
    entry = symptoms()[met.symptom]
    values = {"host": probes.host, "port": str(probes.port), "address": _address(probes), "target": met.target}
    cleared = _cleared(machine)
    suspects = tuple(
        Suspect(s["fault"], fill(s["why"], values)) for s in entry["suspects"] if s["fault"] not in cleared
    )
    return Judgement(
        met.verdict or Verdict(entry["verdict"]), entry["layer"], met.symptom, fill(entry["says"], values), layers,
        suspects, fill(entry["next"], values), cautions,
    )  # fmt: skip


def _cleared(machine: Machine | None) -> frozenset[str]:
    """Faults that this machine's own interfaces rule out: without a VPN there is no stale route of one."""
    if machine is None or not machine.interfaces or machine.vpns:
        return frozenset()
    return frozenset({"p2s-route-missing", "p2s-package-stale", "dns-p2s-nrpt"})


def _way(probes: Probes, machine: Machine | None) -> tuple[Layer, ...]:
    """The route this machine takes to the address, and which VPNs are up; a fact, never a block of its own."""
    address = _address(probes)
    if machine is None or not machine.routes or not address:
        return ()
    choice = chosen_route(machine, address)
    vpns = ", ".join(one.name for one in machine.vpns) or "none"
    if choice.route is None:
        return (Layer("route", Verdict.UNKNOWN, f"{choice.why} VPN interfaces up: {vpns}"),)
    by = f"by {choice.route.gateway}" if choice.route.gateway else "directly"
    says = f"{choice.route.prefix} {by} on {choice.route.interface}. VPN interfaces up: {vpns}"
    return (Layer("route", Verdict.REACHABLE, says),)


def _address(probes: Probes) -> str:
    chosen = probes.tds.address if probes.tds else ""
    return chosen or (probes.tcp[0].address if probes.tcp else "")


def _first(name: ServerName, probes: Probes) -> _Met | None:
    """The first layer that does not let it on, in the packet's order."""
    if name.instance:
        return _Met("name-instance")
    for layer in (_name_layer, _tcp_layer, _tls_layer, _login_layer):
        met = layer(name, probes)
        if met is not None:
            return met
    return None


def _name_layer(name: ServerName, probes: Probes) -> _Met | None:
    result = probes.by_system
    if result is None or result.outcome is Outcome.RESOLVED:
        return None
    if result.outcome is Outcome.CANCELLED:
        return _Met("cancelled")
    if result.outcome is not Outcome.NXDOMAIN:
        return _Met(_NAME.get(result.outcome, "name-failed"))
    if any(other.outcome is Outcome.RESOLVED for other in probes.dns[1:]):
        return _Met("name-nxdomain-here")
    if lacks_zone(name):
        return _Met("name-no-zone")
    return _Met("name-nxdomain-public" if is_instance_name(name) and is_public(name) else "name-nxdomain")


def _tcp_layer(name: ServerName, probes: Probes) -> _Met | None:
    failed = [result for result in probes.tcp if result.outcome is not Outcome.OPEN]
    if not failed:
        return None
    if any(result.outcome is Outcome.CANCELLED for result in failed):
        return _Met("cancelled")
    if len(failed) < len(probes.tcp):
        return _Met("tcp-mixed")
    first = failed[0]
    if first.outcome is not Outcome.TIMEOUT:
        local = first.outcome in (Outcome.FORBIDDEN, Outcome.UNREACHABLE)
        return _Met(("" if local else _wrong_port(name, probes.port)) or _TCP.get(first.outcome, "tcp-failed"))
    if first.waited < PATIENCE:
        return _Met("tcp-too-short")
    public = address_class(first.address) is AddressClass.PUBLIC
    return _Met(_wrong_port(name, probes.port) or ("tcp-timeout-public" if public else "tcp-timeout-private"))


def _wrong_port(name: ServerName, port: int) -> str:
    if not is_instance_name(name):
        return ""
    if is_public(name) and port != PUBLIC_PORT:
        return "tcp-wrong-port-public"
    return "tcp-wrong-port-private" if not is_public(name) and port == PUBLIC_PORT else ""


def _tls_layer(name: ServerName, probes: Probes) -> _Met | None:
    result = probes.tds
    if result is None or result.outcome is Outcome.ANSWERED:
        return None
    if result.outcome is Outcome.CANCELLED:
        return _Met("cancelled")
    if result.stage == "tcp":
        return _Met("tcp-unsteady")
    if result.outcome in (Outcome.SILENT, Outcome.TIMEOUT) and probes.tcp[0].waited < PATIENCE:
        return _Met("tls-silent", verdict=Verdict.UNKNOWN)
    return _Met(_TLS.get(result.outcome, "tls-cut"))


def _login_layer(name: ServerName, probes: Probes) -> _Met | None:
    """Without a login, Redirect is open wherever the name can be one of a VNet-local endpoint."""
    if probes.login is not None:
        return _of_login(probes.login)
    other = another_certificate(probes)
    if is_instance_name(name) and other:
        return _Met("tls-other-certificate")
    return _Met("redirect-untested") if _may_redirect(name, probes) else None


def _may_redirect(name: ServerName, probes: Probes) -> bool:
    """Public and private endpoints are always Proxy. An address of this machine itself is no instance's."""
    if is_instance_name(name):
        return not is_public(name) and not _over_private_link(probes)
    names = probes.by_system
    led_to = any(suffix_of(link) for result in probes.dns for link in result.chain)
    literal = names is None and address_class(probes.host) is not AddressClass.LOOPBACK
    return (led_to and not _over_private_link(probes)) or literal


def _over_private_link(probes: Probes) -> bool:
    """The chain ends in a privatelink name with a private address: the answer of a private endpoint's own zone.

    Where the zone is not seen, the public answer passes the same name and goes on to the VNet-local one.
    """
    for result in probes.dns:
        if result.chain and ".privatelink." in result.chain[-1] and result.answers:
            addresses = set(probes.by_system.addresses if probes.by_system else ())
            kinds = {answer.kind for answer in result.answers}
            return kinds == {AddressClass.PRIVATE} and addresses == set(result.addresses)
    return False


def _of_login(login: LoginResult) -> _Met | None:
    last, target = login.stopped_at, login.redirected_to[-1] if login.redirected_to else ""
    if login.outcome is Outcome.DENIED or login.error_number in LOGIN_PROVES:
        return None
    if login.outcome is Outcome.CANCELLED:
        return _Met("cancelled")
    if login.outcome is Outcome.ACCEPTED:
        return _Met("login-accepted")
    if login.outcome is Outcome.SQL_ERROR:
        return _Met(_by_error(login.error_number))
    if login.outcome is not Outcome.REDIRECT_FAILED:
        return _Met("login-cut") if last.stage == "login" else _Met("tls-cut", verdict=Verdict.UNKNOWN)
    if last.outcome is Outcome.ANSWERED:
        return _Met("redirect-circle", target)
    symptom = {"name": "redirect-name", "tcp": "redirect-tcp"}.get(last.stage, "redirect-cut")
    if (
        symptom == "redirect-cut" and last.outcome is Outcome.SILENT
    ):  # the port opened; who is slow there or here is not shown
        return _Met(symptom, target, verdict=Verdict.UNKNOWN)
    return _Met(symptom, target)


def _by_error(number: int | None) -> str:
    return next((s for s, entry in symptoms().items() if number in entry.get("errors", ())), "login-other-error")


def _good(probes: Probes) -> str:
    if probes.login and probes.login.redirected_to:
        return f"{probes.host},{probes.port} is reachable from here, also over Redirect to " + ", ".join(
            probes.login.redirected_to
        )
    if probes.login:
        return f"{probes.host},{probes.port} is reachable from here: the login itself was answered, without Redirect."
    return f"{probes.host},{probes.port} is reachable from here, up to TLS. No login was tried."


def probe(
    typed: str,
    *,
    servers: Iterable[str] = (),
    timeout: float = 10.0,
    login: bool = False,
    cancelled: Callable[[], bool] = never,
) -> tuple[ServerName, Probes]:
    """Probe a server name as the application has it; the port is 1433 unless given, as drivers take it.

    servers: DNS servers to ask beside the system's resolver; without any, those this machine is set to.

    Raises InputError for a name, server or time that cannot be used, MissingEvidence
    where the user stops it with Ctrl+C.
    """
    name = read_name(typed)
    host = name.host.removeprefix("[").removesuffix("]")
    labels = host.split(".")
    if not is_address(host) and (len(host) > 253 or not all(re.fullmatch(r"[\w-]{1,63}", label) for label in labels)):
        raise InputError(f"'{typed[:80]}' is no server name.", remedy="Write it as FQDN or FQDN,PORT.")
    port = NORMAL_PORT if name.port is None else name.port
    if not 0 < port < 65536:
        raise InputError(f"{port} is no port.", remedy="Ports are 1 to 65535; 1433, or 3342 for a public endpoint.")
    if not 0 < timeout <= LONGEST:
        raise InputError(f"--timeout {timeout:g} is not usable.", remedy=f"Give 1 to {LONGEST:g} seconds.")
    asked = tuple(_server(server) for server in servers) or system_servers()
    try:
        return name, run(host, port, Wishes(asked, login, timeout), cancelled)
    except KeyboardInterrupt:
        gap = Gap(f"What answers at {host},{port}", "The probe was stopped.", "Run it again and let it end.")
        raise MissingEvidence(gap) from None


def _server(text: str) -> str:
    address, _, port = text.partition("#")
    if not is_address(address) or (port and not (port.isdigit() and 0 < int(port) < 65536)):
        raise InputError(f"'{text[:80]}' is no DNS server.", remedy="Give its address, as in --dns 168.63.129.16")
    return text
