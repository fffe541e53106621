"""What is in a paste: every piece of console output that a parser knows, and every line that nobody understood."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mi_workbook.core.errors import InputError
from mi_workbook.evidence.pastes.answer_text import MAY_GO_ON, dns_row
from mi_workbook.evidence.pastes.clean import COMMAND, clean_lines, prompted, unwrapped_lines, without_secrets
from mi_workbook.evidence.pastes.formats import FORMATS
from mi_workbook.evidence.pastes.macos_netstat import NO_SIX
from mi_workbook.evidence.pastes.paste import Claim, Line, Parser, Reading
from mi_workbook.evidence.pastes.shapes import FILTERED, NO_END
from mi_workbook.evidence.pastes.system_names import NOT_FOUND, NOTHING
from mi_workbook.evidence.secrets import may_hold, scrub

# First lines of consoles: Windows PowerShell, cmd, Kudu, the SSH console of an App Service, a login over SSH.
GREETING = re.compile(
    r"^(?:Windows PowerShell$|PowerShell \d|Microsoft Windows \[|Kudu Remote Execution Console|Last login: |Welcome to |"
    r"Linux \S+ \d|[\s_]{6,}$|A P P   S E R V I C E)"
)
MOST_GREETING = 60
LARGEST = 4_000_000
MOST_LINES = 100_000
LEFT_OUT = re.compile(r"^\s*[\[(<]?\s*(?:\.{3,}|snip(?:ped)?|\.\.\. ?\w{1,12} ?\.\.\.)\s*[\])>]?\s*$", re.IGNORECASE)
SHORTENED = "Somebody left lines out of the paste here: rows are missing."
JOINED = "Lines that were broken at the width of a window were put together."
ALL = re.compile(
    r"(?:sudo +)?(?:ip(?: +-4)? +r(?:o|ou|out|oute)?(?: +(?:show|list|ls))?|route +-n|netstat +-(?:rn|nr)(?: +-f +inet)?|"
    r"Get-NetRoute|ipconfig(?:\.exe)?(?: +/all)?)",
    re.IGNORECASE,
)
FILTER = re.compile(
    r"\|\s*(?:head|tail|e?grep|findstr|find|select-string|sls|where|where-object|\?)(?:\s|$)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Pastes:
    """What was read, in the paste's order.

    left: lines that are in no reading, none of them blank; secrets in them are replaced by a mark. commands: lines that
    only repeat the command typed, and a console's greeting before the first prompt. Each reading has lines of its own that were not understood: `Reading.left`.
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
    over 4 million characters or 100,000 lines, and a kind that no parser has.
    """
    if not text.strip():
        raise InputError("There is nothing to read.", remedy="Paste the output of the command.")
    if len(text) > LARGEST or text.count("\n") > MOST_LINES:
        raise InputError(
            f"The paste is longer than {LARGEST:,} characters or {MOST_LINES:,} lines.",
            remedy="Cut it down to the output that matters.",
        )
    lines = clean_lines(text)
    if kind:
        return Pastes(_without((_reading(_named(kind), lines, (lines[0].number, lines[-1].number)),), text))
    found = _recognised(text, lines)
    if found.whole or not (joined := unwrapped_lines(text)):
        return found
    other = _recognised(text, joined)
    if not _better(other, found):
        return found
    return replace(other, readings=tuple(replace(one, notes=(*one.notes, JOINED)) for one in other.readings))


def _better(one: Pastes, other: Pastes) -> bool:
    """True where lines put together are understood better: fewer are left or more is whole, and nothing that was read is lost."""
    (left, whole, rows), (left_before, whole_before, rows_before) = _measures(one), _measures(other)
    kept = left <= left_before and whole >= whole_before and rows >= rows_before
    return kept and (left < left_before or whole > whole_before)


def _measures(one: Pastes) -> tuple[int, int, int]:
    """Lines left, readings that are whole, rows."""
    left = len(one.left) + sum(len(each.left) for each in one.readings)
    return left, sum(each.whole for each in one.readings), sum(len(each.rows) for each in one.readings)


def _recognised(text: str, lines: Sequence[Line]) -> Pastes:
    """The formats in these lines of the text."""
    readings, free = _readings(lines)
    filled = [line for line in free if line.text.strip()]
    greeting = _greeting(lines, prompted(text))
    commands = tuple(line for line in filled if COMMAND.match(line.text) or line.number in greeting)
    said = {line.number for line in commands}
    left = tuple(without_secrets(line for line in filled if line.number not in said))
    ended = sorted(_ended(readings, lines, prompted(text)), key=lambda one: one.span)
    return Pastes(_without(ended, text), left, tuple(without_secrets(iter(commands))))


def _without(readings: Sequence[Reading], text: str) -> tuple[Reading, ...]:
    """Readings whose rows hold no secret either; text: of the whole paste."""
    if not may_hold(text):
        return tuple(readings)
    return tuple(replace(one, rows=tuple(scrub(row) for row in one.rows), about=scrub(one.about)) for one in readings)


def _ended(readings: Sequence[Reading], lines: Sequence[Line], prompts: frozenset[int]) -> Iterator[Reading]:
    """A format without an end mark has an end where the next prompt is there, and its command, which cuts nothing off.

    A table of routes must have been asked for as a whole; any other answer is whole without a pipe behind its command.
    """
    dots = {line.number for line in lines if LEFT_OUT.match(line.text)}
    texts = {line.number: line.text for line in lines}
    places = {line.number: at for at, line in enumerate(lines)}
    after: dict[int, int] = {}
    following = 0
    for line in reversed(lines):
        after[line.number] = following
        following = line.number if line.text.strip() or line.number in prompts else following
    for one in readings:
        first, last = one.span
        typed = texts[first].strip() if first in prompts and after[last] in prompts else ""
        settled = {NO_END} if ALL.fullmatch(typed) else set()
        settled |= {MAY_GO_ON} if typed and "|" not in typed else set()
        settled |= {NO_SIX} if typed.endswith(" inet") else set()
        if NOTHING in one.notes and typed:
            yield _not_found(one)
            continue
        part = one.kind.startswith("azure-") and first in prompts and FILTER.search(texts[first])
        notes = tuple(note for note in one.notes if note not in settled)
        if after[last] in dots or _before(lines[: places[first]]) in dots:
            notes, one = (*notes, SHORTENED), replace(one, whole=False)
        yield replace(one, notes=(*notes, FILTERED) if part else notes)


def _before(lines: Sequence[Line]) -> int:
    """The number of the last line with text, 0 where there is none."""
    return next((line.number for line in reversed(lines) if line.text.strip()), 0)


def _not_found(reading: Reading) -> Reading:
    """A look at a name that printed nothing before the next prompt: it ended there, and why is not said."""
    row = dns_row(reading.about, "failure", "unclear")
    return replace(reading, rows=(row,), notes=(NOT_FOUND,), whole=True)


def _greeting(lines: Sequence[Line], prompts: frozenset[int]) -> frozenset[int]:
    """The lines with which a console greets, from a known first line up to the first prompt; none where no prompt follows."""
    first = min(prompts, default=0)
    before = [line for line in lines if line.number < first and line.text.strip()]
    known = bool(before) and len(before) <= MOST_GREETING and GREETING.match(before[0].text)
    return frozenset(line.number for line in before) if known else frozenset()


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
