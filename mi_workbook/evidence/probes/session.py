"""One TDS connection up to an encrypted line: TCP, pre-login, TLS, with the facts met on the way."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mi_workbook.evidence.probes import wire
from mi_workbook.evidence.probes.certificate import Certificate, read_certificate
from mi_workbook.evidence.probes.outcome import Budget, Ended, Outcome
from mi_workbook.evidence.probes.stream import SocketStream, Stream, TlsStream, reason
from mi_workbook.evidence.probes.tcp import connect, new_socket

if TYPE_CHECKING:
    import ssl

ALPN = "tds/8.0"


@dataclass(slots=True)
class Facts:
    """What one connection showed so far. steps: name and ms of each step; stage: the step it is in."""

    stage: str = "tcp"
    steps: list[tuple[str, float]] = field(default_factory=list)
    version: str = ""
    encryption: str = ""
    tls_version: str = ""
    cipher: str = ""
    certificate: Certificate | None = None
    trusted: bool | None = None
    trust_problem: str = ""


@contextmanager
def opened(
    address: str, port: int, host: str, budget: Budget, facts: Facts, *, strict: bool, verify: bool
) -> Iterator[Stream]:
    """An encrypted line to a TDS server. strict: TLS first (TDS 8.0). Raises Ended; SSLCertVerificationError."""
    sock = new_socket(address)
    with sock:
        with _step("tcp", facts, budget):
            connect(sock, address, port, budget)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain = SocketStream(sock, budget)
        if strict:
            secure = _secured(plain, host, budget, facts, strict=True, verify=verify)
            _prelogin(secure, wire.ENCRYPT_NOT_SUPPORTED, budget, facts)
        else:
            _prelogin(plain, wire.ENCRYPT_ON, budget, facts)
            secure = _secured(plain, host, budget, facts, strict=False, verify=verify)
        yield secure


@contextmanager
def _step(name: str, facts: Facts, budget: Budget) -> Iterator[None]:
    facts.stage = name
    before = budget.ms
    try:
        yield
    finally:
        facts.steps.append((name, round(budget.ms - before, 1)))


def _prelogin(line: Stream, encryption: int, budget: Budget, facts: Facts) -> None:
    """Under strict encryption the option says "not supported": TLS is there already and is not negotiated again."""
    with _step("pre-login", facts, budget):
        line.send(wire.packets(wire.PRELOGIN, wire.prelogin(encryption)))
        try:
            answer = wire.read_prelogin(line.message())
        except wire.NotTds as error:
            raise Ended(Outcome.GARBAGE, str(error)) from None
    facts.version = answer.version
    facts.encryption = wire.ENCRYPTION.get(answer.encryption & 0x1F, f"code {answer.encryption}")
    if encryption == wire.ENCRYPT_ON and answer.encryption == wire.ENCRYPT_NOT_SUPPORTED:
        raise Ended(Outcome.NO_ENCRYPTION, "The server answers TDS and offers no encryption.")


def _secured(plain: Stream, host: str, budget: Budget, facts: Facts, *, strict: bool, verify: bool) -> TlsStream:
    import ssl

    line = TlsStream(plain, _context(strict=strict, verify=verify), host, wrapped=not strict)
    with _step("tls", facts, budget):
        try:
            line.handshake()
        except ssl.SSLCertVerificationError:
            raise
        except ssl.SSLError as error:
            raise Ended(Outcome.TLS_FAILED, reason(error)) from None
    facts.tls_version = line.tls.version() or ""
    facts.cipher = (line.tls.cipher() or ("",))[0]
    facts.certificate = _certificate(line.tls.getpeercert(True))
    if verify:
        facts.trusted = True
    return line


def _context(*, strict: bool, verify: bool) -> ssl.SSLContext:
    """TDS 7.x ends at TLS 1.2; TLS 1.3 came with TDS 8.0. The host is compared by us, so that both answers are seen."""
    import ssl

    context = ssl.create_default_context()
    context.check_hostname = False
    # Python 3.13 refuses chains of older private authorities that drivers accept.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if strict:
        context.set_alpn_protocols([ALPN])
    else:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if not verify:
        context.verify_mode = ssl.CERT_NONE
    return context


def _certificate(der: bytes | None) -> Certificate | None:
    try:
        return read_certificate(der) if der else None
    except ValueError:
        return None
