"""A request to copy: the exact commands for the place that evidence must come from, whose output is understood here.

The commands are data, in requests.toml.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mi_workbook.checks.catalogue import fill_command
from mi_workbook.core.errors import InputError
from mi_workbook.network.instance import NORMAL_PORT, PUBLIC_PORT
from mi_workbook.reach.names import endpoint_of, read_name

FILE = Path(__file__).with_name("requests.toml")
SHELLS = ("powershell", "bash", "cmd")
MOST_PORTS = 8
LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
REDIRECT_NOTE = (
    "Port 1433 alone does not show whether Redirect works: the port a login is sent on to (11000-11999) changes, and one "
    "taken at random may not listen. If 1433 answers and the application still fails, the next step is Microsoft's SQL "
    "Connectivity Checker, or mi-workbook probe --login, from the same place."
)


@dataclass(frozen=True, slots=True)
class Command:
    """A line to run, the format that reads its output (KIND of a parser), and why it is asked for."""

    run: str
    reads: str
    why: str


@dataclass(frozen=True, slots=True)
class Request:
    """What to send. place: as conclusions take it; shell: powershell | bash | cmd; takes: the time it needs, in words."""

    id: str
    title: str
    place: str
    shell: str
    opens: str
    takes: str
    commands: tuple[Command, ...]
    note: str

    @property
    def block(self) -> str:
        """All commands, a line each, to copy as one block."""
        return "\n".join(command.run for command in self.commands) + "\n"

    @property
    def message(self) -> str:
        """The whole request as plain text, for a mail or a ticket."""
        reasons = "\n".join(f"- {command.run}: {command.why}" for command in self.commands)
        return (
            f"{self.title}\n{self.opens}\n{self.takes}\n\n{self.block}\n"
            "Please send back all text of the window, the commands among it. Nothing of this changes a setting, needs an "
            f"administrator, or prints a password.\n\nWhat it is for:\n{reasons}\n\n{self.note}\n"
        )


@cache
def _entries() -> dict[str, dict[str, Any]]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def places() -> tuple[tuple[str, str], ...]:
    """(id, title) of every place a request can be made for."""
    return tuple((name, entry["title"]) for name, entry in _entries().items())


def request(place: str, server: str, ports: Iterable[int] = ()) -> Request:
    """The request for one place and one server name.

    server: as an application has it, a port after a comma is taken. ports: to test; without any the port of the name,
    else 1433, or 3342 for a public name. Raises InputError for an unknown place, a name or port that cannot be one, and
    more than 8 ports.
    """
    entry = _entries().get(place)
    if entry is None:
        raise InputError(f"No request is known for '{place[:40]}'.", remedy="Known: " + ", ".join(_entries()))
    name = read_name(server)
    host = _host(name.host)
    asked = tuple(dict.fromkeys(ports)) or (
        name.port or (PUBLIC_PORT if endpoint_of(name) == "public" else NORMAL_PORT),
    )
    bad = [port for port in asked if not 0 < port < 65536]
    if bad or len(asked) > MOST_PORTS:
        raise InputError(f"{bad[0] if bad else len(asked)} is not usable.", remedy="Give 1 to 8 ports from 1 to 65535.")
    commands = tuple(
        Command(_line(command["run"], entry["shell"], host, port), command["reads"], command["why"])
        for command in entry["commands"]
        for port in (asked if command.get("each_port") else asked[:1])
    )
    note = REDIRECT_NOTE if NORMAL_PORT in asked else ""
    return Request(
        place, entry["title"], entry["place"], entry["shell"], entry["opens"], entry["takes"], commands, note
    )


def _host(host: str) -> str:
    """The host, if it can be one: labels of letters, digits and hyphens. Anything else never reaches a shell."""
    labels = host.split(".")
    if len(host) > 253 or len(labels) < 2 or not all(LABEL.fullmatch(label) for label in labels):
        raise InputError(f"'{host[:80]}' is no full server name.", remedy="Give the instance's fully qualified name.")
    return host


def _line(run: str, shell: str, host: str, port: int) -> str:
    values: Mapping[str, str] = {"host": host, "port": str(port)}
    return fill_command(run, values, "powershell" if shell == "powershell" else "bash")
