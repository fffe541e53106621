"""Which of many known names somebody may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MOST = 4
LONGEST = 80  # characters of what was typed that are compared and shown


def nearest(typed: str, known: Iterable[str]) -> list[str]:
    """The few known names closest to what was typed: those that hold it, or that it holds, then those spelled like it."""
    word, names = typed[:LONGEST].strip().lower(), list(known)
    if not word:
        return []
    by_part = [name for name in names if word in name.lower() or name.lower() in word]
    alike = difflib.get_close_matches(word, names, MOST, 0.6)
    return list(dict.fromkeys([*alike[:1], *by_part, *alike]))[:MOST]


def did_you_mean(typed: str, known: Iterable[str], all_of: str) -> str:
    """A remedy for an unknown name: the nearest, and the command or place that lists all."""
    *others, last = nearest(typed, known) or [""]
    meant = f"{', '.join(others)} or {last}" if others else last
    return f"Did you mean {meant}? {all_of}" if meant else all_of
