"""Does a TDS server answer: pre-login and TLS handshake, which version, whose certificate.

TDS 7.x, as most drivers speak it: pre-login in clear, then TLS inside TDS packets. TDS 8.0 strict is in tds8.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mi_workbook.evidence.probes.certificate import Certificate
from mi_workbook.evidence.probes.outcome import Budget, Ended, Outcome, never
from mi_workbook.evidence.probes.session import Facts, opened
from mi_workbook.evidence.probes.stream import reason

WORDS: dict[Outcome, tuple[str, str]] = {
    Outcome.ANSWERED: (
        "A TDS server answers at this address and port, and TLS with it works from here.",
        "That it is the right instance, that the login works, and anything about Redirect: only a login shows whether "
        "the server sends the client on to ports 11000-11999.",
    ),
    Outcome.SILENT: (
        "The connection opens, but nothing answers TDS: a device on the way took the connection, or replies get lost.",
        "Which of them. Lost large packets (MTU), a reply on another way, and a proxy look the same from here.",
    ),
    Outcome.RESET: (
        "The connection opens and is then cut: a device that inspects TLS or SQL, or a server that refuses the client.",
        "Which of them cut it.",
    ),
    Outcome.CLOSED: (
        "The connection opens and the other side ends it politely before TLS is done.",
        "Why: a proxy without a way on, a server that refuses this client, or no SQL server at all.",
    ),
    Outcome.GARBAGE: (
        "Something answers that does not speak TDS: it is not a managed instance, or a device speaks in its name.",
        "Anything about the instance.",
    ),
    Outcome.NO_ENCRYPTION: (
        "A TDS server without encryption answers: a managed instance always offers it, so this is another server.",
        "Anything about the instance.",
    ),
    Outcome.TLS_FAILED: (
        "A TDS server answers, but both sides find no common TLS, or TLS is disturbed on the way.",
        "That every driver fails: each brings its own TLS versions and ciphers.",
    ),
    Outcome.CANCELLED: ("Nothing.", "It was stopped before an answer came."),
}
NOT_STRICT = (
    "TDS 8.0 (Encrypt=Strict) does not work at this address and port from here.",
    "That TDS 7.x, which most drivers speak, fails as well: see its own test.",
)
NOT_OPENED = (
    "The connection did not open a second time.",
    "Anything about TDS or TLS: see the test of the connection itself.",
)


@dataclass(frozen=True, slots=True)
class TdsResult:
    """One pre-login with TLS.

    stage: the last step it was in (tcp, pre-login, tls, done). steps: name and ms of each step. trusted: the chain
    leads to an authority this machine trusts (None: not seen). name_matches: the certificate is for the host asked.
    """

    address: str
    port: int
    host: str
    protocol: str
    outcome: Outcome
    stage: str
    ms: float
    steps: tuple[tuple[str, float], ...] = ()
    version: str = ""
    encryption: str = ""
    tls_version: str = ""
    cipher: str = ""
    certificate: Certificate | None = None
    trusted: bool | None = None
    trust_problem: str = ""
    name_matches: bool | None = None
    answered_by: str = ""
    detail: str = ""
    proves: str = ""
    does_not_prove: str = ""


def probe_tds(
    address: str, port: int, host: str, timeout: float = 15.0, cancelled: Callable[[], bool] = never
) -> TdsResult:
    """Pre-login and TLS at an address for a host name, as TDS 7.x has it. Never raises for what the network does."""
    return probe(address, port, host, Budget(timeout, cancelled), strict=False)


def probe(address: str, port: int, host: str, budget: Budget, *, strict: bool) -> TdsResult:
    """The same for both protocols. A certificate that is not trusted is looked at in a second connection."""
    import ssl

    facts, problem = Facts(), ""
    try:
        try:
            with opened(address, port, host, budget, facts, strict=strict, verify=True):
                pass
        except ssl.SSLCertVerificationError as error:
            problem, facts = reason(error), Facts(trusted=False)
            with opened(address, port, host, budget, facts, strict=strict, verify=False):
                pass
    except Ended as ended:
        return _result(address, port, host, budget, facts, ended, strict, problem)
    facts.stage = "done"
    return _result(address, port, host, budget, facts, Ended(Outcome.ANSWERED), strict, problem)


def _result(
    address: str, port: int, host: str, budget: Budget, facts: Facts, ended: Ended, strict: bool, problem: str
) -> TdsResult:
    matches = facts.certificate.covers(host) if facts.certificate else None
    return TdsResult(
        address, port, host, "8.0" if strict else "7.4", ended.outcome, facts.stage, budget.ms, tuple(facts.steps),
        facts.version, facts.encryption, facts.tls_version, facts.cipher, facts.certificate, facts.trusted, problem,
        matches, answered_by(facts, matches), ended.detail, *words(ended.outcome, facts.stage, strict=strict),
    )  # fmt: skip


def words(outcome: Outcome, stage: str, *, strict: bool) -> tuple[str, str]:
    """What it proves, and what it does not."""
    if strict and stage != "tcp" and outcome not in (Outcome.ANSWERED, Outcome.CANCELLED):
        return NOT_STRICT
    return NOT_OPENED if stage == "tcp" and outcome is not Outcome.CANCELLED else WORDS.get(outcome, NOT_OPENED)


def answered_by(facts: Facts, matches: bool | None) -> str:
    """Who answered, as far as its certificate tells."""
    shown = facts.certificate
    if shown is None:
        return f"a TDS server, version {facts.version}" if facts.version else ""
    if facts.trusted and matches:
        return f"a server with a trusted certificate for this name, issued by {shown.issuer}"
    names = ", ".join(shown.names[:5]) or shown.subject or "no name"
    whose = "for this name" if matches else f"for {names}, not for this name"
    trust = "trusted here" if facts.trusted else "not trusted here"
    return f"a server with a certificate {whose}, issued by {shown.issuer or 'nobody named'}, {trust}"
