"""What can come of a probe, the time it may take, and what class an address is of."""

from __future__ import annotations

import ipaddress
import selectors
import socket
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

SLICE = 0.1
T = TypeVar("T")


class Outcome(StrEnum):
    """Every end a probe can come to."""

    RESOLVED = "resolved"
    NXDOMAIN = "nxdomain"
    NO_ADDRESS = "no-address"
    SERVER_FAILED = "server-failed"
    UNAVAILABLE = "unavailable"
    OPEN = "open"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    FORBIDDEN = "forbidden"
    RESET = "reset"
    CLOSED = "closed"
    SILENT = "silent"
    GARBAGE = "garbage"
    NO_ENCRYPTION = "no-encryption"
    TLS_FAILED = "tls-failed"
    ANSWERED = "answered"
    DENIED = "denied"
    ACCEPTED = "accepted"
    SQL_ERROR = "sql-error"
    REDIRECT_FAILED = "redirect-failed"
    CANCELLED = "cancelled"
    FAILED = "failed"


class AddressClass(StrEnum):
    """Where an address can live; it decides which paths can lead to it."""

    PRIVATE = "private"
    SHARED = "shared"
    LOOPBACK = "loopback"
    LINK_LOCAL = "link-local"
    PUBLIC = "public"
    OTHER = "other"


_CLASSES = (
    (AddressClass.PRIVATE, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")),
    (AddressClass.SHARED, ("100.64.0.0/10",)),
    (AddressClass.LOOPBACK, ("127.0.0.0/8", "::1/128")),
    (AddressClass.LINK_LOCAL, ("169.254.0.0/16", "fe80::/10")),
)


def address_class(address: str) -> AddressClass:
    """The class of an address. Source: RFC 1918, 4193 (private), 6598 (shared), 6890 (the rest)."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return AddressClass.OTHER
    for kind, prefixes in _CLASSES:
        if any(found in ipaddress.ip_network(prefix) for prefix in prefixes):
            return kind
    return AddressClass.PUBLIC if found.is_global else AddressClass.OTHER


class Ended(Exception):
    """A probe came to its end early. Never leaves this package."""

    def __init__(self, outcome: Outcome, detail: str = "") -> None:
        self.outcome, self.detail = outcome, detail
        super().__init__(f"{outcome.value}: {detail}")


def never() -> bool:
    """The answer to "is it cancelled?" where nobody can cancel."""
    return False


class Budget:
    """The seconds a probe may take in all, and the question whether the user has cancelled it."""

    def __init__(self, seconds: float, cancelled: Callable[[], bool] = never) -> None:
        self.seconds, self.cancelled = seconds, cancelled
        self._started = time.monotonic()

    @property
    def ms(self) -> float:
        """Milliseconds since the start."""
        return round((time.monotonic() - self._started) * 1000, 1)

    @property
    def left(self) -> float:
        """Seconds that are left, 0 at the least."""
        return max(0.0, self.seconds - (time.monotonic() - self._started))

    def check(self, late: Outcome) -> None:
        """Raise Ended where the time is over (`late`) or the user cancelled."""
        if self.cancelled():
            raise Ended(Outcome.CANCELLED, "Stopped by the user.")
        if not self.left:
            raise Ended(late, f"Nothing came within {self.seconds:g} s.")

    def wait(self, sock: socket.socket, event: int, late: Outcome) -> None:
        """Wait for a socket to be readable or writable; raises Ended where the time is over."""
        with selectors.DefaultSelector() as selector:
            selector.register(sock, event)
            while not selector.select(min(SLICE, self.left)):
                self.check(late)

    def run(self, work: Callable[[], T], late: Outcome) -> T:
        """The result of a call that cannot be bounded otherwise; it is left behind in its thread when time is over.

        Raises what the call raises, or Ended.
        """
        done: list[tuple[T | None, Exception | None]] = []
        finished = threading.Event()

        def act() -> None:
            try:
                done.append((work(), None))
            except Exception as error:  # handed to the caller below
                done.append((None, error))
            finished.set()

        threading.Thread(target=act, daemon=True, name="mi-workbook-probe").start()
        while not finished.wait(min(SLICE, self.left)):
            self.check(late)
        value, error = done[0]
        if error is not None:
            raise error
        return value  # type: ignore[return-value]  # no error: the value is what the call returned
