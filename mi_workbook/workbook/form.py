"""A form and its answer, without widgets: what a panel shows and asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mi_workbook.core.errors import InputError
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.views.table import Table

Values = Mapping[str, str]
LONGEST = 100_000  # characters of one field


@dataclass(frozen=True, slots=True)
class Field:
    """One field. kind: choice (one of a list) | radio (one of a few, or none yet) | text | lines; options: words and id."""

    name: str
    label: str
    kind: str
    options: tuple[tuple[str, str], ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Commands:
    """Lines to copy, under a title."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a form answers. says: the answer in a sentence; mark: "" | bad | good | open, as its colour and sign."""

    says: str
    mark: str = ""
    tables: tuple[Table, ...] = ()
    warnings: tuple[str, ...] = ()
    commands: tuple[Commands, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """A tool. fields: what it asks, by evidence and the values so far; answer: raises InputError or MissingEvidence.

    evidence: needed | optional | none. words: what it is for, in a sentence or two. collect: commands that give the evidence.
    preset: values for the source of a built-in case.
    """

    id: str
    title: str
    words: str
    button: str
    evidence: str
    fields: Callable[[Snapshot, Values], tuple[Field, ...]]
    answer: Callable[[Snapshot, Values], Answer]
    collect: tuple[str, ...] = ()
    preset: Callable[[Snapshot, str], Values] = lambda _, __: {}


def filled(fields: tuple[Field, ...], values: Values) -> dict[str, str]:
    """A value for every field: what was given where it is one of its options, else its first option or nothing.

    Raises InputError for a text of absurd length.
    """
    found = {}
    for one in fields:
        given = values.get(one.name, "")
        if len(given) > LONGEST:
            raise InputError(f"'{one.label}' is longer than {LONGEST} characters.", remedy="Shorten it.")
        ids = [option for _, option in one.options]
        if one.kind == "choice" and given not in ids:
            given = ids[0] if ids else ""
        found[one.name] = "" if one.kind == "radio" and given not in ids else given
    return found


def lines_of(text: str) -> list[tuple[str, str]]:
    """The lines of a field as name and value around '='; a line without one has an empty value."""
    parted = (line.partition("=") for line in text.splitlines() if line.strip())
    return [(name.strip(), value.strip()) for name, _, value in parted]
