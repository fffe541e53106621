"""Connection strings of every driver: what they ask for, and which faults they show. Secrets never enter the result."""

from __future__ import annotations

from mi_workbook.core.errors import InputError
from mi_workbook.evidence.string_faults import StringFinding, judge
from mi_workbook.evidence.string_search import search
from mi_workbook.evidence.string_values import ConnectionString, made

__all__ = ["ConnectionString", "StringFinding", "judge", "read", "read_all"]


def read(text: str) -> ConnectionString:
    """The first connection string of a text. Raises InputError where there is none; the error shows nothing of it."""
    found = read_all(text)
    if not found:
        raise InputError(
            "No connection string was recognised.",
            remedy="Paste it whole: Server=...;..., jdbc:sqlserver://..., sqlserver://..., a settings file, or the code.",
        )
    return found[0]


def read_all(text: str) -> tuple[ConnectionString, ...]:
    """Every connection string of a text, in order; secrets are dropped while reading."""
    return tuple(made(found) for found in search(text))
