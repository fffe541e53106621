"""Does a TCP connection open, how fast, from which address, and how does it fail."""

from __future__ import annotations

import errno
import os
import selectors
import socket
from collections.abc import Callable
from dataclasses import dataclass

from mi_workbook.evidence.probes.outcome import Budget, Ended, Outcome, never

WORDS: dict[Outcome, tuple[str, str]] = {
    Outcome.OPEN: (
        "Something accepts connections for this address and port, and the way to it and back is open.",
        "That it is the instance: a proxy can accept in its name. Nothing about other ports either, so nothing about "
        "Redirect (11000-11999), nor about TLS and the login.",
    ),
    Outcome.TIMEOUT: (
        "No answer at all came to the connection request: something on the way drops it, or drops the reply.",
        "Which side drops it. A refusal would have come at once, so a closed port on a live host is unlikely.",
    ),
    Outcome.REFUSED: (
        "Something answered for this address and refused: no listener on this port, or a device that rejects it.",
        "That the instance itself refused: a proxy or firewall can answer in its name.",
    ),
    Outcome.UNREACHABLE: (
        "This machine, or a router on the way, has no route to the address.",
        "Anything about the instance: the request did not get there.",
    ),
    Outcome.FORBIDDEN: (
        "This machine itself forbids the connection: local firewall, security software or a sandbox.",
        "Anything about the network: no packet left.",
    ),
    Outcome.RESET: (
        "The connection was cut while it was opened: a device on the way or an overloaded server.",
        "Which of them did it.",
    ),
    Outcome.CANCELLED: ("Nothing.", "It was stopped before an answer came."),
    Outcome.FAILED: ("Nothing beyond the system's own words.", "Where it failed."),
}

_BY_ERRNO = {
    Outcome.REFUSED: (errno.ECONNREFUSED, 10061),
    # EINVAL is Linux's word for a route of the kind blackhole.
    Outcome.UNREACHABLE: (
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
        errno.EADDRNOTAVAIL,
        errno.EINVAL,
        10065,
        10051,
        10049,
    ),
    Outcome.FORBIDDEN: (errno.EACCES, errno.EPERM, 10013),
    Outcome.RESET: (errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE, 10053, 10054),
    Outcome.TIMEOUT: (errno.ETIMEDOUT, 10060),
}


@dataclass(frozen=True, slots=True)
class TcpResult:
    """One connection attempt. `ms`: until open or failed. `local`: the address this machine sends from, "" if none."""

    address: str
    port: int
    outcome: Outcome
    ms: float
    waited: float
    local: str = ""
    detail: str = ""
    proves: str = ""
    does_not_prove: str = ""


def probe_tcp(address: str, port: int, timeout: float = 10.0, cancelled: Callable[[], bool] = never) -> TcpResult:
    """Open and close one TCP connection. `timeout` in seconds; never raises for what the network does."""
    budget = Budget(timeout, cancelled)
    sock = new_socket(address)
    outcome, detail = Outcome.OPEN, ""
    with sock:
        try:
            connect(sock, address, port, budget)
        except Ended as ended:
            outcome, detail = ended.outcome, ended.detail
        taken, local = budget.ms, _local(sock)
    return TcpResult(address, port, outcome, taken, timeout, local, detail, *WORDS[outcome])


def new_socket(address: str) -> socket.socket:
    """A TCP socket for an IPv4 or IPv6 literal that never blocks."""
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    sock.setblocking(False)
    return sock


def connect(sock: socket.socket, address: str, port: int, budget: Budget) -> None:
    """Connect within the budget. Raises Ended with the kind of failure."""
    try:
        code = sock.connect_ex((address, port))
        if code in (errno.EINPROGRESS, errno.EWOULDBLOCK, 10035):
            budget.wait(sock, selectors.EVENT_WRITE, Outcome.TIMEOUT)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    except OSError as error:
        raise ended_by(error) from None
    if code:
        # Windows has no words for the numbers of its sockets here, only names such as WSAECONNREFUSED.
        raise ended_by(OSError(code, errno.errorcode.get(code, "error") if os.name == "nt" else os.strerror(code)))


def ended_by(error: OSError) -> Ended:
    """The kind of failure behind an error of the system."""
    code = getattr(error, "winerror", None) or error.errno
    found = next((outcome for outcome, codes in _BY_ERRNO.items() if code in codes), Outcome.FAILED)
    return Ended(found, f"{error.strerror or type(error).__name__} ({code})")


def _local(sock: socket.socket) -> str:
    try:
        address = str(sock.getsockname()[0])
    except OSError:
        return ""
    return "" if address in {"0.0.0.0", "::"} else address
