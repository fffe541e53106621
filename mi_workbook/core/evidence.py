"""Where a fact was read, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Evidence:
    """A value at an address: an ARM resource id (the document) and a JSON pointer inside it."""

    document: str
    pointer: str
    value: Any


@dataclass(frozen=True, slots=True)
class Gap:
    """Evidence that is missing: what, why it matters, and the exact way to get it."""

    missing: str
    why: str
    how: str
