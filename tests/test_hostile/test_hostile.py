"""Names from evidence are shown, never obeyed: HTML, Markdown, terminals, spreadsheets, paths, shells."""

from __future__ import annotations

import csv
import html.parser
import io
import json
import re
import shlex
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from mi_workbook.cases import Case, all_cases
from mi_workbook.core.errors import InputError
from mi_workbook.core.finding import Diagnosis
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import Snapshot, from_document
from mi_workbook.views.html import csv_cell
from mi_workbook.views.report import to_html, to_markdown
from mi_workbook.views.tables import views
from mi_workbook.views.text import render

EVIL = {
    "html": "<img src=x onerror=alert(1)>",
    "attribute": "\" onmouseover=\"alert(1)",
    "script": "</script></style><script>alert(1)</script>",
    "markdown": "[x](javascript:alert(1)) ![y](http://e.example/z) `c` | d",
    "fence": "```\n~~~\n# heading\n<b>bold</b>",
    "ansi": "\x1b[2J\x1b]0;title\x07\x9b31m",
    "formula": "=cmd|' /C calc'!A0",
    "path": "../../../etc/passwd",
    "direction": "\u202egnp.exe",
    "shell": "$(touch canary)`touch canary`;touch canary|touch canary&",
    "quotes": "'; touch canary; '\"; touch canary; \"",
    "lines": "a\ntouch canary\n# b",
    "option": "--yes --output=none",
}  # fmt: skip
BASES = [one for one in all_cases() if one.root_cause and not one.id.startswith("same-vnet-name")]
COMMON_NAMES = re.compile(
    r'"name": "((?:nsg|rt|vnet|snet|nic|vm|pe|vgw|ergw|site|to|app|data|hub|allow|deny|via|mi)[-_][^"/]*)"'
)


def hostile(base: Case, evil: str) -> Snapshot:
    """The case with the text put before every name, at the end of ids as well, so that references still hold."""
    text = json.dumps(base.snapshot().to_dict())
    inner = json.dumps(evil.replace("/", "\u2215"))[1:-1]
    kept = {base.source.rpartition(":")[2].partition("=")[0], "mi-orders"}
    for name in sorted(set(COMMON_NAMES.findall(text)) - kept, key=len, reverse=True):
        if not any(name != other and name in other for other in kept):
            text = re.sub(rf'(?<=["/]){re.escape(name)}(?=["/])', lambda _, n=name: inner + n, text)
    document = json.loads(text)
    document["source"] = {}
    for one in document["resources"]:
        one["tags"] = {evil: evil}
    return from_document(document)


@cache
def asked(base: Case, evil: str) -> tuple[Snapshot, Diagnosis]:
    """The hostile case and its diagnosis."""
    snapshot = hostile(base, evil)
    source = base.source
    if "/" in source and not source.startswith("/"):
        source = next(
            r["properties"]["subnets"][0]["id"] for r in snapshot.resources if r["type"].endswith("virtualNetworks")
        )
    return snapshot, diagnose(snapshot, source, base.target, base.endpoint)


class Tags(html.parser.HTMLParser):
    """Names of elements and attributes that a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember them."""
        self.seen |= {tag, *(name for name, _ in attrs)}


def tags(text: str) -> set[str]:
    """Elements and attributes of a page."""
    parser = Tags()
    parser.feed(text)
    return parser.seen


@pytest.mark.parametrize("kind", EVIL)
@pytest.mark.parametrize("base", BASES[::7], ids=lambda c: c.id)
def test_pages_hold_no_element_of_a_name(base: Case, kind: str) -> None:
    """The HTML report has the elements and attributes that it has with harmless names, and no others."""
    snapshot, found = asked(base, EVIL[kind])
    sound, usual = asked(base, "x")
    page = to_html(found, snapshot)
    assert tags(page) <= tags(to_html(usual, sound)) | {"details", "summary"}
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e]", page)


