"""The catalogue of faults: read from faults/*.toml, checked whole, words filled in."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mi_workbook.core.errors import InputError
from mi_workbook.core.finding import Fault, Remedy
from mi_workbook.core.nearest import LONGEST, did_you_mean
from mi_workbook.core.trace import Cause
from mi_workbook.network.resource_id import unfilled

FOLDER = Path(__file__).parent / "faults"
SEVERITIES = ("blocks", "degrades", "risk", "info")
SAFETIES = ("safe", "disruptive", "other-team", "display-only")
NEEDED = ("code", "title", "severity", "says", "owner_says", "sources", "remedy")
ALLOWED = {*NEEDED, "causes", "needs", "aliases", "shown_by"}
SHOWN_BY = ("evidence", "paste", "person")
REASONS = Path(__file__).parent / "alias_reasons.toml"
LISTS = frozenset({"ports", "source_prefix", "prefix"})
WORDS = frozenset({"at"})  # a name with an option behind it: each word is quoted, the blanks stay
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
PLACEHOLDERS = frozenset(
    [
        "resource",
        "name",
        "detail",
        "source",
        "target",
        "ports",
        "expected",
        "actual",
        "group",
        "vnet",
        "nsg",
        "rt",
        "server",
        "peer",
        "mi",
        "subscription",
        "remote_group",
        "remote_vnet",
        "remote_id",
        "peering",
        "remote_peering",
        "route",
        "rule",
        "prefix",
        "priority",
        "source_prefix",
        "subnet",
        "zone",
        "address",
        "record",
        "vnet_id",
        "firewall",
        "policy",
        "collection_group",
        "app",
        "at",
        "slot",
        "plan",
    ]
)


@cache
def load() -> dict[str, Fault]:
    """Every fault by id. Raises InputError that lists all mistakes of the files at once."""
    entries = {name: entry for file in sorted(FOLDER.glob("*.toml")) for name, entry in _entries(file).items()}
    mistakes = [mistake for name, entry in entries.items() for mistake in check(name, entry)]
    codes = [str(entry.get("code")) for entry in entries.values()]
    mistakes += [f"code {code} is used twice" for code in sorted({c for c in codes if codes.count(c) > 1})]
    if mistakes:
        raise InputError("; ".join(mistakes), file="checks/faults", remedy="Mend the entries named.")
    return {name: _fault(name, entry) for name, entry in entries.items()}


def _entries(file: Path) -> dict[str, dict[str, Any]]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def check(name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    """Mistakes of one entry, in words."""
    yield from (f"{name}: {member} is missing" for member in NEEDED if not entry.get(member))
    yield from (f"{name}: {member} is not known" for member in entry if member not in ALLOWED)
    if entry.get("severity") not in SEVERITIES:
        yield f"{name}: severity {entry.get('severity')}"
    if entry.get("shown_by", "evidence") not in SHOWN_BY:
        yield f"{name}: shown_by {entry['shown_by']}"
    if entry.get("remedy", {}).get("safety", "safe") not in SAFETIES:
        yield f"{name}: safety {entry['remedy']['safety']}"
    yield from (f"{name}: cause {cause}" for cause in entry.get("causes", []) if cause not in Cause.__members__)
    text = repr(dict(entry))
    yield from (f"{name}: placeholder {{{p}}}" for p in sorted(set(PLACEHOLDER.findall(text)) - PLACEHOLDERS))
    if re.search(r"</?[a-z]+>", str(entry.get("says", ""))):
        yield f"{name}: HTML in words"


def _fault(name: str, entry: Mapping[str, Any]) -> Fault:
    remedy = entry["remedy"]
    return Fault(
        id=name,
        code=entry["code"],
        title=entry["title"],
        severity=entry["severity"],
        says=entry["says"],
        owner_says=entry["owner_says"],
        causes=tuple(entry.get("causes", ())),
        needs=tuple(entry.get("needs", ())),
        sources=tuple(entry["sources"]),
        aliases=tuple(entry.get("aliases", ())),
        shown_by=entry.get("shown_by", "evidence"),
        remedy=Remedy(
            does=remedy["does"],
            az=tuple(remedy.get("az", ())),
            powershell=tuple(remedy.get("powershell", ())),
            portal=tuple(remedy.get("portal", ())),
            safety=remedy.get("safety", "safe"),
            undo=remedy.get("undo", ""),
        ),
    )


def fault(name: str) -> Fault:
    """A fault by id or alias. Raises InputError where there is none."""
    faults = load()
    if name in faults:
        return faults[name]
    found = next((f for f in faults.values() if name in f.aliases), None)
    if found is None:
        known = [*faults, *(alias for one in faults.values() for alias in one.aliases)]
        remedy = did_you_mean(name, known, "All of them: mi-workbook faults.")
        raise InputError(f"There is no fault '{name[:LONGEST]}'.", remedy=remedy)
    return found


@cache
def known_ids() -> frozenset[str]:
    """Every id of the catalogue, aliases included."""
    return frozenset(name for one in load().values() for name in (one.id, *one.aliases))


@cache
def alias_reasons() -> dict[str, str]:
    """Why an id is an alias of a fault: a sentence for each alias."""
    return {name: str(why) for name, why in tomllib.loads(REASONS.read_text(encoding="utf-8")).items()}


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders filled; what is not known stays as <name>. A value is one line, whatever it holds."""
    return PLACEHOLDER.sub(lambda match: unfilled(_one_line(values.get(match[1], ""))) or f"<{match[1]}>", text)


def _one_line(value: str) -> str:
    return "".join(c if c.isprintable() else " " if c in "\r\n\t" else "\ufffd" for c in value)


def fill_command(text: str, values: Mapping[str, str], shell: str) -> str:
    """A command with every value quoted for its shell (az: bash; powershell)."""
    quote: Callable[[str], str] = _powershell if shell == "powershell" else shlex.quote
    between = "," if shell == "powershell" else " "
    return PLACEHOLDER.sub(lambda match: _quoted(values.get(match[1], ""), match[1], quote, between), text)


def _quoted(value: str, name: str, quote: Callable[[str], str], between: str) -> str:
    """The value as one word; ports and prefixes are lists, and each item is a word."""
    if not value:
        return f"<{name}>"
    if name in WORDS:
        return " ".join(quote(unfilled(word)) for word in value.split())
    words = value.split(", ") if name in LISTS else [value]
    return between.join(quote("".join(c if c.isprintable() else "?" for c in unfilled(word))) for word in words)


def _powershell(value: str) -> str:
    safe = re.fullmatch(r"[A-Za-z0-9_./:-]+", value)
    return value if safe else "'" + re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", value) + "'"
