"""Probe results set side by side: which layer fails, who is suspected, which test comes next. Pure.

Sources: faults catalogue, its table "error, class, first suspects"; "Connectivity architecture of SQL Managed
Instance", section "Communication overview" (1433, 3342), and "Connection types" (11000-11999 under Redirect).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mi_workbook.core.errors import InputError
from mi_workbook.core.verdict import Verdict
from mi_workbook.evidence.probes.dns import DnsResult
from mi_workbook.evidence.probes.login import LOGIN_FAILED, LoginResult
from mi_workbook.evidence.probes.outcome import AddressClass, Outcome, address_class, never
from mi_workbook.evidence.probes.run import Probes, Wishes, is_address, run
from mi_workbook.network.instance import NORMAL_PORT, PUBLIC_PORT
from mi_workbook.reach.names import SUFFIXES, ServerName, endpoint_of, read_name

SYMPTOMS = Path(__file__).with_name("probe_symptoms.toml")
LAYERS = ("name", "tcp", "tls", "redirect", "login")
PATIENCE = 3.0
LONGEST = 300.0
LOGIN_PROVES = (LOGIN_FAILED, 4060, 916)

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
class Suspect:
    """A fault of the catalogue that would look like this, and why."""

    fault: str
    why: str


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: its verdict, and what was seen in one sentence."""

    layer: str
    verdict: Verdict
    says: str


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


@cache
def symptoms() -> dict[str, dict[str, Any]]:
    """Every symptom by id, and `cautions`, as the data file has them."""
    return tomllib.loads(SYMPTOMS.read_text(encoding="utf-8"))


def judge(name: ServerName, probes: Probes) -> Judgement:
    """The verdict for a server name as it was typed, of what its probes saw."""
    cautions = tuple(_cautions(name, probes))
    met = _first(name, probes)
    layers = tuple(_layers(probes))
    if met is None:
        return Judgement(Verdict.REACHABLE, "", "", _good(probes), layers, (), "", cautions)
    if met.symptom == "cancelled":
        words = "It was stopped before there was an answer."
        return Judgement(Verdict.UNKNOWN, "", "cancelled", words, layers, (), "Run it again.", cautions)
    entry = symptoms()[met.symptom]
    values = {"host": probes.host, "port": str(probes.port), "address": _address(probes), "target": met.target}
    suspects = tuple(Suspect(s["fault"], _fill(s["why"], values)) for s in entry["suspects"])
    return Judgement(
        met.verdict or Verdict(entry["verdict"]), entry["layer"], met.symptom, _fill(entry["says"], values), layers,
        suspects, _fill(entry["next"], values), cautions,
    )  # fmt: skip


def _fill(text: str, values: Mapping[str, str]) -> str:
    for key, value in values.items():
        text = text.replace("{" + key + "}", value)
    return text


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
        return _Met(_NAME[result.outcome])
    if any(other.outcome is Outcome.RESOLVED for other in probes.dns[1:]):
        return _Met("name-nxdomain-here")
    if _lacks_zone(name):
        return _Met("name-no-zone")
    return _Met("name-nxdomain-public" if _is_instance_name(name) and _is_public(name) else "name-nxdomain")


def _suffix(host: str) -> str:
    return next((suffix for suffix in SUFFIXES if host.endswith(suffix)), "")


def _lacks_zone(name: ServerName) -> bool:
    suffix = _suffix(name.host)
    return bool(suffix) and name.host.count(".") == suffix.count(".")


def _is_instance_name(name: ServerName) -> bool:
    return bool(_suffix(name.host)) and not _lacks_zone(name)


def _is_public(name: ServerName) -> bool:
    return endpoint_of(name) == "public"


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
        return _Met(_wrong_port(name, probes.port) or _TCP[first.outcome])
    if first.waited < PATIENCE:
        return _Met("tcp-too-short")
    public = address_class(first.address) is AddressClass.PUBLIC
    return _Met(_wrong_port(name, probes.port) or ("tcp-timeout-public" if public else "tcp-timeout-private"))


