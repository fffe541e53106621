"""A TDS server for the tests, in its own process; it shares no code with the package.

    python tds_server.py CERTIFICATE KEY BEHAVIOUR...

opens one port on 127.0.0.1 (or on the address in TDS_BIND) for each behaviour, prints the ports as one line of JSON, and serves until its standard
input ends. Behaviours: see the methods `do_...`. `route=NAME` sends logins on to "localhost" and the port of behaviour NAME.
"""

import json
import os
import socket
import ssl
import struct
import sys
import threading
import time

CERTIFICATE, KEY = sys.argv[1:3]
PORTS: dict[str, int] = {}
SENDS_TO = os.environ.get("TDS_SENDS_TO", "localhost")
PRELOGIN, REPLY, LOGIN7 = 0x12, 0x04, 0x10


class Gone(Exception):
    """The client went away."""


class _Client:
    """One connection."""

    def __init__(self, sock: socket.socket, behaviour: str) -> None:
        self.sock, self.behaviour = sock, behaviour
        self.tls: ssl.SSLObject | None = None
        self.inside, self.outside = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.piece, self.pause = 1 << 20, 0.0

    def serve(self) -> None:
        """Do what the behaviour says."""
        act = getattr(self, "do_" + self.behaviour.partition("=")[0].replace("-", "_"))
        try:
            act()
        except (Gone, OSError, ssl.SSLError):
            pass
        finally:
            self.sock.close()

    # --- bytes -------------------------------------------------------------------------------------------------

    def exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            if not more:
                raise Gone
            data += more
        return data

    def put(self, data: bytes) -> None:
        for at in range(0, len(data), self.piece):
            self.sock.sendall(data[at : at + self.piece])
            time.sleep(self.pause)

    def message(self) -> tuple[int, bytes]:
        whole, last, kind = b"", False, 0
        while not last:
            kind, status, length = struct.unpack(">BBH4x", self.read(8))
            whole += self.read(length - 8)
            last = bool(status & 1)
        return kind, whole

    def read(self, size: int) -> bytes:
        if self.tls is None:
            return self.exactly(size)
        data = b""
        while len(data) < size:
            try:
                data += self.tls.read(size - len(data))
            except ssl.SSLWantReadError:
                self.feed()
        return data

    def feed(self) -> None:
        more = self.sock.recv(65536)
        if not more:
            raise Gone
        self.inside.write(more)

    def reply(self, payload: bytes, kind: int = REPLY, room: int = 4088) -> None:
        parts = [payload[at : at + room] for at in range(0, len(payload), room)]
        packets = b"".join(
            struct.pack(">BBHHBB", kind, int(number == len(parts)), len(part) + 8, 0, number % 256, 0) + part
            for number, part in enumerate(parts, 1)
        )
        if self.tls is None:
            return self.put(packets)
        self.tls.write(packets)
        return self.put(self.outside.read())

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def wait(self) -> None:
        """Stay silent until the client goes."""
        while self.sock.recv(65536):
            pass

    # --- the protocol ------------------------------------------------------------------------------------------

    def prelogin(self, encryption: int = 1) -> None:
        kind, asked = self.message()
        assert kind == PRELOGIN and asked[0] == 0, "the client must begin with PRELOGIN"
        value = bytes([12, 0]) + struct.pack(">H", 2000) + b"\0\0"
        self.reply(struct.pack(">BHHBHHB", 0, 11, 6, 1, 17, 1, 0xFF) + value + bytes([encryption]))

    def context(self, *, strict: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE, KEY)
        if strict:
            context.set_alpn_protocols(["tds/8.0"])
        else:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        return context

    def wrapped_tls(self, context: ssl.SSLContext | None = None, room: int = 4088) -> None:
        """TLS whose handshake travels in PRELOGIN packets."""
        tls = (context or self.context()).wrap_bio(self.inside, self.outside, server_side=True)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.flush_wrapped(room)
                kind, data = self.message()
                assert kind == PRELOGIN
                self.inside.write(data)
            except ssl.SSLError:
                self.flush_wrapped(room)
                raise
        self.flush_wrapped(room)
        self.tls = tls

    def flush_wrapped(self, room: int) -> None:
        data = self.outside.read()
        if data:
            self.reply(data, PRELOGIN, room)

    def strict_tls(self) -> None:
        """TLS first, and only for clients that ask for tds/8.0."""
        tls = self.context(strict=True).wrap_bio(self.inside, self.outside, server_side=True)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.put(self.outside.read())
                self.feed()
        self.put(self.outside.read())
        if tls.selected_alpn_protocol() != "tds/8.0":
            raise Gone
        self.tls = tls

    def begin(self) -> None:
        """Up to an encrypted line, in the protocol that the client speaks."""
        if self.sock.recv(1, socket.MSG_PEEK) == b"\x16":
            self.strict_tls()
            return self.prelogin(2)
        self.prelogin()
        return self.wrapped_tls()

    def login(self) -> dict[str, str]:
        """User, password, application, server and database of LOGIN7; its lengths must add up."""
        kind, body = self.message()
        assert kind == LOGIN7 and struct.unpack_from("<I", body)[0] == len(body)
        version = struct.unpack_from("<I", body, 4)[0]
        names = ["host", "user", "password", "application", "server", "", "library", "language", "database"]
        found = {"version": f"{version:08x}"}
        for place, name in enumerate(names):
            at, length = struct.unpack_from("<HH", body, 36 + 4 * place)
            found[name] = body[at : at + 2 * length].decode("utf-16-le", "replace") if name != "password" else ""
        assert found["version"] == "74000004" and found["server"] and found["database"] == "master", found
        assert found["user"].startswith("mi-workbook-probe-"), found
        return found

    def error(self, number: int, text: str) -> bytes:
        words = text.encode("utf-16-le")
        body = struct.pack("<iBBH", number, 1, 14, len(text)) + words + b"\0\0" + struct.pack("<I", 1)
        return b"\xaa" + struct.pack("<H", len(body)) + body + self.done(2)

    @staticmethod
    def done(status: int = 0) -> bytes:
        """Status 2: there was an error; the official ODBC driver waits for it."""
        return b"\xfd" + bytes([status]) + bytes(11)

    @staticmethod
    def acknowledged() -> bytes:
        body = b"\x01\x74\x00\x00\x04" + b"\x04" + "test".encode("utf-16-le") + b"\x0c\x00\x07\xd0"
        return b"\xad" + struct.pack("<H", len(body)) + body

    # --- behaviours --------------------------------------------------------------------------------------------

    def do_denies(self) -> None:
        self.begin()
        found = self.login()
        self.reply(self.error(18456, f"Login failed for user '{found['user']}'."))
        self.wait()

    def do_error(self) -> None:
        self.begin()
        self.login()
        self.reply(self.error(int(self.behaviour.partition("=")[2]), "Refused \x1b[31mby the test."))

    def do_accepts(self) -> None:
        self.begin()
        self.login()
        self.reply(self.acknowledged() + self.done())

    def do_route(self) -> None:
        self.begin()
        self.login()
        where = self.behaviour.partition("=")[2]
        host, port = (
            ("no-such-host.invalid", 11001)
            if where == "nowhere"
            else (SENDS_TO, PORTS.get(self.behaviour if where == "self" else where, 1))
        )
        value = struct.pack("<BHH", 0, port, len(host)) + host.encode("utf-16-le")
        change = b"\x14" + struct.pack("<H", len(value)) + value + b"\0\0"
        token = b"\xe3" + struct.pack("<H", len(change)) + change
        self.reply(self.acknowledged() + token + self.done())

    def do_cut_route(self) -> None:
        self.begin()
        self.login()
        self.reply(b"\xe3\x06\x00\x14\xff\x00\x00\x01\x00")

    def do_silent(self) -> None:
        self.wait()

    def do_closes(self) -> None:
        self.message()

    def do_resets(self) -> None:
        self.message()
        self.reset()

    def do_resets_in_tls(self) -> None:
        self.prelogin()
        self.message()
        self.reset()

    def do_closes_in_tls(self) -> None:
        self.prelogin()
        self.message()

    def do_silent_in_tls(self) -> None:
        self.prelogin()
        self.wait()

    def do_garbage_in_tls(self) -> None:
        self.prelogin()
        self.message()
        self.reply(b"this is not TLS at all", PRELOGIN)
        self.wait()

    def do_garbage(self) -> None:
        self.sock.recv(65536)
        self.put(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    def do_half_header(self) -> None:
        self.sock.recv(65536)
        self.put(b"\x04\x01\x00")

    def do_wrong_length(self) -> None:
        self.sock.recv(65536)
        self.put(b"\x04\x01\x00\x02\x00\x00\x01\x00")
        self.wait()

    def do_broken_prelogin(self) -> None:
        self.message()
        self.reply(b"\x00\x00\x50\x00\x06\xff")
        self.wait()

    def do_no_encryption(self) -> None:
        self.prelogin(2)
        self.wait()

    def do_newer_tls_only(self) -> None:
        self.prelogin()
        context = self.context(strict=True)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.wrapped_tls(context)

    def do_tls_1_0_only(self) -> None:
        """The ServerHello of a server that knows nothing newer than TLS 1.0 (RFC 2246, section 7.4.1.3)."""
        self.prelogin()
        self.message()
        body = b"\x03\x01" + bytes(32) + b"\x00" + b"\x00\x2f" + b"\x00"
        hello = b"\x02" + len(body).to_bytes(3, "big") + body
        self.reply(b"\x16\x03\x01" + struct.pack(">H", len(hello)) + hello, PRELOGIN)
        self.wait()

    def do_drips(self) -> None:
        """A byte now and then, for longer than anybody waits."""
        self.message()
        self.piece, self.pause = 1, 0.4
        self.reply(bytes(400))

    def do_small_pieces(self) -> None:
        """All of it, in packets of 60 bytes that arrive in pieces of 7."""
        self.piece, self.pause = 7, 0.0005
        self.prelogin()
        self.wrapped_tls(room=60)
        self.login()
        self.reply(self.error(18456, "Login failed."), room=9)

    def do_silent_at_login(self) -> None:
        self.begin()
        self.wait()

    def do_resets_at_login(self) -> None:
        self.begin()
        self.message()
        self.reset()

    def do_garbage_at_login(self) -> None:
        self.begin()
        self.login()
        self.reply(b"\x01\x02\x03 nothing that is known")


def listen(behaviour: str) -> None:
    """A port for a behaviour, served in a thread."""
    server = socket.create_server((os.environ.get("TDS_BIND", "127.0.0.1"), 0))
    PORTS[behaviour] = server.getsockname()[1]

    def accept() -> None:
        while True:
            sock, _ = server.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_Client(sock, behaviour).serve, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


if __name__ == "__main__":
    for wanted in sys.argv[3:]:
        listen(wanted)
    print(json.dumps(PORTS), flush=True)
    sys.stdin.read()
