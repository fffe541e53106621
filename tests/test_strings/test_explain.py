"""`mi-workbook explain`: what a paste holds is recognised, and the two readings help each other."""

import io
import json
import sys
from pathlib import Path

import pytest

from mi_workbook.cli import main
from mi_workbook.evidence.explain import explain

MI = "mi-orders.a1b2c3d4e5f6.database.windows.net"
STRING = f"Server=tcp:{MI},1433;User Id=u;Password=Zq9xK7;Encrypt=True;Connect Timeout=30"


def paste(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Put a text on standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_a_string_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The string is read, no error is made up, and the next command is ready to copy."""
    paste(monkeypatch, STRING)
    assert main(["explain", "-"]) == 0
    out = capsys.readouterr().out
    assert f"--to '{MI},1433'" in out and "The string itself shows no fault" in out and "Layer" not in out
    assert "Zq9xK7" not in out


def test_an_error_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Layer, proof, suspects and tests come out as JSON."""
    file = tmp_path / "trace.txt"
    file.write_text(f"Failed to connect to {MI}:1433 - getaddrinfo ENOTFOUND {MI}", encoding="utf-16")
    assert main(["explain", str(file), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "mi-workbook/explain/1" and document["connection_strings"] == []
    assert document["error"]["layer"] == "name" and f"{MI},1433" == document["target"]
    assert document["error"]["suspects"][0]["fault"] == "name-typo"


def test_both_confirm_each_other() -> None:
    """A suspect of the error that the string shows is named."""
    text = 'Server=10.0.0.4,1433;User Id=u;Password=Zq9xK7;Connect Timeout=30\n\nCannot open server "10.0.0.4" requested by the login. Error: 40532'
    explanation = explain(text)
    assert explanation.confirmed == ("ip-used",) and explanation.error and explanation.error.layer == "login"


def test_the_strings_server_fills_the_commands() -> None:
    """Where the error names no server, the tests take the one of the string."""
    error = explain(f"{STRING}\n\nConnection timed out").error
    assert error and any(MI in command for test in error.tests for _, command in test.commands)


def test_unknown_text_is_unknown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 3, and what would help."""
    paste(monkeypatch, "it does not work")
    assert main(["explain", "-"]) == 3
    assert "Would help" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", " \n", "a" * 1_000_001])
def test_bad_input_is_one_sentence(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing, or far too much."""
    paste(monkeypatch, text)
    assert main(["explain", "-"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """Named, with a remedy."""
    assert main(["explain", "nowhere.txt"]) == 2
    assert "nowhere.txt" in capsys.readouterr().err


def test_control_characters_are_shown_and_not_obeyed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A paste cannot drive the terminal."""
    paste(monkeypatch, f"Server={MI}\x1b[31m;User Id=u;Password=p")
    assert main(["explain", "-"]) == 0
    assert "\x1b[31m" not in capsys.readouterr().out
