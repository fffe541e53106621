"""Questions to a person: every answer leads on, and every walk ends in a repair, a request, a note or another tree."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trees import FILE, mistakes, step_text, tree_text

from mi_workbook.cases import all_cases, case
from mi_workbook.checks.catalogue import alias_reasons, known_ids, load
from mi_workbook.core.errors import InputError
from mi_workbook.core.verdict import Verdict
from mi_workbook.evidence.snapshot import from_document
from mi_workbook.guide.choose import choices_for, choices_for_paste
from mi_workbook.guide.scenario import SCENARIOS, Scenario, all_scenarios, load_text, question_trees, tree
from mi_workbook.guide.walk import Walk, outcome, start

TREES = list(question_trees().values())
IDS = [line.split() for line in (Path(__file__).parent / "catalogue_ids.txt").read_text().splitlines()[1:] if line]


def leaves(walk: Walk) -> list[Walk]:
    """Every end that answers lead to from here."""
    if walk.step.is_end:
        return [walk]
    return [end for answer in walk.step.answers for end in leaves(walk.answer(answer.id))]


@pytest.mark.parametrize("one", TREES, ids=lambda t: t.id)
def test_every_answer_leads_to_an_end(one: Scenario) -> None:
    """A repair names faults; every other end says where to go on or what to collect."""
    ends = leaves(start(one))
    assert len(ends) > len(one.steps)
    for walk in ends:
        assert walk.step.end in {"repair", "evidence", "escalation", "tree"}
        if walk.step.end == "repair":
            assert walk.answers[-1].suspects, walk.answered
        if walk.step.end == "tree":
            assert walk.step.leads_to in SCENARIOS | set(question_trees())


@pytest.mark.parametrize("one", [*all_scenarios().values(), *TREES], ids=lambda t: t.id)
def test_every_verdict_and_every_answer_at_every_step_leads_to_an_end(one: Scenario) -> None:
    """Each step that can be met, by evidence or by answers, goes on to a repair, a request, a note or another tree."""
    met: dict[str, Walk] = {}
    waiting = [start(one)]
    while waiting:
        walk = waiting.pop()
        if walk.at in met:
            continue
        met[walk.at] = walk
        waiting += [walk.advance(verdict) for verdict in Verdict if walk.step.exits]
        waiting += [walk.answer(answer.id) for answer in walk.step.answers]
    ends = [walk.step for walk in met.values() if walk.step.is_end]
    assert set(met) == {step.id for step in one.steps}
    assert ends and all(step.end in {"repair", "evidence", "escalation", "tree"} for step in ends)


@pytest.mark.parametrize("one", TREES, ids=lambda t: t.id)
def test_not_knowing_is_always_an_answer_and_ends(one: Scenario) -> None:
    """Whoever knows nothing is asked for evidence or sent to a scenario, never told a cause."""
    walk = start(one)
    while not walk.step.is_end:
        walk = walk.advance(Verdict.UNKNOWN)
    assert walk.step.end in {"evidence", "tree", "escalation"}
    assert walk.suspects == ()


def test_every_tree_is_reached_from_the_start() -> None:
    """From the start tree each scenario and each tree of questions can be reached, through the ends of others."""
    found: set[str] = set()
    waiting = ["start"]
    while waiting:
        here = waiting.pop()
        if here in found or here not in {*all_scenarios(), *question_trees()}:
            found.add(here)
            continue
        found.add(here)
        waiting += [step.leads_to for step in tree(here).steps if step.leads_to]
    assert found == SCENARIOS | set(question_trees())


def test_answers_are_kept_taken_back_and_saved() -> None:
    """Back forgets the answer of the step it returns to; what is saved holds plain values."""
    walk = start(tree("start")).answer("name").answer("unknown")
    assert walk.suspects[:2] == ("name-typo", "fqdn-no-zone")
    assert walk.taken == (("error", "blocked"), ("string", "unknown"))
    assert walk.back().answered == (("error", "name"),)
    assert walk.back().back() == start(tree("start"))
    assert walk.to_dict()["answered"] == [["error", "name"], ["string", "unknown"]]
    with pytest.raises(InputError, match="timeout"):
        start(tree("start")).answer("moon")
    with pytest.raises(InputError, match="start"):
        tree("moon")


def test_a_step_may_be_judged_by_evidence_or_answered() -> None:
    """One step with both: evidence takes its exit, a person theirs."""
    both = load_text(
        tree_text(
            step_text(
                "a",
                'decisions = ["name"]',
                'next = { reachable = "healthy", blocked = "repair", unknown = "collect" }',
                'asks = "Is it up?"',
                """answers = [ { id = "unknown", says = "I do not know", proves = "nothing", next = "collect" },
            { id = "no", says = "No", proves = "It is down.", next = "repair", suspects = ["mi-stopped"], means = "blocked" } ]""",
            ),
            *map(step_text, ("repair", "collect", "healthy")),
        ),
        FILE,
    )
    assert start(both).advance(Verdict.REACHABLE).at == "healthy"
    assert start(both).answer("no").suspects == ("mi-stopped",)


def test_all_mistakes_of_a_question_are_told_at_once() -> None:
    """Unknown faults, a missing way out, dead ends, wrong verdicts and circles stand in one message."""
    told = mistakes(
        tree_text(
            step_text(
                "a",
                'asks = "Is it?"',
                """answers = [ { id = "yes", says = "Yes", proves = "", next = "b", suspects = ["no-such-fault"], means = "maybe" },
            { id = "yes", says = "Yes", proves = "It is.", next = "moon", suspects = "mi-stopped" }, 7 ]""",
            ),
            step_text(
                "b",
                'asks = "Again?"',
                """answers = [ { id = "unknown", says = "?", proves = "nothing", next = "a" },
            { id = "x", says = "x", proves = "x", next = "c" } ]""",
            ),
            step_text("c"),
        )
    )
    for words in (
        "no-such-fault",
        "no answer 'unknown'",
        "answer yes stands twice",
        "answer yes has no proves",
        "leads to moon",
        "means maybe, which is no verdict",
        "an answer is not a table",
        "a: suspects of answer yes is not a list",
        "b: leads back to a",
        "c: a dead end",
    ):
        assert words in told


@pytest.mark.parametrize(
    "text", ["step = 7", "step = [{ next = 3, answers = 4, shows = 5 }]", 'id = "x"\nstep = [1]', "id = ", 'id = "x"']
)
def test_a_file_that_is_no_tree_is_bad_input(text: str) -> None:
    """Wrong types are told as such."""
    with pytest.raises(InputError, match=r"x\.toml"):
        load_text(text, "x.toml")


def test_what_only_a_person_knows_is_asked() -> None:
    """Each fault that only an answer shows stands in some answer of the guide."""
    asked = {f for one in (*TREES, *all_scenarios().values()) for s in one.steps for a in s.answers for f in a.suspects}
    assert {fault.id for fault in load().values() if fault.shown_by == "person"} <= asked


@pytest.mark.parametrize(("section", "fault_id"), IDS)
def test_every_id_of_the_catalogue_is_a_fault_or_an_alias(section: str, fault_id: str) -> None:
    """Nothing of section E is left out."""
    assert fault_id in known_ids()


def test_every_alias_has_a_reason() -> None:
    """Merging two ids is a judgement, and it is explained."""
    aliases = {alias for fault in load().values() for alias in fault.aliases}
    assert aliases <= set(alias_reasons())
    assert all(why.endswith(".") for why in alias_reasons().values())


@pytest.mark.parametrize("one", all_cases(), ids=lambda c: c.id)
def test_evidence_proposes_the_scenario_of_its_case(one: object) -> None:
    """The scenario of a case is among the first choices for its evidence, except where no trace of it is there."""
    found = [choice.tree for choice in choices_for(one.snapshot())]  # type: ignore[attr-defined]
    assert set(found) <= SCENARIOS
    if one.scenario != "public-endpoint":  # type: ignore[attr-defined]
        assert one.scenario in found  # type: ignore[attr-defined]


def test_empty_evidence_proposes_nothing() -> None:
    """Without an instance there is no choice; nothing is guessed."""
    assert choices_for(from_document({"value": []})) == ()


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Server=tcp:mi-orders.public.a1b2c3d4e5f6.database.windows.net,3342;Password=hunter2", "public-endpoint"),
        ("Server=mi-orders.privatelink.a1b2c3d4e5f6.database.windows.net;Password=hunter2", "private-endpoint"),
        ("Login failed for user 'app'. (Microsoft SQL Server, Error: 18456)", "client"),
    ],
)
def test_a_paste_proposes_where_to_go_on(text: str, first: str) -> None:
    """Public names, private link names and login errors each lead to their place, and no secret is shown."""
    found = choices_for_paste(text)
    assert first == found[0].tree
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize("text", ["", "  \n", "\x00" * 2_000_000])
def test_a_paste_of_nothing_is_bad_input(text: str) -> None:
    """Nothing and far too much are refused."""
    with pytest.raises(InputError):
        choices_for_paste(text)


def test_healthy_end_goes_on_with_the_client() -> None:
    """Where Azure's configuration is sound the questions about the client follow."""
    one = case("same-vnet-healthy")
    from mi_workbook.diagnosis.diagnose import diagnose

    found = diagnose(one.snapshot(), one.source, one.target)
    walk = start(tree("same-vnet"))
    while not walk.step.is_end:
        walk = walk.advance(outcome(walk.step, found))
    assert (walk.step.end, walk.step.leads_to) == ("escalation", "client")


SCALARS = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=6) | st.sampled_from(["repair", "reachable"])
)
ODD = st.recursive(
    SCALARS.filter(lambda one: one is not None),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "next", "says", "means"]), inner, max_size=3)
    ),
    max_leaves=6,
)
MEMBERS = [
    "id",
    "title",
    "look",
    "why",
    "source",
    "decisions",
    "direction",
    "at",
    "shows",
    "next",
    "asks",
    "answers",
    "end",
    "leads_to",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(MEMBERS), ODD, max_size=8), max_size=3), ODD)
def test_odd_scenario_is_refused_with_its_mistakes(steps: list[dict[str, object]], seed: object) -> None:
    """Whatever types its members have, a file is read or refused by name, never a traceback."""
    text = f"id = 'x'\nseed = {_toml(seed)}\n"
    text += "".join(
        "[[step]]\n" + "".join(f"{name} = {_toml(value)}\n" for name, value in step.items()) for step in steps
    )
    try:
        load_text(text, "odd.toml")
    except InputError as refused:
        assert "odd.toml" in str(refused)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=True) if isinstance(value, str | bool | int) else "''"
