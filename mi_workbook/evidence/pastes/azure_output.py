"""What the parsers of Azure's own answers share: JSON documents inside a paste, tables of `-o table`, lists of PowerShell."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line

LONGEST = 20_000_000
DEEPEST = 60
OPENS = re.compile(r"^[ \t]*([\[{])", re.MULTILINE)
# A blank line, or one that begins with a word or a prompt: no line of JSON does, so a document that is cut off ends there.
BREAK = re.compile(r"\n[ \t]*(?=\n)|\n(?=[ \t]*(?!true\b|false\b|null\b)[A-Za-z$>*;#])")
TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[\[\]{}]')
PROPERTY = re.compile(r"^\s*(?P<key>[A-Za-z][\w ]{1,40}?)\s*:(?: (?P<value>.*))?$")
COMMANDS = ("az", "get-azeffectiveroutetable", "get-azvirtualnetworkgatewaylearnedroute", "get-aznetworkwatchernexthop")


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON document of a paste: its lines (positions), its value, and whether it was complete."""

    first: int
    last: int
    value: Any
    whole: bool


def documents(lines: Sequence[Line]) -> tuple[Document, ...]:
    """Every JSON document that begins at the start of a line; one that is cut off is closed where it ends."""
    return _documents("\n".join(line.text for line in lines))


@lru_cache(maxsize=8)
def _documents(text: str) -> tuple[Document, ...]:
    if len(text) > LONGEST or not OPENS.search(text):
        return ()
    return tuple(_Search(text).run())


class _Search:
    """One pass over a paste. What is looked at twice is bounded, so that nested rubbish costs no more than its length."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.patience = 4 * len(text) + 1_000_000
        self.breaks = [found.start() for found in BREAK.finditer(text)] + [len(text)]

    def run(self) -> Iterator[Document]:
        """Every document, in order."""
        here, line, counted = 0, 0, 0
        for start in OPENS.finditer(self.text):
            begin = start.start(1)
            if begin < here or self.patience < 0:
                continue
            found = self._document(begin)
            if found is None:
                continue
            value, end, whole = found
            line += self.text.count("\n", counted, begin)
            last = line + self.text.count("\n", begin, end)
            yield Document(line, last, value, whole)
            here, line, counted = end, last, end

    def _document(self, begin: int) -> tuple[Any, int, bool] | None:
        """Up to the next blank line or command; beyond it only where the whole of it is JSON."""
        stop = self.breaks[bisect_left(self.breaks, begin)]
        end, stack, safe = self._scan(begin, stop)
        closed = end is None and safe is not None
        if end is None and stop < len(self.text):
            end, _, _ = self._scan(begin, len(self.text))
        try:
            if end is not None:
                return json.loads(self.text[begin:end]), end, True
            if closed:
                closing = "".join("}" if one == "{" else "]" for one in reversed(stack))
                return json.loads(self.text[begin:safe] + closing), begin + len(self.text[begin:stop].rstrip()), False
        except (ValueError, RecursionError):
            pass
        return None

    def _scan(self, begin: int, stop: int) -> tuple[int | None, list[str], int | None]:
        """The end of the document; or, where it is cut off, the open brackets after the last whole entry of its list."""
        stack: list[str] = []
        safe: tuple[int, list[str]] | None = None
        depth = place = 0
        for token in TOKEN.finditer(self.text, begin, stop):
            sign, place = token[0], token.start()
            if sign in "[{":
                stack.append(sign)
                depth = depth or (len(stack) if sign == "[" else 0)
            elif sign in "]}":
                opened = stack.pop() if stack else ""
                safe = (place + 1, list(stack)) if len(stack) == depth else safe
                if opened != ("[" if sign == "]" else "{") or not stack:
                    break
            if len(stack) > DEEPEST:
                break
        else:
            self.patience -= stop - begin
            return None, (safe[1] if safe else []), (safe[0] if safe else None)
        self.patience -= place - begin
        return (place + 1, [], None) if not stack and self.text[place] in "]}" else (None, [], None)


def get(value: Any, name: str) -> Any:
    """A member whatever its case, also one level down in `properties`; None where it is absent."""
    if not isinstance(value, Mapping):
        return None
    wanted = name.lower()
    found = next((item for key, item in value.items() if str(key).lower() == wanted), None)
    if found is None and name != "properties":
        inner = get(value, "properties")
        return get(inner, name) if isinstance(inner, Mapping) else None
    return found


def elements(value: Any) -> list[Any]:
    """The list that an answer is, or holds in `value`."""
    inner = get(value, "value") if isinstance(value, Mapping) else value
    return inner if isinstance(inner, list) else []


def texts(value: Any) -> list[str]:
    """A member that is a text, a list of texts, or PowerShell's `{a, b}`, as a list."""
    if isinstance(value, list):
        return [str(one) for one in value if isinstance(one, (str, int)) and str(one)]
    plain = str(value or "").strip().removeprefix("{").removesuffix("}")
    return [one for one in re.split(r"[,\s]+", plain) if one and one not in {"...", "…"}]


