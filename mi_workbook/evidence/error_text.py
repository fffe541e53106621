"""Error messages and stack traces of any driver: the layer that failed, what that proves, and what to test next.

The texts and their sources are in error_texts.toml. Nothing of the pasted text is kept but host names, ports, numbers
and times; credentials are cut out before it is read.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mi_workbook.evidence.secrets import is_assigned_secret
from mi_workbook.evidence.string_faults import is_address
from mi_workbook.evidence.string_forms import HOST
from mi_workbook.evidence.string_values import NORMAL_PORT, PUBLIC_PORT, SUFFIXES

LAYERS = ("name", "name or TCP", "TCP", "TLS", "redirect", "login", "transient", "client")
UNKNOWN_HOST = "<instance>.<zone>.database.windows.net"
LONGEST = 1_000_000
USERINFO = re.compile(r"(?<=://)[^\s\"']{0,512}@(?=[A-Za-z0-9\[])")
ASSIGNED = re.compile(
    r"([A-Za-z][\w -]{1,40}?)([\"']?\s*(?:=>|[=:])\s*)(\{[^}]*\}|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[^\s;,&\"']+)"
)
NUMBER = r"(?:(?:err(?:or|no|eur)?|fehler|msg|code|number|native|networking error)(?:[ _]?(?:number|code|no\.?))?[^\w\n]{{1,6}}|[(\[])-?{0}(?![\w.]|\s*ms\b)"
HOSTS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"connection to the host (?P<host>{HOST})(?: \(redirected from (?P<first>{HOST})\))?, *(?:named instance \S+|port (?P<port>\d{{1,5}}))",
        rf"Failed to connect to (?P<host>{HOST})(?![\w.@-])(?::(?P<port>\d{{1,5}}))?(?: ?\(redirected from (?P<first>{HOST})(?::\d+)?\))?",
        rf"tcp connection with host '?(?P<host>{HOST}):(?P<port>\d{{1,5}})",
        rf"(?:getaddrinfo|lookup|ENOTFOUND|EAI_AGAIN|UnknownHostException:?) +(?:(?:ENOTFOUND|EAI_AGAIN) +)?(?P<host>{HOST})(?![\w.@-])(?::(?P<port>\d{{1,5}}))?",
        rf"(?:ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|dial tcp|Routing to:|TCP connect to|trying to connect to) +\(?(?P<host>{HOST})(?::| : )(?P<port>\d{{1,5}})",
        rf"Adaptive Server [\w ]+ \((?P<host>{HOST})(?::(?P<port>\d{{1,5}}))?\)",
        rf"(?:Cannot connect to|Verbindung mit|connect to server) '?(?P<host>{HOST}\.[A-Za-z]{{2,}})(?![\w@-])(?:,(?P<port>\d{{1,5}}))?",
        rf"Sql Server Browser on host (?P<host>{HOST})",
        rf"(?<![\w@.%-])(?P<host>{HOST}\.(?:{'|'.join(re.escape(s) for s in SUFFIXES)}))(?:[,:](?P<port>\d{{1,5}}))?(?![\w@-])",
    )
)
TIMES = tuple(
    (re.compile(pattern, re.IGNORECASE), factor)
    for pattern, factor in (
        (r"(?:in|after|within|took|elapsed|duration|waited)\W{1,3}(\d+(?:\.\d+)?) ?(?:ms|milliseconds)\b", 0.001),
        (
            r"(?:in|after|within|took|elapsed|duration|waited|~|about)\W{0,3}(\d+(?:\.\d+)?) ?(?:s|sec|secs|seconds)\b",
            1.0,
        ),
        (r"\b00:0[0-9]:(\d\d(?:\.\d+)?)", 1.0),
        (r"\bexpected (\d+) remaining time", 0.001),
    )
)
PHASE = re.compile(r"\b(initialization|handshake|authentication|complete)=(\d+)", re.IGNORECASE)
PHASES = {"initialization": ("TCP", "tcp-timeout"), "handshake": ("TLS", "prelogin-wait"),
          "authentication": ("login", "login-phase"), "complete": ("login", "login-phase")}  # fmt: skip
PYTHON_CHAIN = "The above exception was the direct cause"


@dataclass(frozen=True, slots=True)
class Met:
    """An error text that was recognised: its id in the table, its layer, what it means."""

    id: str
    layer: str
    title: str


@dataclass(frozen=True, slots=True)
class Server:
    """A host named in the text. role: target | redirect target."""

    host: str
    port: int | None
    role: str

    @property
    def target(self) -> str:
        """For `diagnose --to`."""
        return self.host + (f",{self.port}" if self.port is not None else "")


@dataclass(frozen=True, slots=True)
class Duration:
    """A time named in the text, in seconds, and what it says ("" where it says nothing)."""

    seconds: float
    says: str


@dataclass(frozen=True, slots=True)
class Suspect:
    """A fault id of the catalogue, in plain words."""

    fault: str
    words: str


@dataclass(frozen=True, slots=True)
class NextTest:
    """A test to run from the client's place. commands: (where it runs, command)."""

    id: str
    does: str
    commands: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ErrorReading:
    """What a text proves. understood is False where no error of the table was met; then `asks` says what would help.

    deciding: id of the error that decides, the innermost of the most telling; met: all errors, in the text's order.
    numbers: error numbers as written. suspects and tests: in the order to look at.
    """

    understood: bool
    layer: str
    deciding: str
    title: str
    proves: str
    rules_out: str
    met: tuple[Met, ...] = ()
    numbers: tuple[str, ...] = ()
    servers: tuple[Server, ...] = ()
    durations: tuple[Duration, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    tests: tuple[NextTest, ...] = ()
    sources: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """The server for `diagnose --to`; "" where the text names none."""
        named = [server for server in self.servers if server.role == "target"]
        return named[0].target if named else ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One error of the table, compiled."""

    id: str
    title: str
    layer: str
    weight: int
    patterns: tuple[re.Pattern[str], ...]
    codes: tuple[tuple[str, re.Pattern[str]], ...]
    proves: str
    rules_out: str
    suspects: tuple[str, ...]
    tests: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Hit:
    entry: Entry
    start: int
    number: str = ""


@cache
def table() -> dict[str, Any]:
    """error_texts.toml."""
    return tomllib.loads((Path(__file__).parent / "error_texts.toml").read_text(encoding="utf-8"))


@cache
def entries() -> tuple[Entry, ...]:
    """Every error of the table, families of suspects written out."""
    return tuple(_entry(raw) for raw in table()["entry"])


def _entry(raw: dict[str, Any]) -> Entry:
    families = table()["families"]
    wide = [fault for word in raw["suspects"] for fault in (families[word[1:]] if word.startswith("@") else [word])]
    return Entry(
        raw["id"], raw["title"], raw["layer"], raw["weight"],
        tuple(re.compile(p, re.IGNORECASE) for p in raw["match"]),
        tuple((code, _code(code)) for code in raw["codes"]),
        raw["proves"], raw["rules_out"], tuple(dict.fromkeys(wide)), tuple(raw["tests"]), tuple(raw["sources"]),
    )  # fmt: skip


def _code(code: str) -> re.Pattern[str]:
    """A number where it stands as an error number, never as a port or a count."""
    if code.startswith("0x"):
        return re.compile(rf"\b0x0*{code[2:]}\b", re.IGNORECASE)
    return re.compile(NUMBER.format(code.lstrip("-")), re.IGNORECASE)


def classify(text: str, host: str = "", port: int | None = None) -> ErrorReading:
    """What an error text proves and what to do next.

    Args:
        text: a message, a stack trace, a log; several errors may be in it.
        host, port: the server of a connection string that came with it, used where the text names none.

    Returns a reading for any text; `understood` is False where nothing was recognised.
    """
    clean = " ".join(scrub(text).split())
    servers = tuple(_servers(clean))
    hits = _hits(clean)
    if not hits:
        return _unknown(clean, servers, host, port)
    decider = _decider(hits, clean)
    layer, entry = decider.entry.layer, decider.entry
    where = _where(servers, layer, host, port)
    return ErrorReading(
        understood=True, layer=layer, deciding=entry.id, title=entry.title, proves=entry.proves, rules_out=entry.rules_out,
        met=tuple(Met(e.id, e.layer, e.title) for e in dict.fromkeys(hit.entry for hit in hits)),
        numbers=tuple(dict.fromkeys(hit.number for hit in hits if hit.number)),
        servers=servers, durations=tuple(_durations(clean, layer)),
        suspects=tuple(Suspect(fault, table()["suspects"][fault]) for fault in entry.suspects),
        tests=tuple(_test(name, *where) for name in entry.tests), sources=entry.sources,
    )  # fmt: skip


def scrub(text: str) -> str:
    """The text without credentials: those of URLs, and values of keys that hold a secret."""

    def dropped(matched: re.Match[str]) -> str:
        words = matched[1].split()
        ends = ("".join(words[-count:]) for count in range(1, len(words) + 1))
        return f"{matched[1]}{matched[2]}***" if any(is_assigned_secret(end) for end in ends) else matched[0]

    return ASSIGNED.sub(dropped, USERINFO.sub("", text[:LONGEST].replace("§", " ")))


def _hits(text: str) -> list[_Hit]:
    """Every error of the table that the text holds, in the order of the text."""
    found = [hit for entry in entries() for hit in _of_entry(entry, text)]
    return sorted((*found, *_phase(text)), key=lambda hit: hit.start)


def _of_entry(entry: Entry, text: str) -> Iterator[_Hit]:
    for pattern in entry.patterns:
        yield from (_Hit(entry, matched.start()) for matched in pattern.finditer(text))
    for code, pattern in entry.codes:
        yield from (_Hit(entry, matched.start(), code) for matched in pattern.finditer(text))


def _phase(text: str) -> Iterator[_Hit]:
    """SqlClient writes how long each phase of the login took: the longest is the one that hung."""
    phases = [(int(m[2]), m[1].lower(), m.start()) for m in PHASE.finditer(text)]
    if phases:
        _, name, start = max(phases)
        wanted = PHASES[name][1]
        yield from (_Hit(entry, start) for entry in entries() if entry.id == wanted)


def _decider(hits: list[_Hit], text: str) -> _Hit:
    """The most telling error; among equals the innermost, which Python prints first and all others last."""
    phases = [hit for hit in hits if PHASE.match(text, hit.start)]
    if phases and max(hit.entry.weight for hit in hits) <= 3:
        return phases[0]
    best = max(hit.entry.weight for hit in hits)
    telling = [hit for hit in hits if hit.entry.weight == best]
    return telling[0] if PYTHON_CHAIN in text else telling[-1]


def _servers(text: str) -> Iterator[Server]:
    """Hosts that the text names, each once, those of connection attempts first."""
    met: set[str] = set()
    for pattern in HOSTS:
        for matched in pattern.finditer(text):
            groups = matched.groupdict()
            for name, port in ((groups["host"], groups.get("port")), (groups.get("first"), None)):
                host = (name or "").lower().rstrip(".")
                if host and host not in met and not host.isdigit():
                    met.add(host)
                    role = "redirect target" if ".worker." in host else "target"
                    yield Server(host, int(port) if port and int(port) <= 65535 else None, role)


def _where(servers: tuple[Server, ...], layer: str, host: str, port: int | None) -> tuple[str, int]:
    """Host and port for the commands: the redirect target where that failed, else the first server named."""
    wanted = [s for s in servers if s.role == "redirect target"] if layer == "redirect" else []
    chosen = next(iter((*wanted, *(s for s in servers if s.role == "target"))), None)
    name = chosen.host if chosen else host or UNKNOWN_HOST
    given = chosen.port if chosen and chosen.port is not None else port
    return name, given or (PUBLIC_PORT if ".public." in name else NORMAL_PORT)


def _durations(text: str, layer: str) -> Iterator[Duration]:
    times = {round(float(m[1]) * factor, 3) for pattern, factor in TIMES for m in pattern.finditer(text)}
    times |= {int(m[2]) / 1000 for m in PHASE.finditer(text) if int(m[2]) >= 1000}
    for seconds in sorted(times):
        yield Duration(seconds, _meaning(seconds, layer))


def _meaning(seconds: float, layer: str) -> str:
    for rule in table()["duration"]:
        if rule["layers"] and layer not in rule["layers"]:
            continue
        if "multiple" in rule:
            fits = (
                2.5 <= seconds <= rule["to"]
                and abs(seconds / rule["multiple"] - round(seconds / rule["multiple"])) < 0.12
            )
        else:
            fits = rule["from"] <= seconds <= rule["to"]
        if fits:
            return str(rule["says"])
    return ""


def _test(test: str, host: str, port: int) -> NextTest:
    raw = table()["tests"][test]
    name = UNKNOWN_HOST if is_address(host) or ".worker." in host else host
    commands = tuple((k, v.format(host=host, port=port, name=name)) for k, v in raw.items() if k != "does")
    return NextTest(test, raw["does"], commands)


def _unknown(text: str, servers: tuple[Server, ...], host: str, port: int | None) -> ErrorReading:
    asks = table()["asks"]
    where = _where(servers, "", host, port)
    return ErrorReading(
        understood=False, layer="unknown", deciding="", title="No error of a driver was recognised in this text",
        proves="", rules_out="", servers=servers, durations=tuple(_durations(text, "")),
        tests=tuple(_test(name, *where) for name in asks["tests"]), asks=tuple(asks["needed"]),
    )  # fmt: skip
