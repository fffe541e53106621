"""What stays as it is because it belongs to Azure or to everybody: words, regions, service tags, types, labels of host names."""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from mi_workbook.evidence.probes.outcome import AddressClass, Outcome

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,7})?(?:Z|[+-]\d\d:\d\d)?|\d{4}-\d\d-\d\d")
PORTS = re.compile(r"\*|\d{1,5}(?:-\d{1,5})?")
VERSION = re.compile(r"\d{1,2}(?:\.\d{1,5}){1,2}")
TYPE = re.compile(r"(?:Microsoft\.[A-Za-z]+)(?:/[A-Za-z]+)*", re.IGNORECASE)


@cache
def read(name: str) -> dict[str, Any]:
    """One of the data files beside this module."""
    return tomllib.loads((files("mi_workbook.evidence.redaction") / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def listed(name: str) -> frozenset[str]:
    """A list of words.toml in lower case."""
    return frozenset(text.lower() for text in read("words")[name])


@cache
def segments() -> frozenset[str]:
    """Every part of a known type, and those that stand in ids alone."""
    parts = (part for kind in listed("kinds") for part in kind.split("/"))
    return frozenset(parts) | listed("segments")


@cache
def _skus() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{one})" for one in read("words")["skus"]), re.IGNORECASE)


@cache
def _words() -> frozenset[str]:
    return listed("words") | {one.value for one in Outcome} | {one.value for one in AddressClass}


def is_kind(kind: str) -> bool:
    """True for a type of resource that an answer may rest on."""
    return kind.lower() in listed("kinds")


def is_type(text: str) -> bool:
    """True for a provider, a type, or an operation on one, of which every part is known."""
    return bool(TYPE.fullmatch(text)) and all(part.lower() in segments() for part in text.split("/"))


def is_region(text: str) -> bool:
    """True for a region of Azure's, as "westeurope" or "West Europe"."""
    return text.replace(" ", "").lower() in listed("regions")


def is_tag(text: str) -> bool:
    """True for a service tag, with a region behind it or none."""
    name, _, region = text.lower().partition(".")
    return name in listed("tags") and (not region or is_region(region))


def is_common(text: str) -> bool:
    """True for a word of the list, and for a number, which counts interfaces or ports."""
    return text.lower() in _words() or bool(PORTS.fullmatch(text))


@lru_cache(maxsize=4096)
def is_word(text: str) -> bool:
    """True for a text that Azure, a tool or this product wrote: one of a list, or of a shape that holds nobody's name."""
    shaped = any(shape.fullmatch(text) for shape in (TIME, VERSION, _skus()))
    return shaped or is_common(text) or is_region(text) or is_type(text)
