"""Real TCP connections between two rooms: the client says TDS PRELOGIN, the server answers it."""

from __future__ import annotations

import contextlib
import resource
import selectors
import socket
import struct
from collections.abc import Iterable
from typing import Any

from lab.kernel import Room, Rooms

PRELOGIN, REPLY = 0x12, 0x04
OPTIONS = struct.pack(">BHHBHHB", 0, 11, 6, 1, 17, 1, 0xFF) + bytes([12, 0, 7, 208, 0, 0, 2])
ASK = struct.pack(">BBHHBB", PRELOGIN, 1, 8 + len(OPTIONS), 0, 1, 0) + OPTIONS
ANSWER = struct.pack(">BBHHBB", REPLY, 1, 8 + len(OPTIONS), 0, 1, 0) + OPTIONS
QUIET = 0.3  # seconds without any event: what has not come through by then was dropped (nothing leaves this kernel)
AT_ONCE = 400
Try = tuple[str, str, int]


def talk(rooms: Rooms, client: Room, server: Room | None, ports: Iterable[int], tries: list[Try]) -> set[Try]:
    """Which of the tries (source, destination, port) got the server's answer. server None: nobody listens."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(limit[0], 8192), limit[1]), limit[1]))
    listeners = _listeners(rooms, server, ports) if server is not None else []
    try:
        done: set[Try] = set()
        for at in range(0, len(tries), AT_ONCE):
            done |= _round(rooms, client, listeners, tries[at : at + AT_ONCE])
        return done
    finally:
        for one in listeners:
            one.close()


def _listeners(rooms: Rooms, server: Room, ports: Iterable[int]) -> list[socket.socket]:
    found = []
    with rooms.inside(server):
        for port in ports:
            one = socket.socket()
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("0.0.0.0", port))
            one.listen(512)
            one.setblocking(False)
            found.append(one)
    return found


def _round(rooms: Rooms, client: Room, listeners: list[socket.socket], tries: list[Try]) -> set[Try]:
    done: set[Try] = set()
    opened: list[socket.socket] = []
    with selectors.DefaultSelector() as watch:
        for one in listeners:
            watch.register(one, selectors.EVENT_READ, ("listen", None))
        with rooms.inside(client):
            for wanted in tries:
                sock = _begin(wanted)
                if sock is not None:
                    opened.append(sock)
                    watch.register(sock, selectors.EVENT_WRITE, ("connect", wanted))
        while len(done) < len(tries) and (events := watch.select(QUIET)):
            for key, _ in events:
                with contextlib.suppress(OSError):
                    _step(watch, key, opened, done)
    for one in opened:
        one.close()
    return done


def _begin(wanted: Try) -> socket.socket | None:
    """A connection under way; None where the host has no route at all."""
    sock = socket.socket()
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    try:
        sock.bind((wanted[0], 0))
        sock.connect((wanted[1], wanted[2]))
    except BlockingIOError:
        return sock
    except OSError:
        sock.close()
        return None
    return sock


def _step(
    watch: selectors.BaseSelector, key: selectors.SelectorKey, opened: list[socket.socket], done: set[Try]
) -> None:
    """One event: a new caller, a question, a connection that stands or failed, an answer."""
    sock: Any = key.fileobj
    role, wanted = key.data
    if role == "listen":
        caller, _ = sock.accept()
        caller.setblocking(False)
        opened.append(caller)
        watch.register(caller, selectors.EVENT_READ, ("serve", None))
    elif role == "connect":
        watch.unregister(sock)
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
            sock.sendall(ASK)
            watch.register(sock, selectors.EVENT_READ, ("answer", wanted))
    else:
        watch.unregister(sock)
        heard = sock.recv(4096)
        if role == "serve" and heard[:1] == bytes([PRELOGIN]):
            sock.sendall(ANSWER)
        elif role == "answer" and heard[:1] == bytes([REPLY]):
            done.add(wanted)
