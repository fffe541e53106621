"""Taking connection strings apart: every form ends in pairs of a known key and a value.

Secrets are dropped here, where a pair is made: a password, a token, and whatever is not a known key, never leaves
this module. Values of known keys are handed on as they stand, and are judged by their own grammar afterwards.

Sources of the quoting rules: ADO.NET "Connection string syntax" ("" and '', doubled inside); ODBC and JDBC "Building
the connection URL" ({} with }} inside); RFC 3986 for URLs; SQLAlchemy "Pass through exact Pyodbc string".
"""

from __future__ import annotations

import re
import tomllib
import urllib.parse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from mi_workbook.evidence.secrets import KEYS

SECRET, OTHER, UNKNOWN = "secret", "other", ""
BRACE, QUOTES = "{", "\"'"
CLOSED = re.compile(r"\s*(;|$)")
HOST = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?"
URL_TAIL = re.compile(
    rf"^(?P<host>\[[0-9A-Fa-f:.%]+\]|{HOST})?(?:\\+(?P<named>[\w$#-]+))?(?::(?P<port>\d{{1,5}}))?"
    r"(?:/(?P<path>[^?;@]*))?(?P<rest>[?;].*)?$",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A key of the table (string_keys.toml), how it was written, its value where the key is worth keeping."""

    key: str
    written: str
    value: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Parts:
    """A string taken apart: its form, its pairs in order, and what could not be read, in our own words."""

    form: str
    pairs: tuple[Pair, ...]
    notes: tuple[str, ...] = ()


def normal(key: str) -> str:
    """A key in small letters, without blanks, underlines and hyphens."""
    return re.sub(r"[\s_-]+", "", key).lower()


@cache
def keys() -> dict[str, str]:
    """Spelling -> key of the table; names of secrets are those of secret_names.toml."""
    table = tomllib.loads((Path(__file__).parent / "string_keys.toml").read_text(encoding="utf-8"))
    known = {spelling: key for key, spellings in table.items() for spelling in spellings}
    return known | dict.fromkeys(KEYS, SECRET)


def pair(written: str, value: str) -> Pair:
    """A pair without its secret: the value stays only where the key is one that is judged."""
    key = keys().get(normal(written), UNKNOWN)
    if key == UNKNOWN:
        return Pair(UNKNOWN, "")
    if key == "user":
        kept = "@" if "@" in value else "-" if value.strip() else ""
    else:
        kept = "" if key in (SECRET, OTHER, "database", "dsn") else value.strip()
    return Pair(key, " ".join(written.split()), kept)


def semicolons(text: str, form: str, quoting: str) -> Parts:
    """`key=value;key=value` with the quoting characters of its form."""
    pairs: list[Pair] = []
    notes: list[str] = []
    at, number = 0, 0
    while at < len(text):
        number += 1
        start, end = at, _end(text, at)
        equals = text.find("=", at, end)
        if equals < 0:
            _not_a_pair(text[at:end], number, notes)
            at = end + 1
            continue
        value, at, note = _value(text, equals + 1, quoting)
        written = text[start:equals]
        one = pair(written, value)
        pairs.append(one)
        if note:
            notes.append(f"Part {number}{_named(one)}: {note}")
            if one.key in (SECRET, UNKNOWN):
                notes.append("The rest of the string was not read, because it may belong to a secret.")
                break
        _unknown_key(one, written, number, notes)
    return Parts(form, tuple(pairs), tuple(notes))


def _end(text: str, at: int) -> int:
    found = text.find(";", at)
    return len(text) if found < 0 else found


def _named(one: Pair) -> str:
    return f" ({one.written})" if one.written else ""


def _not_a_pair(piece: str, number: int, notes: list[str]) -> None:
    if piece.strip():
        notes.append(
            f"Part {number} is not key=value. It may be a piece of a secret that holds a semicolon, so it is not shown; "
            "such a value needs quotes."
        )


def _unknown_key(one: Pair, written: str, number: int, notes: list[str]) -> None:
    """A key that is not in the table is named only by the known key it resembles."""
    if one.key != UNKNOWN or not written.strip():
        return
    import difflib

    near = difflib.get_close_matches(normal(written), [k for k, v in keys().items() if v != SECRET], 1, 0.8)
    hint = f"; it looks like '{near[0]}' misspelt" if near else ""
    notes.append(f"Part {number} has a key that no driver of this list knows{hint}. Its value is not kept.")


def _value(text: str, start: int, quoting: str) -> tuple[str, int, str]:
    """The value from here, where the next part starts, and what was wrong with its quotes."""
    at = start + len(text[start:]) - len(text[start:].lstrip())
    if at < len(text) and text[at] in quoting:
        return _quoted(text, at)
    end = _end(text, at)
    return text[at:end], end + 1, ""


def _quoted(text: str, at: int) -> tuple[str, int, str]:
    mark = "}" if text[at] == BRACE else text[at]
    place = at + 1
    while (found := text.find(mark, place)) >= 0:
        if text[found + 1 : found + 2] == mark:
            place = found + 2
            continue
        closed = CLOSED.match(text, found + 1)
        if closed:
            return text[at + 1 : found].replace(mark * 2, mark), closed.end(), ""
        place = found + 1
    end = _end(text, at)
    return text[at + 1 : end], end + 1, f"{text[at]} is opened and not closed."


def jdbc(text: str) -> Parts:
    """`jdbc:sqlserver://host\\instance:port;property=value`, and the jTDS form with `/database`."""
    scheme, _, rest = text.partition("://")
    head, _, tail = rest.partition(";")
    read = semicolons(tail, "jdbc", BRACE)
    jtds = "jtds" in scheme.lower()
    parts = _authority(head, "", read.notes)
    driver = (Pair("driver", "driver", "jTDS"),) if jtds else ()
    return Parts("jdbc", (*parts.pairs, *driver, *read.pairs), parts.notes)


def url(text: str) -> Parts:
    """`scheme://user:secret@host:port/path?key=value`; the secret is cut off before anything is read."""
    scheme, _, rest = text.partition("://")
    scheme = scheme.lower()
    userinfo, tail = _without_userinfo(rest)
    matched = URL_TAIL.match(tail)
    query = (matched["rest"] or "") if matched else ""
    read = _query(query, scheme)
    form = "url" if read.form == "query" else read.form
    parts = _authority(tail[: len(tail) - len(query)] if matched else "", scheme, read.notes)
    notes = parts.notes if matched else (*read.notes, "Host and port of the URL could not be read.")
    given = tuple(_credentials(userinfo))
    return Parts(form, (Pair("scheme", "scheme", scheme), *parts.pairs, *given, *read.pairs), notes)


def _credentials(userinfo: str) -> Iterator[Pair]:
    """That a user name and a password were given, nothing of them."""
    name, colon, _ = userinfo.partition(":")
    if name:
        yield pair("user", urllib.parse.unquote(name))
    if colon:
        yield Pair(SECRET, "password in the URL")


def _without_userinfo(rest: str) -> tuple[str, str]:
    """The part before the @ that ends the credentials, and the part behind it.

    A password that was not percent-encoded may hold @, / or ?: then the last @ ends the credentials, unless an earlier
    one is followed by a host and a query of known keys alone.
    """
    signs = [] if re.match(r"/*\?", rest) else [place for place, sign in enumerate(rest) if sign == "@"]
    for place in signs:
        matched = URL_TAIL.match(rest[place + 1 :])
        if matched and _only_known(matched["rest"] or ""):
            return rest[:place], rest[place + 1 :]
    return (rest[: signs[-1]], rest[signs[-1] + 1 :]) if signs else ("", rest)


def _only_known(query: str) -> bool:
    words = [word for word in re.split(r"[?&;]", query) if word]
    known = keys()
    return all(("=" in word and _query_key(word) in known) or _query_key(word) == "odbcconnect" for word in words)


def _query_key(word: str) -> str:
    return normal(urllib.parse.unquote_plus(word.partition("=")[0]))


def _query(query: str, scheme: str) -> Parts:
    if query.startswith(";"):
        return semicolons(query[1:], "query", BRACE)
    pairs: list[Pair] = []
    notes: list[str] = []
    for number, word in enumerate((w for w in query.lstrip("?").split("&") if w), 1):
        key, _, value = word.partition("=")
        if _query_key(word) == "odbcconnect":
            return semicolons(urllib.parse.unquote_plus(value), "odbc", BRACE)
        one = pair(urllib.parse.unquote_plus(key), urllib.parse.unquote_plus(value))
        pairs.append(one)
        _unknown_key(one, urllib.parse.unquote_plus(key), number, notes)
    return Parts("query", tuple(pairs), tuple(notes))


def _authority(text: str, scheme: str, notes: tuple[str, ...]) -> Parts:
    """`host\\instance:port/path` as pairs; the path is an instance for go-mssqldb, else a database."""
    matched = URL_TAIL.match(text.strip())
    if not matched:
        return Parts("", (), (*notes, "Host and port of the URL could not be read."))
    found = [("server", matched["host"]), ("instance", matched["named"]), ("port", matched["port"])]
    path = (matched["path"] or "").strip("/")
    named = "instance" if scheme == "sqlserver" and re.fullmatch(r"[\w$#-]+", path) else "database"
    found.append((named, path))
    return Parts("", tuple(pair(key, value) for key, value in found if value), notes)


def flattened(items: Iterable[tuple[str, object]], form: str) -> Parts:
    """Pairs of a configuration object (JSON, or the literals of code), nested objects included."""
    return Parts(form, tuple(_flat(items)))


def _flat(items: Iterable[tuple[str, object]], within: str = "") -> Iterator[Pair]:
    for key, value in items:
        if isinstance(value, dict):
            yield from _flat(value.items(), normal(key))
        elif within == "authentication" and normal(key) == "type":
            yield pair("authentication", str(value))
        elif isinstance(value, str | int | float | bool):
            yield pair(key, str(value))
