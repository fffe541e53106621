"""What a paste holds: connection strings, an error text, versions of drivers; and what each says of the other."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from mi_workbook.core.errors import InputError
from mi_workbook.evidence.connection_string import ConnectionString, StringFinding, judge, read_all
from mi_workbook.evidence.drivers import DriverVersion, read_versions
from mi_workbook.evidence.encodings import text_of
from mi_workbook.evidence.error_text import LONGEST, ErrorReading, classify

NAME_LENGTH = 300  # a server name is at most 253 characters; what is longer is a paste
PASTED = (";", "\n", "=", "://")


@dataclass(frozen=True, slots=True)
class Explanation:
    """The readings of one paste.

    error is None where strings or versions were found and no error was recognised. confirmed: suspects of the error that
    a string or a version shows as well. target: the server for `diagnose --to`, "" where none was named.
    """

    strings: tuple[tuple[ConnectionString, tuple[StringFinding, ...]], ...]
    error: ErrorReading | None
    confirmed: tuple[str, ...] = ()
    versions: tuple[DriverVersion, ...] = ()

    @property
    def target(self) -> str:
        """The server as the application has it: that of the string first, then that of the error."""
        of_strings = [string.target for string, _ in self.strings if string.target]
        return of_strings[0] if of_strings else (self.error.target if self.error else "")


def read_paste(file: str) -> str:
    """The text of a file, or of standard input for "-", in any encoding of `encodings`; bytes that are no text as marks.

    Raises InputError where it cannot be read.
    """
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise InputError(f"It cannot be read: {error.strerror}.", file=file, remedy="Check the path.") from None
    try:
        return text_of(data)
    except UnicodeDecodeError:
        return data.decode("utf-8", errors="replace")


def explain(text: str) -> Explanation:
    """Read a paste. Raises InputError for an empty one and for one that is too long."""
    if not text.strip():
        raise InputError("There is nothing to read.", remedy="Paste a connection string or an error message.")
    if len(text) > LONGEST:
        raise InputError("The text is longer than a million characters.", remedy="Cut it down to the part that fails.")
    strings = tuple((string, judge(string)) for string in read_all(text))
    named = next((string for string, _ in strings if string.host), None)
    error = classify(text, named.host if named else "", named.port if named else None)
    versions = read_versions(text)
    if (strings or versions) and not error.understood:
        return Explanation(strings, None, versions=versions)
    shown = {finding.fault for _, findings in strings for finding in findings if finding.severity != "info"}
    shown |= {version.driver.fault for version in versions if version.too_old}
    return Explanation(strings, error, tuple(s.fault for s in error.suspects if s.fault in shown), versions)


def explained(text: str) -> Explanation | None:
    """The same, None where neither a connection string, a known error nor a version of a driver is in it."""
    if not text.strip() or len(text) > LONGEST:
        return None
    try:
        found = explain(text)
    except InputError:
        return None
    return None if found.error is not None and not found.error.understood and not found.strings else found


def server_of(typed: str) -> str:
    """The server as typed; of a pasted connection string or error text, the server it names ("" where it names none).

    Nothing else of such a paste is kept: there is often a password in it.
    """
    text = typed.strip()
    if len(text) <= NAME_LENGTH and not any(mark in text for mark in PASTED):
        return text
    return explain(text).target