def _wrong_port(name: ServerName, port: int) -> str:
    if not _is_instance_name(name):
        return ""
    if _is_public(name) and port != PUBLIC_PORT:
        return "tcp-wrong-port-public"
    return "tcp-wrong-port-private" if not _is_public(name) and port == PUBLIC_PORT else ""


def _tls_layer(name: ServerName, probes: Probes) -> _Met | None:
    result = probes.tds
    if result is None or result.outcome is Outcome.ANSWERED:
        return None
    if result.outcome is Outcome.CANCELLED:
        return _Met("cancelled")
    if result.stage == "tcp":
        return _Met("tcp-mixed")
    if result.outcome in (Outcome.SILENT, Outcome.TIMEOUT) and probes.tcp[0].waited < PATIENCE:
        return _Met("tls-silent", verdict=Verdict.UNKNOWN)
    return _Met(_TLS.get(result.outcome, "tls-cut"))


def _login_layer(name: ServerName, probes: Probes) -> _Met | None:
    """Without a login, Redirect is open wherever the name can be one of a VNet-local endpoint."""
    if probes.login is not None:
        return _of_login(probes.login)
    other = _another_certificate(probes)
    if _is_instance_name(name) and other:
        return _Met("tls-other-certificate")
    return _Met("redirect-untested") if _may_redirect(name, probes) else None


def _another_certificate(probes: Probes) -> bool:
    tds = probes.tds
    return tds is not None and not (tds.trusted and tds.name_matches)


def _may_redirect(name: ServerName, probes: Probes) -> bool:
    """Public and private endpoints are always Proxy. An address of this machine itself is no instance's."""
    if _is_instance_name(name):
        return not _is_public(name) and not _over_private_link(probes)
    names = probes.by_system
    led_to = any(_suffix(link) for result in probes.dns for link in result.chain)
    literal = names is None and address_class(probes.host) is not AddressClass.LOOPBACK
    return (led_to and not _over_private_link(probes)) or literal


def _over_private_link(probes: Probes) -> bool:
    """The chain leads through a privatelink name to a private address: the answer of a private endpoint's zone."""
    for result in probes.dns:
        if any(".privatelink." in f".{link}" for link in result.chain) and result.answers:
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


def _layers(probes: Probes) -> Iterator[Layer]:
    """What each layer showed, whatever the others did."""
    if probes.by_system is not None:
        yield Layer("name", _verdict(probes.by_system.outcome, Outcome.RESOLVED), _names_say(probes.by_system))
    for tcp in probes.tcp:
        says = f"{tcp.address} port {tcp.port}: {tcp.outcome.value} after {tcp.ms:g} ms"
        yield Layer(
            "tcp", _verdict(tcp.outcome, Outcome.OPEN), says + (f", sent from {tcp.local}" if tcp.local else "")
        )
    if probes.tds:
        yield Layer("tls", _verdict(probes.tds.outcome, Outcome.ANSWERED), _tls_says(probes))
    if probes.login:
        yield from _login_layers(probes.login)


def _verdict(outcome: Outcome, good: Outcome) -> Verdict:
    if outcome is good:
        return Verdict.REACHABLE
    return Verdict.UNKNOWN if outcome in (Outcome.CANCELLED, Outcome.FAILED) else Verdict.BLOCKED


def _names_say(result: DnsResult) -> str:
    chain = "".join(f" > {link}" for link in result.chain)
    answers = ", ".join(f"{answer.address} ({answer.kind.value})" for answer in result.answers)
    return f"{result.name}{chain}: {answers or result.outcome.value} after {result.ms:g} ms"


def _tls_says(probes: Probes) -> str:
    tds = probes.tds
    assert tds is not None
    if tds.outcome is not Outcome.ANSWERED:
        return f"{tds.outcome.value} at step {tds.stage} after {tds.ms:g} ms. {tds.detail}".rstrip()
    return f"{tds.tls_version} after {tds.ms:g} ms with {tds.answered_by}"


