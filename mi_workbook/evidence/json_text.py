"""JSON among other text: outputs of several commands in one file, with the commands, prompts and warnings between them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from mi_workbook.evidence.pastes.clean import COLOUR, clean_lines

# A line that can only be the beginning of a JSON object or list of objects; `[...]`, `[1] 4242` and `{ [5 bytes data]` are not.
OPENS = re.compile(r"^[ \t]*(?=\{\s*[\"}]|\[\s*[\[{\]])", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Found:
    """A JSON value and where its text begins and ends."""

    value: Any
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Documents:
    """The JSON values of a text in its order. broken: why and where the one after them could not be read, None for whole."""

    text: str
    found: tuple[Found, ...]
    broken: json.JSONDecodeError | None

    def without(self, taken: list[Found]) -> str:
        """The text without these values: their lines stay, empty, so that every other line keeps its number."""
        parts, at = [], 0
        for one in taken:
            parts += [self.text[at : one.first], "\n" * self.text.count("\n", one.first, one.end)]
            at = one.end
        return "".join([*parts, self.text[at:]])


def no_number(word: str) -> Any:
    """NaN and Infinity are no JSON, though many writers produce them."""
    raise ValueError(word)


def documents(text: str) -> Documents:
    """The JSON values that begin at the beginning of a line. Raises ValueError for NaN and Infinity, RecursionError for absurd depth.

    Where none is found as the text stands, it is read once more without
    what mail and word processors did to it (curled quotes, blanks that do not break, quoting marks).
    Nothing inside a value that is cut off is read: its parts would pass for resources of their own.
    """
    plain = COLOUR.sub("", text)
    read = _documents(plain)
    if read.found or not OPENS.search(cleaned := "\n".join(line.text for line in clean_lines(text))):
        return read
    again = _documents(cleaned)
    return again if again.found else read


def _documents(text: str) -> Documents:
    found: list[Found] = []
    decoder, at = json.JSONDecoder(parse_constant=no_number), 0
    while (opening := OPENS.search(text, at)) is not None:
        try:
            value, end = decoder.raw_decode(text, opening.end())
        except json.JSONDecodeError as error:
            return Documents(text, tuple(found), error)
        found.append(Found(value, opening.end(), end))
        at = end
    return Documents(text, tuple(found), None)
