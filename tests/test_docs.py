"""Documentation that is made from data is fresh, and every statement of the two documents is covered by something."""

import importlib.util
from pathlib import Path

import pytest

from mi_workbook.cases import all_cases
from mi_workbook.checks.catalogue import known_ids, load
from mi_workbook.core.errors import InputError
from mi_workbook.guide.scenario import SCENARIOS, disagreement_trees, question_trees
from mi_workbook.views import coverage, fault_pages
from mi_workbook.views.pages import write

DOCS = Path(__file__).parent.parent / "docs"
LISTED = {
    line.split()[1] for line in (Path(__file__).parent / "catalogue_ids.txt").read_text().splitlines()[1:] if line
}


def test_pages_of_faults_are_fresh() -> None:
    """docs/faults holds exactly what the catalogue says today."""
    kept = {file.name: file.read_text(encoding="utf-8") for file in (DOCS / "faults").glob("*.md")}
    assert kept == fault_pages.pages(), "run python docs/build.py"


def test_a_page_tells_both_readers_and_how_to_undo() -> None:
    """Each page holds the words for both readers, a remedy, the way back, and its sources; no placeholder is left."""
    made = fault_pages.pages()
    assert set(made) == {f"{fault_id}.md" for fault_id in load()} | {"index.md"}
    for fault in load().values():
        page = made[f"{fault.id}.md"]
        for part in ("For the network's side", "For the application's owner", "## Remedy", "**Undo.**", "## Sources"):
            assert part in page
        assert "{" + "mi}" not in page and "{" + "group}" not in page
        assert fault.id in made["index.md"]


def test_page_shows_what_the_diagnosis_says_about_a_case() -> None:
    """Each fault that a case shows has that case's own words, values and commands; no page leaves its reader with a placeholder."""
    made = fault_pages.pages()
    shown = {fault for one in all_cases() for fault in one.faults}
    assert shown and all(("## Example" in made[f"{fault}.md"]) == (fault in shown) for fault in load())
    assert [name for name, page in made.items() if "<detail>" in page] == []
    page = made["rt-client-nva.md"]
    assert "User route via-fw sends the forward packets through it" in page
    assert "az network route-table route delete -g rg-app --route-table-name rt-app -n via-fw" in page
    assert "`rt-app/properties/routes/0` is `via-fw`" in page


def test_pages_of_faults_that_are_gone_are_removed(tmp_path: Path) -> None:
    """Writing twice changes nothing, and an old page does not stay."""
    (tmp_path / "gone.md").write_text("old", encoding="utf-8")
    write(tmp_path, fault_pages.pages())
    first = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.glob("*.md")}
    write(tmp_path, fault_pages.pages())
    assert "gone.md" not in first
    assert first == {file.name: file.read_text(encoding="utf-8") for file in tmp_path.glob("*.md")}


def test_coverage_page_is_fresh() -> None:
    """docs/coverage.md holds what the data says."""
    assert (DOCS / "coverage.md").read_text(encoding="utf-8") == coverage.page(), "run python docs/build.py"


@pytest.mark.parametrize("one", coverage.statements(), ids=lambda s: f"{s.document}-{s.says[:40]}")
def test_what_covers_a_statement_exists(one: coverage.Statement) -> None:
    """Faults, scenarios, trees, cases and modules that a statement names are there."""
    cases = {case.id for case in all_cases()}
    for kind, name in one.named:
        there = {
            "fault": name in known_ids() | LISTED,  # every listed id is held to be a fault by its own test
            "scenario": name in SCENARIOS,
            "tree": name in {**question_trees(), **disagreement_trees()},
            "case": name in cases,
            "module": kind == "module" and importlib.util.find_spec(name) is not None,
            "note": bool(name),
        }
        assert there[kind], f"{kind}:{name}"


def test_a_statement_covered_by_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty list and an unknown kind are both named."""
    bad = tmp_path / "coverage.toml"
    bad.write_text(
        '[[statement]]\ndocument = "S1"\nsection = "x"\nsays = "nothing"\nby = []\n'
        '[[statement]]\ndocument = "S9"\nsection = "x"\nsays = "moon"\nby = ["moon:x"]\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(coverage, "FILE", bad)
    with pytest.raises(InputError, match="nothing; moon"):
        coverage.statements.__wrapped__()
