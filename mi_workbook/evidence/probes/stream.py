"""Bytes over a socket and over TLS, within a budget; TLS may travel inside TDS packets, as TDS 7.x has it."""

from __future__ import annotations

import re
import selectors
import socket
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from mi_workbook.evidence.probes import wire
from mi_workbook.evidence.probes.outcome import Budget, Ended, Outcome
from mi_workbook.evidence.probes.tcp import ended_by

if TYPE_CHECKING:
    import ssl

LARGEST_MESSAGE = 1 << 20
CHUNK = 16384


class Stream(ABC):
    """Bytes in order, with what was read too much kept for the next reader."""

    def __init__(self) -> None:
        self._kept = b""

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Send all of it. Raises Ended."""

    @abstractmethod
    def _more(self) -> bytes:
        """At least one byte more. Raises Ended."""

    def some(self) -> bytes:
        """Whatever is there, at least one byte. Raises Ended."""
        found, self._kept = self._kept or self._more(), b""
        return found

    def take(self, size: int) -> bytes:
        """Exactly that many bytes. Raises Ended."""
        while len(self._kept) < size:
            self._kept += self._more()
        found, self._kept = self._kept[:size], self._kept[size:]
        return found

    def message(self) -> bytes:
        """The payload of one TDS message, whatever number of packets it has. Raises Ended, also where it is no TDS."""
        whole, last = b"", False
        while not last:
            first = self.take(1)
            if first[0] not in (wire.PRELOGIN, wire.REPLY):
                raise Ended(Outcome.GARBAGE, f"It sent {shown(first + self._rest())}.")
            try:
                _, last, length = wire.header(first + self.take(wire.HEADER - 1))
            except wire.NotTds as error:
                raise Ended(Outcome.GARBAGE, str(error)) from None
            whole += self.take(length)
            if len(whole) > LARGEST_MESSAGE:
                raise Ended(Outcome.GARBAGE, "Its message has no end.")
        return whole

    def _rest(self) -> bytes:
        """What else came along with an answer that makes no sense, to show it."""
        return self._kept[:48]


def shown(data: bytes) -> str:
    """Bytes of an unknown speaker as printable text, and who usually speaks so."""
    text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data[:48])
    known = ((b"HTTP/", "an HTTP server or proxy"), (b"<", "a web page"), (b"SSH-", "an SSH server"),
             (b"\x15\x03", "a TLS alert: it wants TLS first"), (b"\x16\x03", "TLS without TDS around it"))  # fmt: skip
    who = next((words for start, words in known if data.startswith(start)), "")
    return f'"{text}"' + (f" ({who})" if who else "")


class SocketStream(Stream):
    """A connected socket that does not block."""

    def __init__(self, sock: socket.socket, budget: Budget) -> None:
        super().__init__()
        self._sock, self._budget = sock, budget

    def send(self, data: bytes) -> None:
        """Send all of it. Raises Ended."""
        view = memoryview(data)
        while view:
            self._budget.wait(self._sock, selectors.EVENT_WRITE, Outcome.SILENT)
            try:
                view = view[self._sock.send(view) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise ended_by(error) from None

    def _more(self) -> bytes:
        while True:
            self._budget.check(Outcome.SILENT)
            self._budget.wait(self._sock, selectors.EVENT_READ, Outcome.SILENT)
            try:
                found = self._sock.recv(CHUNK)
            except BlockingIOError:
                continue
            except OSError as error:
                raise ended_by(error) from None
            if not found:
                raise Ended(Outcome.CLOSED, "The other side closed the connection.")
            return found


class TlsStream(Stream):
    """TLS over another stream. With `wrapped`, the handshake travels in PRELOGIN packets (MS-TDS 2.2.6.5, 3.2.5.2)."""

    def __init__(self, under: Stream, context: ssl.SSLContext, host: str, *, wrapped: bool) -> None:
        import ssl

        super().__init__()
        self._under, self._wrapped = under, wrapped
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    def handshake(self) -> None:
        """Shake hands. Raises Ended, or ssl.SSLError where TLS itself refuses."""
        import ssl

        try:
            while True:
                try:
                    self.tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    self._flush()
                    self._incoming.write(self._under.message() if self._wrapped else self._under.some())
        except ssl.SSLError:
            self._tell()
            raise
        self._flush()
        self._wrapped = False

    def _flush(self) -> None:
        data = self._outgoing.read()
        if data:
            self._under.send(wire.packets(wire.PRELOGIN, data) if self._wrapped else data)

    def _tell(self) -> None:
        """Send the alert, so that the server does not wait; what becomes of it does not matter."""
        try:
            self._flush()
        except Ended:
            return

    def send(self, data: bytes) -> None:
        """Send all of it. Raises Ended."""
        self.tls.write(data)
        self._flush()

    def _more(self) -> bytes:
        import ssl

        while True:
            try:
                found = self.tls.read(CHUNK)
            except ssl.SSLWantReadError:
                self._flush()
                self._incoming.write(self._under.some())
                continue
            except ssl.SSLError as error:
                raise Ended(Outcome.TLS_FAILED, reason(error)) from None
            if not found:
                raise Ended(Outcome.CLOSED, "The other side ended TLS.")
            return found


def reason(error: ssl.SSLError) -> str:
    """The words of a TLS failure without file names and line numbers of the library."""
    message = getattr(error, "verify_message", "")
    if message:
        return str(message)
    bare = re.sub(r"^\[[^\]]*\]\s*|\s*\([^)]*ssl\.c:\d+\)$", "", error.reason or str(error))
    return bare.replace("_", " ").lower()
