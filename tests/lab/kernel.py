"""Network namespaces of this process. They have no names outside of it and are gone when it ends."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

NEWNET = 0x40000000
MAC = "02:00:00:00:00:01"  # the same at both ends of every wire, so that no address resolution is needed
SETTINGS = {"conf/all/rp_filter": "0", "conf/default/rp_filter": "0", "conf/all/send_redirects": "0"}
GET_FLAGS, RUNNING = 0x8913, 0x40  # SIOCGIFFLAGS, IFF_RUNNING
LIBC = ctypes.CDLL(None, use_errno=True)


def why_not() -> str:
    """Why the lab cannot run here, or ""."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "the packet lab needs root"
    missing = [tool for tool in ("ip", "nft") if shutil.which(tool) is None]
    if missing:
        return f"the packet lab needs {' and '.join(missing)} (packages iproute2 and nftables)"
    try:
        with Rooms() as rooms:
            rooms.room(
                "try"
            ).guard = "table ip t { chain c { type filter hook input priority 0; ct state new accept; }\n}\n"
            rooms.realise()
    except (OSError, RuntimeError) as error:
        return f"this kernel lets no network namespaces be made: {error}"
    return ""


def _call(function: str, *arguments: int) -> None:
    if getattr(LIBC, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


class Room:
    """One namespace to be: ip commands, nftables text, whether it forwards."""

    def __init__(self, name: str, *, forwards: bool = False) -> None:
        self.name, self.forwards = name, forwards
        self.commands: list[str] = ["link set lo up"]
        self.guard = ""
        self.fd = -1

    @property
    def path(self) -> str:
        """A path under which ip(8) finds the namespace."""
        return f"/proc/{os.getpid()}/fd/{self.fd}"

    def do(self, command: str) -> None:
        """One line for `ip -batch`."""
        self.commands.append(command)


class Rooms:
    """All namespaces of one network. Leaving the context ends them."""

    def __init__(self) -> None:
        self.rooms: list[Room] = []
        self.wires: list[tuple[Room, str, Room, str]] = []
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)

    def __enter__(self) -> Rooms:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for fd in [self.home, *(room.fd for room in self.rooms if room.fd >= 0)]:
            os.close(fd)

    def room(self, name: str, *, forwards: bool = False) -> Room:
        """A new namespace."""
        self.rooms.append(Room(name, forwards=forwards))
        return self.rooms[-1]

    def wire(self, one: Room, other: Room) -> tuple[str, str]:
        """A veth pair between two rooms (or from a room back into itself); the names of its ends."""
        names = (f"w{len(self.wires)}a", f"w{len(self.wires)}b")
        self.wires.append((one, names[0], other, names[1]))
        for room, name in zip((one, other), names, strict=True):
            room.do(f"link set {name} address {MAC} arp off up")
        return names

    def realise(self) -> None:
        """Make everything. Raises RuntimeError with what ip or nft said."""
        for room in self.rooms:
            self._make(room)
        _run(["ip", "-batch", "-"], [f"link add {a} netns {one.path} type veth peer name {b} netns {other.path}"
                                     for one, a, other, b in self.wires])  # fmt: skip
        for room in self.rooms:
            with self.inside(room):
                # Devices and rules first, routes after them; the same line twice is one.
                lines = sorted(dict.fromkeys(room.commands), key=lambda line: line.startswith("route"))
                _run(["ip", "-batch", "-"], lines)
                if room.guard:
                    _run(["nft", "-f", "-"], [room.guard])
        for one, a, other, b in self.wires:
            self._wait(one, a)
            self._wait(other, b)

    def _wait(self, room: Room, device: str) -> None:
        """A veth end drops packets until the kernel has noticed that the other end is up too."""
        with self.inside(room), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            asked = struct.pack("16s24x", device.encode())
            for _ in range(1000):
                (flags,) = struct.unpack_from("H", fcntl.ioctl(sock, GET_FLAGS, asked), 16)
                if flags & RUNNING:
                    return
                time.sleep(0.005)
        raise RuntimeError(f"{device} of {room.name} did not come up")

    def _make(self, room: Room) -> None:
        try:
            _call("unshare", NEWNET)
            room.fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
            for name, value in {**SETTINGS, "ip_forward": str(int(room.forwards))}.items():
                Path(f"/proc/sys/net/ipv4/{name}").write_text(value)
        finally:
            _call("setns", self.home, NEWNET)

    @contextmanager
    def inside(self, room: Room) -> Iterator[None]:
        """This thread stands in a room; sockets made now belong to it for good."""
        _call("setns", room.fd, NEWNET)
        try:
            yield
        finally:
            _call("setns", self.home, NEWNET)


def _run(command: list[str], lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()[:2000]}\n{text}")
