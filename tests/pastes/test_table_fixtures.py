"""Fixture pairs: a text as it was pasted, and what must be read from it; whole, cut at any line, and disguised."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mi_workbook.evidence.pastes.formats import FORMATS
from mi_workbook.evidence.pastes.paste import Reading
from mi_workbook.evidence.pastes.recognise import Pastes, read_pastes
from mi_workbook.evidence.pastes.shapes import NO_END
from mi_workbook.views.pastes import pastes_json

OWN = {
    "route-print", "get-netroute", "netsh-route", "ip-route", "linux-netstat", "macos-netstat", "proc-net-route", "ipconfig", "routes-txt",
    "azure-vpn-profile", "vpn-settings", "openvpn-profile",
}  # fmt: skip
TEXTS = sorted(path for path in (Path(__file__).parent / "fixtures").glob("*/*.txt") if path.parent.name in OWN)
LANGUAGES = {"en", "de", "fr", "es", "it", "pt-br", "ru", "ja", "zh-cn"}


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace")


def _expected(path: Path) -> dict[str, Any]:
    return json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


def _rows(pastes: Pastes) -> list[dict[str, Any]]:
    return [row for reading in pastes.readings for row in reading.rows]


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_fixture_is_read_as_it_says(path: Path) -> None:
    """One reading of the right kind, every row, nothing left over, nothing called whole that is not."""
    expected = _expected(path)
    pastes = read_pastes(_text(path))
    assert [reading.kind for reading in pastes.readings] == [expected["kind"]]
    assert list(pastes.readings[0].rows) == expected["rows"]
    assert [line.text for line in pastes.readings[0].left] == expected["left"]
    assert pastes.readings[0].whole is expected["whole"]
    assert pastes.left == ()


def test_every_format_and_nine_languages_have_fixtures() -> None:
    """No format is without a pair, and Windows is shown in nine display languages."""
    assert {path.parent.name for path in TEXTS} == OWN <= {parser.KIND for parser in FORMATS}
    for kind in ("both", "4"):
        assert {path.stem.removesuffix(f"-{kind}") for path in TEXTS if path.stem.endswith(f"-{kind}")} >= LANGUAGES


def _says_so(reading: Reading) -> bool:
    """True where the reading tells that rows may be missing after its last line."""
    return (
        not reading.whole or bool(reading.left) or NO_END in reading.notes or any("cut off" in n for n in reading.notes)
    )


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_cut_at_any_line_no_row_is_lost_in_silence(path: Path) -> None:
    """From the first line on or up to the last: all rows, or the paste says that it is read in part."""
    lines, rows = _text(path).splitlines(keepends=True), _expected(path)["rows"]
    for at in range(1, len(lines)):
        for piece in ("".join(lines[:at]), "".join(lines[at:])):
            if not piece.strip():
                continue
            pastes = read_pastes(piece)
            if _rows(pastes) != rows:
                told = not pastes.readings or bool(pastes.left) or any(map(_says_so, pastes.readings))
                assert told, f"cut at line {at}: {piece[-200:]}"


@pytest.mark.parametrize(
    "path",
    [p for p in TEXTS if p.stem in {"en-both", "zh-cn-4", "fr-xp", "json", "list", "de-all"}],
    ids=lambda p: p.stem,
)
def test_a_row_cut_inside_never_becomes_another_row(path: Path) -> None:
    """Every row that is read from a text cut at any character is a row of the whole text, but for the last metric."""
    text = _text(path)
    known = [dict(row, metric=0, index=0) for row in _expected(path)["rows"]]
    for at in range(1, len(text), 7):
        read = _rows(read_pastes(text[:at])) if text[:at].strip() else []
        strange = [row for row in read[:-1] if dict(row, metric=0, index=0) not in known]
        assert strange == [] or read[0]["what"] in ("host", "adapter"), strange


DISGUISES = {
    "crlf": lambda text: text.replace("\r\n", "\n").replace("\n", "\r\n"),
    "bom": lambda text: "\ufeff" + text,
    "fence": lambda text: f"```text\n{text}\n```\n",
    "quoted": lambda text: "".join(f"> {line}\n" for line in text.splitlines()),
    "no-break": lambda text: text.replace("  ", "\u00a0\u00a0"),
    "utf-16 as utf-8": lambda text: "\x00".join(text) if text.isascii() else text,
    "zero width": lambda text: text.replace("0", "0\u200b"),
    "colours": lambda text: text.replace(" ", " \x1b[0m", 40),
}


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("path", TEXTS[::3], ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_what_mail_and_consoles_add_changes_nothing(path: Path, disguise: str) -> None:
    """The same rows, whatever the text went through."""
    assert _rows(read_pastes(DISGUISES[disguise](_text(path)))) == _expected(path)["rows"]


@pytest.mark.parametrize(
    "path",
    [p for p in TEXTS if p.parent.name in {"route-print", "ip-route", "routes-txt", "macos-netstat"}],
    ids=lambda p: p.stem,
)
def test_indentation_lost_and_tabs_for_blanks(path: Path) -> None:
    """Tables that a web form or Word flattened are read the same; an adapter's name cut at the window's edge is not asked."""
    if path.stem == "fr-xp" or (path.parent.name == "ip-route" and "nexthop" not in _text(path)):
        return
    flat = "\n".join(
        "\t".join(line.split("  ")[0:1] + line.split("  ")[1:]).strip() for line in _text(path).splitlines()
    )
    read = [row for row in _rows(read_pastes(flat)) if row["what"] == "route"]
    assert read == [row for row in _expected(path)["rows"] if row["what"] == "route"]


def test_secrets_of_profiles_come_out_nowhere() -> None:
    """Whatever of a profile is pasted, and however it is cut: nothing that comes out holds its secrets."""
    for path in TEXTS:
        lines = _text(path).splitlines(keepends=True)
        if "PLANTED" not in "".join(lines):
            continue
        for at in range(len(lines)):
            for piece in ("".join(lines[:at]), "".join(lines[at:])):
                if piece.strip():
                    shown = json.dumps(pastes_json(read_pastes(piece)))
                    assert "PLANTED" not in shown, f"{path.name} cut at {at}"


@settings(max_examples=60, deadline=None)
@given(
    order=st.permutations(range(6)), gap=st.sampled_from(["\n\n", "\nand now the next:\n\n", "\nC:\\Users\\anna>\n"])
)
def test_several_in_one_paste_in_any_order(order: list[int], gap: str) -> None:
    """Pieces of several tools do not take lines from each other."""
    names = (
        "route-print/de-4",
        "ipconfig/en-all",
        "routes-txt/mask",
        "get-netroute/table",
        "azure-vpn-profile/custom",
        "ip-route/text",
    )
    paths = [Path(__file__).parent / "fixtures" / f"{names[at]}.txt" for at in order]
    pastes = read_pastes(gap.join(_text(path) for path in paths))
    assert [reading.kind for reading in pastes.readings] == [path.parent.name for path in paths]
    assert _rows(pastes) == [row for path in paths for row in _expected(path)["rows"]]