def text(value: Any) -> str:
    """A member as text, "" for none."""
    return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


def option(lines: Sequence[Line], *names: str) -> str:
    """The value of an option of the `az` or PowerShell command before the output, "" where it is not in the paste."""
    words = at.typed(lines, *COMMANDS)
    for word, after in pairwise(words):
        if word.lower() in names:
            return after.strip("'\"")
    return next((word.partition("=")[2] for word in words if word.partition("=")[0].lower() in names), "")


def with_command(lines: Sequence[Line], first: int) -> int:
    """The position of the az or PowerShell command right before, else `first`."""
    before = first - 1
    while before >= 0 and at.blank(lines[before].text):
        before -= 1
    return before if before >= 0 and at.command(lines[before].text, *COMMANDS) is not None else first


def json_claims(lines: Sequence[Line], fits: Any) -> Iterator[Claim]:
    """The documents whose value fits."""
    for one in documents(lines):
        if fits(one.value):
            yield Claim(with_command(lines, one.first), one.last)


def document(lines: Sequence[Line]) -> Document | None:
    """The document of a claimed block."""
    return next(iter(documents(lines)), None)


@dataclass(frozen=True, slots=True)
class Table:
    """heads: column names, letters only, and their (begin, end). rows: (line, cells by head)."""

    heads: tuple[str, ...]
    rows: tuple[tuple[Line, dict[str, str]], ...]


def table_claims(lines: Sequence[Line], needed: Iterable[str], more: Iterable[str] = ()) -> Iterator[Claim]:
    """Tables with a line of dashes whose heads hold all words of `needed` (letters only)."""
    wanted = set(needed)
    for here in range(len(lines) - 1):
        if not at.is_dashes(lines[here + 1].text):
            continue
        if wanted <= set(heads_of(lines[here].text, lines[here + 1].text)):
            end = here + 2
            while end < len(lines) and not at.blank(lines[end].text) and not at.is_command(lines[end].text):
                end += 1
            closing = end if end < len(lines) and at.blank(lines[end].text) else end - 1
            yield Claim(with_command(lines, here), closing)


def heads_of(heads: str, dashes: str) -> list[str]:
    """Column names, letters only; by the dashes, or by words two blanks apart where the columns were lost."""
    by_place = [at.letters(one) for one in at.cells(heads, at.spans(dashes))]
    by_gap = [at.letters(one) for one in re.split(r"\s{2,}|\t", heads.strip())]
    return by_gap if len(by_gap) == len(by_place) else by_place


def table(lines: Sequence[Line]) -> Table:
    """The table of a claimed block; rows whose columns were lost are cut at two blanks, if that gives as many cells."""
    at_dashes = next((here for here in range(1, len(lines)) if at.is_dashes(lines[here].text)), 0)
    if not at_dashes:
        return Table((), ())
    heads = heads_of(lines[at_dashes - 1].text, lines[at_dashes].text)
    columns = at.spans(lines[at_dashes].text)
    rows = []
    for line in lines[at_dashes + 1 :]:
        if not at.blank(line.text):
            by_gap = re.split(r"\s{2,}|\t", line.text.strip())
            values = by_gap if len(by_gap) == len(heads) else at.cells(line.text, columns)
            rows.append((line, dict(zip(heads, values, strict=False))))
    return Table(tuple(heads), tuple(rows))


def list_claims(lines: Sequence[Line], first: Iterable[str], needed: str, known: Iterable[str]) -> Iterator[Claim]:
    """Blocks of `Key : value` lines that begin with one of `first` and hold `needed` (letters only)."""
    begins, keys = set(first), set(known)

    def key(content: str) -> str:
        found = PROPERTY.match(content[: at.LONGEST_LINE])
        return at.letters(found["key"]) if found else ""

    for claim in at.blocks(lines, lambda one: key(one) in begins, lambda one: key(one) in keys, *COMMANDS):
        if any(key(one.text) == needed for one in lines[claim.first : claim.last + 1]):
            yield claim


def entries(lines: Sequence[Line], left: list[Line]) -> Iterator[dict[str, str]]:
    """The entries of a list: a key that comes again begins the next one."""
    entry: dict[str, str] = {}
    for line in at.without_command(lines, *COMMANDS):
        found = PROPERTY.match(line.text[: at.LONGEST_LINE])
        if found:
            key = at.letters(found["key"])
            if key in entry:
                yield entry
                entry = {}
            entry[key] = (found["value"] or "").strip()
        elif not at.blank(line.text):
            left.append(line)
    if entry:
        yield entry
