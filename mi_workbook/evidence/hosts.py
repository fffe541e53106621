"""The hosts file: which of its lines stand for a name, before any DNS server is asked."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = ("database.windows.net", "database.chinacloudapi.cn", "database.usgovcloudapi.net")


@dataclass(frozen=True, slots=True)
class HostsEntry:
    """One name of one line: its address, and the line's number from 1."""

    name: str
    address: str
    line: int


@dataclass(frozen=True, slots=True)
class HostsFile:
    """What a hosts file says about names of SQL instances; other names are counted, never kept."""

    path: str
    entries: tuple[HostsEntry, ...] = ()
    others: int = 0
    problem: str = ""

    def of(self, name: str) -> tuple[HostsEntry, ...]:
        """Entries of a name, in any case, with or without a final dot."""
        wanted = name.rstrip(".").lower()
        return tuple(entry for entry in self.entries if entry.name == wanted)


def hosts_path() -> Path:
    """Where this system keeps its hosts file."""
    if os.name == "nt":
        return Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "drivers", "etc", "hosts")
    return Path("/etc/hosts")


def read_hosts(path: Path | None = None, *, also: tuple[str, ...] = ()) -> HostsFile:
    """Entries of the hosts file for names under the SQL suffixes and for the names in `also`."""
    file = path or hosts_path()
    try:
        text = file.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        return HostsFile(str(file), problem=f"It cannot be read: {error.strerror}.")
    wanted = {name.rstrip(".").lower() for name in also}
    entries = list(_entries(text))
    kept = tuple(entry for entry in entries if entry.name in wanted or entry.name.endswith(SUFFIXES))
    return HostsFile(str(file), kept, len(entries) - len(kept))


def _entries(text: str) -> Iterator[HostsEntry]:
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if len(words) > 1 and _is_address(words[0]):
            for name in words[1:]:
                yield HostsEntry(name.rstrip(".").lower(), words[0], number)


def _is_address(word: str) -> bool:
    try:
        ipaddress.ip_address(word.partition("%")[0])
    except ValueError:
        return False
    return True
