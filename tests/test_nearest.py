"""An unknown name of a case, fault, notebook or scenario: the few nearest are named, and what lists all."""

import pytest

from mi_workbook.cases import all_cases
from mi_workbook.cli import main
from mi_workbook.core.nearest import LONGEST, MOST, nearest
from mi_workbook.workbook.session import start
from mi_workbook.workbook.tools import app_view

IDS = [one.id for one in all_cases()]


@pytest.mark.parametrize(
    ("asked", "near", "all_of"),
    [
        (["diagnose", "case:peering-mising"], "peering-missing", "mi-workbook demo"),
        (["routes", "case:Peering-Missing", "vm-app"], "peering-missing", "mi-workbook demo"),
        (["demo", "tier"], "app-service-tier", "mi-workbook demo"),
        (["faults", "peer-mising"], "peer-missing", "mi-workbook faults"),
        (["open", "star"], "start", "practice"),
        (["open", "case:peering-missing"], "diagnose case:ID", "mi-workbook open"),
    ],
)
def test_the_command_line_names_the_nearest(
    asked: list[str], near: str, all_of: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, one or two lines, the right one among the few."""
    assert main(asked) == 2
    said = capsys.readouterr().err
    assert near in said and all_of in said
    assert sum(one in said for one in IDS) <= MOST + 2  # some ids hold others


@pytest.mark.parametrize("typed", ["zzzz", "x" * 10_000, ""])
def test_nothing_near_is_no_guess(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Only what lists all is named, and what was typed is cut."""
    assert main(["diagnose", f"case:{typed}"]) == 2
    said = capsys.readouterr().err
    assert "Did you mean" not in said and "mi-workbook demo" in said
    assert len(said) < 400 + LONGEST


def test_the_screen_names_the_nearest() -> None:
    """A case and a scenario that are not known, by action and by the call of a notebook."""
    session = start()
    session.act({"do": "case", "value": "peering-mising"})
    assert "peering-missing" in session.screen["error"] and "Built-in case" in session.screen["error"]
    assert "vnet-peering" in start("vnet-pering").screen["error"]
    assert len(start("vnet-pering").screen["choose"]["cases"]) == len(IDS) + 1
    assert "app-service-tier" in app_view("app-service-teir").shown["error"]


def test_the_typed_prefix_of_the_demo_command_is_understood(capsys: pytest.CaptureFixture[str]) -> None:
    """`case:` is written elsewhere, so it is typed here too."""
    assert main(["demo", "case:peering-missing"]) == 0
    assert '"resources"' in capsys.readouterr().out


def test_close_by_part_and_by_spelling() -> None:
    """The best spelling first, then names that hold the word; never more than a few."""
    assert nearest("missing", ["peering-missing", "mising", "other"]) == ["mising", "peering-missing"]
    assert len(nearest("peering", IDS)) == MOST
    assert nearest(" ", IDS) == []
