"""What each layer showed, in words, and what is worth saying beside the verdict. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mi_workbook.core.verdict import Verdict
from mi_workbook.evidence.probes.dns import DnsResult
from mi_workbook.evidence.probes.login import LOGIN_FAILED, LoginResult
from mi_workbook.evidence.probes.outcome import AddressClass, Outcome, address_class
from mi_workbook.evidence.probes.run import Probes
from mi_workbook.reach.names import SUFFIXES, ServerName, endpoint_of

SYMPTOMS = Path(__file__).with_name("probe_symptoms.toml")
LOGIN_PROVES = (LOGIN_FAILED, 4060, 916)


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


@cache
def symptoms() -> dict[str, dict[str, Any]]:
    """Every symptom by id, and `cautions`, as the data file has them."""
    return tomllib.loads(SYMPTOMS.read_text(encoding="utf-8"))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its {placeholders} filled."""
    for key, value in values.items():
        text = text.replace("{" + key + "}", value)
    return text


def suffix_of(host: str) -> str:
    """The suffix of SQL names that a host ends in, or ""."""
    return next((suffix for suffix in SUFFIXES if host.endswith(suffix)), "")


def lacks_zone(name: ServerName) -> bool:
    """True for the name of a logical server: nothing between the first label and the suffix."""
    suffix = suffix_of(name.host)
    return bool(suffix) and name.host.count(".") == suffix.count(".")


def is_instance_name(name: ServerName) -> bool:
    """True for a name in the form of an instance, with a DNS zone."""
    return bool(suffix_of(name.host)) and not lacks_zone(name)


def is_public(name: ServerName) -> bool:
    """True for a name of a public endpoint."""
    return endpoint_of(name) == "public"


def another_certificate(probes: Probes) -> bool:
    """True where the certificate shown is not one that this machine trusts for the name."""
    tds = probes.tds
    return tds is not None and not (tds.trusted and tds.name_matches)


def layers_of(probes: Probes) -> Iterator[Layer]:
    """What each layer showed, whatever the others did."""
    for result in probes.dns:
        yield Layer("name", _verdict(result.outcome, Outcome.RESOLVED), _names_say(result))
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
    return Verdict.UNKNOWN if outcome in (Outcome.CANCELLED, Outcome.FAILED, Outcome.UNAVAILABLE) else Verdict.BLOCKED


def _names_say(result: DnsResult) -> str:
    chain = "".join(f" > {link}" for link in result.chain)
    answers = ", ".join(f"{answer.address} ({answer.kind.value})" for answer in result.answers)
    return f"{result.name}{chain}: {answers or result.outcome.value} after {result.ms:g} ms ({result.server})"


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


def cautions_of(name: ServerName, probes: Probes) -> Iterator[Suspect]:
    """What is worth saying beside the path."""
    for key, detail in (*_name_cautions(name, probes), *_answer_cautions(name, probes), *_tls_cautions(probes)):
        entry = symptoms()["cautions"][key]
        yield Suspect(entry["fault"], fill(entry["says"], {"host": probes.host, "detail": detail}))


def _name_cautions(name: ServerName, probes: Probes) -> Iterator[tuple[str, str]]:
    if name.is_address:
        yield "address", ""
    if ".privatelink." in name.host:
        yield "privatelink", ""
    if lacks_zone(name) and (probes.by_system is None or probes.by_system.outcome is Outcome.RESOLVED):
        yield "no-zone", ""
    pinned = {entry.address for entry in probes.hosts.of(name.host)}
    asked = {address for result in probes.dns[1:] for address in result.addresses}
    if pinned and suffix_of(name.host):
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
    elif is_instance_name(name) and kinds and is_public(name) == (kinds != {AddressClass.PUBLIC}):
        yield ("public-to-private" if is_public(name) else "local-to-public"), ", ".join(seen)


def _tls_cautions(probes: Probes) -> Iterator[tuple[str, str]]:
    tds, strict = probes.tds, probes.tds8
    if tds is None or tds.outcome is not Outcome.ANSWERED:
        return
    if another_certificate(probes):
        problem = f" ({tds.trust_problem})" if tds.trust_problem else ""
        yield "certificate", tds.answered_by[:1].upper() + tds.answered_by[1:] + problem
    if strict is not None and strict.outcome not in (Outcome.ANSWERED, Outcome.CANCELLED):
        yield "strict", f"{strict.outcome.value} at step {strict.stage}"