def _login_layers(login: LoginResult) -> Iterator[Layer]:
    for target, hop in zip(login.redirected_to, login.hops[1:], strict=False):
        says = f"sent on to {target}: {hop.outcome.value} at step {hop.stage} after {hop.ms:g} ms"
        yield Layer("redirect", _verdict(hop.outcome, Outcome.ANSWERED), says)
    if login.outcome is not Outcome.REDIRECT_FAILED:
        number = f"error {login.error_number}: {login.error_text}" if login.error_number else login.outcome.value
        good = login.outcome is Outcome.DENIED or login.error_number in LOGIN_PROVES
        rest = Verdict.BLOCKED if login.outcome is Outcome.SQL_ERROR else _verdict(login.outcome, Outcome.DENIED)
        yield Layer("login", Verdict.REACHABLE if good else rest, number)


def _cautions(name: ServerName, probes: Probes) -> Iterator[Suspect]:
    """What is worth saying beside the path."""
    for key, detail in (*_name_cautions(name, probes), *_answer_cautions(name, probes), *_tls_cautions(probes)):
        entry = symptoms()["cautions"][key]
        yield Suspect(entry["fault"], _fill(entry["says"], {"host": probes.host, "detail": detail}))


def _name_cautions(name: ServerName, probes: Probes) -> Iterator[tuple[str, str]]:
    if name.is_address:
        yield "address", ""
    if ".privatelink." in name.host:
        yield "privatelink", ""
    if _lacks_zone(name) and (probes.by_system is None or probes.by_system.outcome is Outcome.RESOLVED):
        yield "no-zone", ""
    pinned = {entry.address for entry in probes.hosts.of(name.host)}
    asked = {address for result in probes.dns[1:] for address in result.addresses}
    if pinned and _suffix(name.host):
        yield ("hosts-differs" if asked and not pinned <= asked else "hosts-pinned"), ", ".join(sorted(pinned))


def _answer_cautions(name: ServerName, probes: Probes) -> Iterator[tuple[str, str]]:
    answers = {result.server: set(result.addresses) for result in probes.dns if result.outcome is Outcome.RESOLVED}
    if len({frozenset(found) for found in answers.values()}) > 1:
        yield "answers-differ", "; ".join(f"{server} says {', '.join(sorted(a))}" for server, a in answers.items())
    for result in probes.dns[1:]:
        if result.outcome in (Outcome.TIMEOUT, Outcome.REFUSED, Outcome.UNREACHABLE):
            yield "dns-server-down", result.server
    seen = probes.by_system.addresses if probes.by_system else ()
    kinds = {address_class(address) for address in seen}
    if len(kinds) > 1:
        yield "mixed-classes", ", ".join(seen)
    elif _is_instance_name(name) and kinds and _is_public(name) == (kinds != {AddressClass.PUBLIC}):
        yield ("public-to-private" if _is_public(name) else "local-to-public"), ", ".join(seen)


def _tls_cautions(probes: Probes) -> Iterator[tuple[str, str]]:
    tds, strict = probes.tds, probes.tds8
    if tds is None or tds.outcome is not Outcome.ANSWERED:
        return
    if _another_certificate(probes):
        problem = f" ({tds.trust_problem})" if tds.trust_problem else ""
        yield "certificate", tds.answered_by[:1].upper() + tds.answered_by[1:] + problem
    if strict is not None and strict.outcome not in (Outcome.ANSWERED, Outcome.CANCELLED):
        yield "strict", f"{strict.outcome.value} at step {strict.stage}"


def probe(
    typed: str,
    *,
    servers: Iterable[str] = (),
    timeout: float = 10.0,
    login: bool = False,
    cancelled: Callable[[], bool] = never,
) -> tuple[ServerName, Probes]:
    """Probe a server name as the application has it; the port is 1433 unless given, as drivers take it.

    Raises InputError for a name, server or time
    that cannot be used.
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
    return name, run(host, port, Wishes(tuple(_server(server) for server in servers), login, timeout), cancelled)


def _server(text: str) -> str:
    address, _, port = text.partition("#")
    if not is_address(address) or (port and not (port.isdigit() and 0 < int(port) < 65536)):
        raise InputError(f"'{text[:80]}' is no DNS server.", remedy="Give its address, as in --dns 168.63.129.16")
    return text