@pytest.mark.parametrize("kind", ["ansi", "direction"])
@pytest.mark.parametrize("base", BASES[::5], ids=lambda c: c.id)
def test_terminals_and_markdown_get_no_control_characters(base: Case, kind: str) -> None:
    """No escape sequence and no change of direction reaches a terminal, in prose or in a command."""
    _snapshot, found = asked(base, EVIL[kind])
    out = io.StringIO()
    from rich.console import Console

    render(found, Console(file=out, width=200))
    for text in (
        out.getvalue(),
        *(command for f in found.findings for command in (*f.remedy.az, *f.remedy.powershell)),
    ):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)


def test_markdown_report_gets_no_control_characters() -> None:
    """Neither prose nor a block of commands carries an escape sequence of a name."""
    texts = [to_markdown(found, snapshot) for snapshot, found in (asked(base, EVIL["ansi"]) for base in BASES)]
    assert not [text for text in texts if re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)]


def command_blocks(text: str) -> list[list[str]]:
    """Lines of each fenced block, fenced as CommonMark reads them."""
    found: list[list[str]] = []
    fence = ""
    for line in text.split("\n"):
        mark = re.match(r" {0,3}(`{3,}|~{3,})", line)
        if fence and mark and mark[1].startswith(fence) and not line.strip().strip(mark[1][0]):
            fence = ""
        elif fence:
            found[-1].append(line)
        elif mark:
            fence = mark[1]
            found.append([])
    return found


def strangers(base: Case, kind: str) -> list[str]:
    """Lines of the report's command blocks that are neither az commands nor comments."""
    snapshot, found = asked(base, EVIL[kind])
    lines = [line for block in command_blocks(to_markdown(found, snapshot)) for line in block]
    return [line for line in lines if line and not line.startswith(("az ", "# ", "export ", "mi-workbook "))]


@pytest.mark.parametrize("kind", [kind for kind in EVIL if kind not in {"lines", "fence"}])
def test_command_blocks_hold_commands_and_comments_only(kind: str) -> None:
    """What a user copies from the report is what the tool wrote."""
    usual = {line for base in BASES[::4] for line in strangers(base, "path")}
    for base in BASES[::4]:
        assert {re.sub(r"\S*\.\.∕\S*", "", line) for line in strangers(base, kind)} <= {
            re.sub(r"\S*\.\.∕\S*", "", line) for line in usual}, base.id  # fmt: skip


@pytest.mark.parametrize("kind", ["lines", "fence"])
def test_names_with_line_breaks_add_no_line_to_a_command_block(kind: str) -> None:
    """A name with a line break starts no line of its own in what a user copies and runs."""
    assert not [line for base in BASES for line in strangers(base, kind)]


@pytest.mark.parametrize("kind", EVIL)
def test_spreadsheets_take_no_cell_for_a_formula(kind: str) -> None:
    """A CSV of any table is one row for each row, and no cell begins as a formula does."""
    snapshot, found = asked(BASES[3], EVIL[kind])
    for table in views(snapshot, found).values():
        rows = list(csv.reader(io.StringIO(table.to_csv())))
        assert len({len(row) for row in rows}) == 1
        assert not [cell for row in rows for cell in row if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]
    assert next(csv.reader([csv_cell(EVIL[kind]).replace("\n", " ")]))[0][:1] not in {"=", "+", "-", "@"}


