"""What is in a paste: every piece of console output that a parser knows, and every line that nobody understood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mi_workbook.core.errors import InputError
from mi_workbook.evidence.pastes.clean import COMMAND, clean_lines, without_secrets
from mi_workbook.evidence.pastes.formats import FORMATS
from mi_workbook.evidence.pastes.paste import Claim, Line, Parser, Reading

LARGEST = 4_000_000


@dataclass(frozen=True, slots=True)
class Pastes:
    """What was read, in the paste's order.

    left: lines that are in no reading, none of them blank; secrets in them are replaced by a mark. commands: lines that
    only repeat the command typed. Each reading has lines of its own that were not understood: `Reading.left`.
    """

    readings: tuple[Reading, ...]
    left: tuple[Line, ...] = ()
    commands: tuple[Line, ...] = ()

    @property
    def whole(self) -> bool:
        """True where something was read, nothing was cut, and no line was left over."""
        complete = all(reading.whole and not reading.left for reading in self.readings)
        return bool(self.readings) and not self.left and complete


def read_pastes(text: str, kind: str = "") -> Pastes:
    """Read a paste of one or several pieces of console output.

    kind: read all of it as this format, "" to recognise formats by content. Raises InputError for an empty paste, one
    over 4 million characters, and a kind that no parser has.
    """
    if not text.strip():
        raise InputError("There is nothing to read.", remedy="Paste the output of the command.")
    if len(text) > LARGEST:
        raise InputError(
            f"The paste is longer than {LARGEST:,} characters.", remedy="Cut it down to the output that matters."
        )
    lines = clean_lines(text)
    if kind:
        return Pastes((_reading(_named(kind), lines, (lines[0].number, lines[-1].number)),))
    readings, free = _readings(lines)
    filled = [line for line in free if line.text.strip()]
    commands = tuple(line for line in filled if COMMAND.match(line.text))
    said = {line.number for line in commands}
    left = tuple(without_secrets(line for line in filled if line.number not in said))
    return Pastes(tuple(sorted(readings, key=lambda one: one.span)), left, commands)


def _named(kind: str) -> Parser:
    for parser in FORMATS:
        if kind == parser.KIND:
            return parser
    known = ", ".join(parser.KIND for parser in FORMATS)
    raise InputError(f"No format is called {kind!r}.", remedy=f"Known: {known}.")


def _readings(lines: Sequence[Line]) -> tuple[list[Reading], list[Line]]:
    """Formats in the order of FORMATS, the surest first; a later one sees only what is still free, run by run."""
    runs, found = [list(lines)], []
    for parser in FORMATS:
        free: list[list[Line]] = []
        for run in runs:
            at = 0
            for claim in _ordered(parser, run):
                block = run[claim.first : claim.last + 1]
                found.append(_reading(parser, block, (block[0].number, block[-1].number)))
                free.append(run[at : claim.first])
                at = claim.last + 1
            free.append(run[at:])
        runs = [run for run in free if run]
    return found, [line for run in runs for line in run]


def _ordered(parser: Parser, run: Sequence[Line]) -> Iterator[Claim]:
    """Claims of one parser, sorted, inside the run; one that overlaps the claim before it is left out."""
    end = -1
    for claim in sorted(parser.claims(run), key=lambda one: one.first):
        if end < claim.first <= claim.last < len(run):
            end = claim.last
            yield claim


def _reading(parser: Parser, block: Sequence[Line], span: tuple[int, int]) -> Reading:
    try:
        reading = parser.read(block)
    except Exception as error:  # our own fault in one format must not lose the others
        note = f"Reading this failed, and the fault is ours ({parser.KIND}, {type(error).__name__}): no line of it was read."
        reading = Reading(
            parser.KIND, parser.TITLE, (), tuple(line for line in block if line.text.strip()), (note,), False
        )
    return replace(reading, span=span, left=tuple(without_secrets(iter(reading.left))))
