"""Every statement about App Service is covered by something that exists."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import DATA

from mi_workbook.cases import all_cases, case
from mi_workbook.checks.catalogue import fault
from mi_workbook.core.errors import InputError
from mi_workbook.diagnosis import operations
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.diagnosis.planner import sizes
from mi_workbook.guide.features import questionnaire
from mi_workbook.guide.scenario import VIEWS, all_scenarios, question_trees

STATEMENTS = tomllib.loads((Path(__file__).parent / "app_statements.toml").read_text(encoding="utf-8"))["statement"]


def _is_fault(name: str) -> bool:
    try:
        return bool(fault(name))
    except InputError:
        return False


def _is_step(name: str) -> bool:
    scenario, _, step = name.partition("/")
    return scenario in all_scenarios() and step in {one.id for one in all_scenarios()[scenario].steps}


EXISTS: dict[str, Callable[[str], bool]] = {
    "fault": _is_fault,
    "step": _is_step,
    "view": lambda name: name in VIEWS,
    "case": lambda name: name in {one.id for one in all_cases()},
    "feature": lambda name: name in {one.id for one in questionnaire()[0]},
    "question": lambda name: name in {one.id for one in questionnaire()[1]},
    "planner": lambda name: name in {f"{one.feature}/{one.part}" for one in sizes()},
    "operation": lambda name: callable(getattr(operations, name, None)),
}


@pytest.mark.parametrize("one", STATEMENTS, ids=lambda s: s["id"])
def test_statement_is_covered_by_what_exists(one: dict[str, list[str]]) -> None:
    """Each thing that is said to cover a statement is there under that name."""
    assert one["covered"]
    for named in one["covered"]:
        kind, _, name = named.partition(":")
        assert EXISTS[kind](name), named


def test_all_rows_are_there() -> None:
    """34 statements of the document, the choice of features, the two kinds, each once."""
    ids = [one["id"] for one in STATEMENTS]
    assert len(ids) == len(set(ids))
    assert [i for i in ids if i.startswith("D.1.")] == [f"D.1.{n}" for n in range(1, 35)]
    assert len([i for i in ids if i.startswith("D.2.")]) == 6
    assert len([i for i in ids if i.startswith("D.3.")]) == 18


def test_every_fault_of_the_catalogue_is_listed() -> None:
    """Sections E.11 to E.13 of the fault catalogue, where it is beside this checkout."""
    catalogue = DATA.parent / "faults.md"
    if not catalogue.exists():
        pytest.skip("The fault catalogue is not beside this checkout.")
    text = catalogue.read_text(encoding="utf-8")
    part = text[text.index("### E.11") : text.index("### E.14")]
    named = {
        name.strip() for row in re.findall(r"^\| ([a-z][a-z0-9/ -]+) \|", part, re.M) for name in row.split(" / ")
    } - {"id"}
    assert named and named <= {one["id"].removeprefix("E.") for one in STATEMENTS}


# The app's own case of an id that another scenario's fault stands for; for all others the first case that names the fault.
SHOWN_IN = {
    "swift-nsg-out": "app-service-outbound-denied",
    "swift-udr": "app-service-through-appliance",
    "gwi-nsg-pool": "app-gateway-pool-narrow",
    "gwi-udr-blocks-p2s": "app-gateway-reply-through-appliance",
    "gwi-wincontainer": "app-gateway-container",
}
APP_FAULTS = [one["id"].removeprefix("E.") for one in STATEMENTS if one["id"].startswith("E.")]


def _verdict_and_faults(case_id: str) -> tuple[str, set[str]]:
    one = case(case_id)
    found = diagnose(one.snapshot(), one.source, one.target, one.endpoint)
    return found.verdict.value, {finding.fault for finding in found.findings}


@pytest.mark.parametrize("name", APP_FAULTS)
def test_fault_of_the_area_has_a_case_of_an_app_and_a_look_alike(name: str) -> None:
    """Shown: an app's case has it and the case's base, the look-alike, is without it. Told: a question leads to it."""
    known = fault(name)
    if known.shown_by != "evidence":
        told = {
            suspect
            for tree in question_trees().values()
            for step in tree.steps
            for one in step.answers
            for suspect in one.suspects
        }
        assert {known.id, name} & told
        return
    shown = [
        one for one in all_cases() if known.id in one.faults and one.scenario.startswith("app-service") and one.base
    ]
    shown = [case(SHOWN_IN[name])] if name in SHOWN_IN else shown
    assert shown, "no case of an app shows it"
    assert any(
        known.id in _verdict_and_faults(one.id)[1] and known.id not in _verdict_and_faults(one.base)[1] for one in shown
    )
