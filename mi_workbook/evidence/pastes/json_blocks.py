"""JSON in a paste: where it begins and ends, and its objects, also where the end was cut off."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any

from mi_workbook.evidence.pastes.paste import Claim, Line

START = re.compile(r"^\s*[\[{]")
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]')
FAR = 120


def json_claims(lines: Sequence[Line], key: str) -> Iterator[Claim]:
    """Blocks of JSON that hold `key` (written with its quotes) near their beginning.

    A block ends where its brackets close, or, where they never do, at the first blank line.
    """
    named = [at for at, line in enumerate(lines) if key in line.text]
    at = 0
    while at < len(lines) and named:
        nearest = bisect_left(named, at)
        if not START.match(lines[at].text) or nearest == len(named) or named[nearest] >= at + FAR:
            at += 1
            continue
        last = _end(lines, at)
        yield Claim(at, last)
        at = last + 1


def _end(lines: Sequence[Line], first: int) -> int:
    depth = 0
    for at in range(first, len(lines)):
        if not lines[at].text.strip():
            return at - 1
        for token in TOKEN.findall(lines[at].text):
            depth += 1 if token in "[{" else -1 if token in "]}" else 0
        if depth <= 0:
            return at
    return len(lines) - 1


def json_objects(lines: Sequence[Line]) -> tuple[list[dict[str, Any]], bool, tuple[Line, ...]]:
    """The objects of a list, or the one object; whether the text is whole; and the lines after the last one that is.

    Never raises: numbers of absurd length and nesting of absurd depth are text that was not understood.
    """
    text = "\n".join(line.text for line in lines)
    try:
        value = json.loads(text)
        listed = value if isinstance(value, list) else [value]
        return [one for one in listed if isinstance(one, dict)], True, ()
    except (ValueError, RecursionError):
        return _salvaged(text, lines)


def _salvaged(text: str, lines: Sequence[Line]) -> tuple[list[dict[str, Any]], bool, tuple[Line, ...]]:
    decoder, found, at = json.JSONDecoder(), [], 0
    start = re.compile(r"[\s,\[]*(?=\{)")
    while True:
        match = start.match(text, at)
        if match is None:
            break
        try:
            value, at = decoder.raw_decode(text, match.end())
        except (ValueError, RecursionError):
            break
        found.append(value)
    rest = text.count("\n", 0, at) + (1 if at else 0)
    return found, False, tuple(line for line in lines[rest:] if line.text.strip())