def run(script: str, folder: Path) -> list[list[str]]:
    """What bash hands to `az`, word for word, for every command of a script."""
    stand_in = 'az() { printf "%s\\0" "$@" >> words; printf "\\1\\0" >> words; echo id; }\n'
    subprocess.run([shutil.which("bash") or "bash", "--norc", "-c", stand_in + script], cwd=folder, timeout=60, check=False,
                   capture_output=True, env={"PATH": "/usr/bin:/bin"})  # fmt: skip
    raw = (folder / "words").read_bytes() if (folder / "words").exists() else b""
    return [part.decode("utf-8", "replace").split("\0")[:-1] for part in raw.split(b"\x01\0")[:-1]]


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not here")
@pytest.mark.parametrize("kind", EVIL)
def test_bash_hands_over_every_value_as_one_word(tmp_path: Path, kind: str) -> None:
    """Printed commands run in a real bash do nothing but call az, with as many words as with harmless names."""
    checked = 0
    for number, base in enumerate(BASES[::3]):
        _, found = asked(base, EVIL[kind])
        _, usual = asked(base, "x")
        for one, other in zip(found.findings, usual.findings, strict=False):
            if one.fault != other.fault:
                continue
            for line, plain in zip(one.remedy.az, other.remedy.az, strict=False):
                if re.search(r"<[A-Za-z][^>]*>", plain):
                    continue  # a value is left to the user
                folder = tmp_path / f"{number}-{checked}"
                folder.mkdir()
                words = run(line, folder)
                assert sorted(p.name for p in folder.iterdir()) == ["words"], line
                assert words and [len(w) for w in words] == [len(w) for w in run(plain, _fresh(folder))], line
                checked += 1
    assert checked > 10


def _with_gaps(evil: str) -> list[str]:
    """The commands in the gaps of hostile cases from which one kind of resource was taken each time."""
    lines: set[str] = set()
    for base in BASES[::9]:
        document = asked(base, evil)[0].to_dict()
        for kind in sorted({one["type"].lower() for one in document["resources"]}):
            less = {**document, "resources": [one for one in document["resources"] if one["type"].lower() != kind]}
            less.pop("integrity", None)
            try:
                found = diagnose(from_document(less), base.source, base.target, base.endpoint)
            except InputError:
                continue
            lines |= {gap.how[at.start() :] for gap in found.gaps for at in re.finditer(r"\baz [a-z]", gap.how)}
    return sorted(line for line in lines if not re.search(r"<[A-Za-z][^>]*>", line.split("'")[0]))


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not here")
@pytest.mark.parametrize("kind", ["shell", "quotes", "lines"])
def test_commands_that_fetch_missing_evidence_run_nothing_of_a_name(tmp_path: Path, kind: str) -> None:
    """A gap's command, copied up to where its prose goes on, hands hostile ids over as words."""
    lines = _with_gaps(EVIL[kind])
    assert any("touch" in line for line in lines)
    for number, line in enumerate(lines):
        folder = tmp_path / str(number)
        folder.mkdir()
        run(line, folder)
        assert not (folder / "canary").exists(), line


def _fresh(folder: Path) -> Path:
    inner = folder / "usual"
    inner.mkdir()
    return inner


def _printed(kind: str) -> list[str]:
    return [line for base in BASES[::3] for f in asked(base, EVIL[kind])[1].findings for line in f.remedy.powershell]


@pytest.mark.parametrize("kind", EVIL)
def test_powershell_values_stand_in_single_quotes(kind: str) -> None:
    """Outside of single quotes no PowerShell command holds a part of a hostile value (where pwsh exists it parses them too)."""
    lines = _printed(kind)
    assert lines
    usual = {re.sub(r"'(?:[^']|'')*'|\bx[\w.-]+", "", line) for line in _printed_usual()}
    for line in lines:
        bare = re.sub(r"'(?:[^']|'')*'", "", line)
        assert not re.search(r"touch|onerror|\$\(touch|calc|javascript|\x1b", bare), line
    assert usual


def _printed_usual() -> list[str]:
    return [line for base in BASES[::3] for f in asked(base, "x")[1].findings for line in f.remedy.powershell]


@pytest.mark.skipif(shutil.which("pwsh") is None, reason="PowerShell is not here")
@pytest.mark.parametrize("kind", EVIL)
def test_powershell_parses_what_is_printed(kind: str) -> None:
    """A real PowerShell finds no error and no command of the name's in it."""
    for line in _printed(kind):
        script = "[void][scriptblock]::Create([Console]::In.ReadToEnd())"
        done = subprocess.run(
            ["pwsh", "-NoProfile", "-Command", script], input=line, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, line


def test_words_of_bash_are_what_shlex_says() -> None:
    """The stand-in itself hands words over unchanged."""
    assert shlex.split("az 'a b' \"c\"")[1:] == ["a b", "c"]
