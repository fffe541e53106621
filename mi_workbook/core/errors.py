"""Errors of the package, one tree.

    MiWorkbookError
    ├── InputError        bad input: names file, place and remedy (exit code 2)
    └── MissingEvidence   a fact was not collected: carries the Gap that says how to get it

A crash of our own is never dressed up as either of them.
"""

from __future__ import annotations

from mi_workbook.core.evidence import Gap


class MiWorkbookError(Exception):
    """Anything this package raises on purpose."""


class InputError(MiWorkbookError):
    """Input that cannot be used.

    Args:
        what: what is wrong, in one sentence.
        file: the file or input it is in, or "" for a command line word.
        place: line, column or JSON pointer inside it, or "".
        remedy: what the user can do about it.
    """

    def __init__(self, what: str, *, file: str = "", place: str = "", remedy: str = "") -> None:
        self.what, self.file, self.place, self.remedy = what, file, place, remedy
        where = ", ".join(part for part in (file, place) if part)
        super().__init__(" ".join(part for part in (f"{where}:" if where else "", what, remedy) if part))


class MissingEvidence(MiWorkbookError):
    """The answer depends on something that was not collected."""

    def __init__(self, gap: Gap) -> None:
        self.gap = gap
        super().__init__(f"{gap.missing}: {gap.why} {gap.how}")
