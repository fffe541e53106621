"""What a parser is given (lines) and gives back (a reading): rows, and every line it did not understand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the paste: its number, from 1, and its text without the line's end."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Claim:
    """Lines that a parser takes for its own: positions in the paste, last one included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One piece of console output, read.

    kind: the format's id. rows: plain values, shape in the parser's docstring. left: lines that were not understood, never
    dropped in silence. notes: what a reader must know, in whole sentences. whole: False where the output ends before its
    format does. about: the name or address that was asked about, "" where it names none.
    """

    kind: str
    title: str
    rows: tuple[dict[str, Any], ...]
    left: tuple[Line, ...] = ()
    notes: tuple[str, ...] = ()
    whole: bool = True
    about: str = ""
    span: tuple[int, int] = field(default=(0, 0))


class Parser(Protocol):
    """A format: what it is called, which lines are its own, and how they are read. One module each."""

    KIND: str
    TITLE: str

    def claims(self, lines: Sequence[Line]) -> Iterable[Claim]:
        """The blocks of lines that are surely in this format, by content and never by file name."""

    def read(self, lines: Sequence[Line]) -> Reading:
        """Read one claimed block. Never raises for any text: what it cannot read is in `left`."""
