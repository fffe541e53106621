"""Every fixture of every format, through the recognition that a user's paste takes: cut anywhere, and disguised anyhow."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mi_workbook.evidence.pasted import observations_of
from mi_workbook.evidence.pastes.formats import FORMATS
from mi_workbook.evidence.pastes.recognise import Pastes, read_pastes

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("*/*.txt"))
SIGNATURE = "\n\nRegards\nAnna\n"


def _name(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


def _text(file: Path) -> str:
    return file.read_bytes().decode("utf-8", errors="replace")


def _rows(pastes: Pastes) -> list[tuple[str, tuple[dict[str, Any], ...]]]:
    return [(one.kind, one.rows) for one in pastes.readings]


def test_every_format_has_a_fixture_here() -> None:
    """A new format comes with its fixtures, and so into the properties below."""
    assert {parser.KIND for parser in FORMATS} == {file.parent.name for file in FIXTURES}


@pytest.mark.parametrize("file", FIXTURES, ids=_name)
def test_cut_at_any_line_an_output_that_lost_rows_says_so(file: Path) -> None:
    """Whether or not the last line's end is there. Between two outputs nothing can tell that another one followed."""
    lines = _text(file).splitlines()
    full = read_pastes("\n".join(lines)).readings
    for end in range(1, len(lines)):
        for tail in ("", "\n"):
            text = "\n".join(lines[:end]) + tail
            if not text.strip():
                continue
            cut = read_pastes(text)
            seen = {one.span[0]: one for one in cut.readings}
            for one in full:
                last = max(n for n in range(one.span[0], one.span[1] + 1) if lines[n - 1].strip())
                if one.span[0] in seen and one.span[0] <= end < last and len(seen[one.span[0]].rows) < len(one.rows):
                    there = seen[one.span[0]]
                    assert not there.whole or there.left or there.notes or cut.left, (end, lines[end - 1])


DISGUISES: dict[str, Callable[[str], str]] = {
    "line ends of Windows": lambda text: text.replace("\r\n", "\n").replace("\n", "\r\n"),
    "byte order mark": lambda text: "\ufeff" + text,
    "Markdown fence": lambda text: f"```text\n{text}\n```\n",
    "quoted mail": lambda text: "".join(f"> {line}\n" for line in text.splitlines()),
    "quoted twice": lambda text: "".join(f"> > {line}\n" for line in text.splitlines()),
    "no-break spaces": lambda text: text.replace("  ", "\u00a0\u00a0"),
    "UTF-16 read as UTF-8": lambda text: "\x00".join(text) if text.isascii() else text,
    "colours": lambda text: text.replace(" ", " \x1b[0m", 40),
    "blanks at line ends": lambda text: "".join(f"{line}   \n" for line in text.splitlines()),
    "quotes of Word": lambda text: text.replace("'", "\u2019").replace('"', "\u201c"),
    "escaped for a web page": lambda text: (
        text if "<" in text and ">" in text else html.escape(text).replace("  ", "&nbsp; ")
    ),
    "letters and accents apart": lambda text: unicodedata.normalize("NFD", text),
    "double spacing": lambda text: text.replace("\n", "\n\n") if sum(map(bool, text.split("\n"))) >= 6 else text,
    "double spacing of Windows": lambda text: (
        text.replace("\n", "\r\n \r\n") if sum(map(bool, text.split("\n"))) >= 6 else text
    ),
    "dashes of Word": lambda text: text.replace("--", "\u2014"),
    "a mail around it": lambda text: f"Hello,\n\nplease find the output:\n\n{text}{SIGNATURE}",
}


@pytest.mark.parametrize("file", FIXTURES, ids=_name)
def test_what_mail_word_and_consoles_add_changes_no_row(file: Path) -> None:
    """The same outputs with the same rows, whatever the text went through on its way."""
    text = _text(file)
    plain = _rows(read_pastes(text))
    for name, disguise in DISGUISES.items():
        if name == "quotes of Word" and ("<" in text or "{" in text):
            continue  # a program writes and reads these; nobody passes them through Word
        assert _rows(read_pastes(disguise(text))) == plain, name


def test_a_signature_is_no_rest_of_a_wrapped_name() -> None:
    """PowerShell wraps long names; what stands after a blank line is not one's rest."""
    text = "Name   Type TTL Section IPAddress\n----   ---- --- ------- ---------\na.b.c  A    60  Answer  10.4.0.62"
    (one,) = read_pastes(text + SIGNATURE).readings
    assert [row["name"] for row in one.rows] == ["a.b.c"]


def test_the_next_prompt_shows_the_end_of_a_table_of_azure() -> None:
    """Without it more rows may have followed, and a pipe may have taken some."""
    table = _text(Path(__file__).parent / "fixtures" / "azure-effective-routes" / "az_table.txt")
    rows = "\n".join(line for line in table.splitlines() if line.strip() and "az network" not in line)
    typed = "ops@jump:~$ az network nic show-effective-route-table -g rg -n nic-app01 -o table"
    for text, complete in (
        (f"{typed}\n{rows}\nops@jump:~$ \n", True), (f"{typed}\n{rows}\n", False), (f"{rows}\n", False),
        (f"{typed} | head -5\n{rows}\nops@jump:~$ \n", False),
    ):  # fmt: skip
        (one,) = [found for found in observations_of(text, "sent.txt") if found["kind"] == "effectiveRoutes"]
        assert one["complete"] is complete, text[-200:]
