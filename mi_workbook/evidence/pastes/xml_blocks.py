"""XML in a paste: where it begins and ends, and its elements; a DTD is refused, and what was cut off is said."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from mi_workbook.evidence.pastes.paste import Claim, Line

DECLARED = re.compile(r"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
PROLOGUE = re.compile(r"^\s*(?:<\?xml|<!)", re.IGNORECASE)
LIKE_XML = re.compile(r"[<>]|^\s*[A-Za-z0-9+/=]{20,}\s*$")
REFUSED = "The file declares a document type or entities (DTD), which no VPN profile has: it was not read."
CUT = "The XML is cut off or damaged: what follows after the last whole element is missing."
DEEPEST = 60
_Parser = Any  # ElementTree.XMLPullParser: the type of its events differs between Python's versions


@dataclass(frozen=True, slots=True)
class Element:
    """An element that was read to its end: its names from the root down, its own text, and those of its children."""

    path: tuple[str, ...]
    text: str
    children: dict[str, str]


def xml_claims(lines: Sequence[Line], root: str) -> Iterator[Claim]:
    """Blocks from the root's opening tag, with the prologue above it, to its closing tag; cut blocks to their last tag."""
    opening = re.compile(rf"<(?:\w{{1,20}}:)?{root}(?=[\s>/])", re.IGNORECASE)
    closing = re.compile(rf"</(?:\w{{1,20}}:)?{root}\s*>", re.IGNORECASE)
    ends = [at for at, line in enumerate(lines) if closing.search(line.text)]
    at = 0
    while at < len(lines):
        if not opening.search(lines[at].text):
            at += 1
            continue
        nearest = bisect_left(ends, at)
        last = ends[nearest] if nearest < len(ends) else _last_tag(lines, at)
        yield Claim(_prologue(lines, at), last)
        at = last + 1


def _prologue(lines: Sequence[Line], at: int) -> int:
    first = at
    while (
        first > 0 and at - first < 30 and (PROLOGUE.match(lines[first - 1].text) or not lines[first - 1].text.strip())
    ):
        first -= 1
    while first < at and not lines[first].text.strip():
        first += 1
    return first


def _last_tag(lines: Sequence[Line], at: int) -> int:
    last = at
    for here in range(at, len(lines)):
        if lines[here].text.strip() and not LIKE_XML.search(lines[here].text):
            break
        last = here if lines[here].text.strip() else last
    return last


def xml_elements(lines: Sequence[Line]) -> tuple[list[Element], bool, str]:
    """The elements, whether the document is whole, and why not. Names are in lower case, without namespaces."""
    text = "\n".join(line.text for line in lines).strip()
    if DECLARED.search(text):
        return [], False, REFUSED
    parser: _Parser = ElementTree.XMLPullParser(("start", "end"))
    found: list[Element] = []
    path: list[str] = []
    try:
        parser.feed(text)
        found += _ended(parser, path)
        parser.close()
    except ElementTree.ParseError:
        found += _ended(parser, path)
        return found, False, CUT
    return found, True, ""


def _ended(parser: _Parser, path: list[str]) -> list[Element]:
    """Elements whose end was seen. What the parser reports as an error ends the list."""
    found = []
    try:
        for event, node in parser.read_events():
            name = str(node.tag).rpartition("}")[2].lower()
            if event == "start":
                path.append(name)
                continue
            children = {str(child.tag).rpartition("}")[2].lower(): (child.text or "").strip() for child in node}
            if len(path) <= DEEPEST:
                found.append(Element(tuple(path), (node.text or "").strip(), children))
            path.pop()
    except ElementTree.ParseError:
        return found
    return found
