"""All answers of a text, the way the parsers' contract says: claims first, each block read by its parser."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from mi_workbook.evidence.pastes.answers import ANSWERS
from mi_workbook.evidence.pastes.paste import Line, Reading


def lines_of(text: str) -> list[Line]:
    """The lines of a text, numbered from 1."""
    return [Line(number, one) for number, one in enumerate(text.splitlines(), 1)]


def readings_of(text: str) -> list[Reading]:
    """Every reading in the text's order; an earlier parser's claim wins over a later one's."""
    lines, found = lines_of(text), []
    taken: set[int] = set()
    for parser in ANSWERS:
        for claim in parser.claims(lines):
            block = set(range(claim.first, claim.last + 1))
            assert 0 <= claim.first <= claim.last < len(lines)
            if not block & taken:
                taken |= block
                found.append(parser.read(lines[claim.first : claim.last + 1]))
    return sorted(found, key=lambda one: one.span)


def shown(text: str) -> list[dict[str, Any]]:
    """What a fixture's JSON holds of each reading."""
    return [
        {
            "kind": one.kind,
            "about": one.about,
            "whole": one.whole,
            "left": [line.text for line in one.left],
            "rows": list(asdict(one)["rows"]),
        }
        for one in readings_of(text)
    ]
