"""State -> the plain values that the screen is drawn from. No widgets, no markup: the browser makes text of all of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from mi_workbook.core.finding import Diagnosis, Finding
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.attribution import Loose
from mi_workbook.evidence.snapshot import type_of
from mi_workbook.guide.follow_up import Taken, commands, follow_up, suspects
from mi_workbook.guide.scenario import Step, question_trees, tree
from mi_workbook.network.resource_id import last
from mi_workbook.views.disagreement import following
from mi_workbook.views.proof import after_repair, proof, sign
from mi_workbook.views.source_tables import source_tables
from mi_workbook.views.table import Table
from mi_workbook.views.tables import views
from mi_workbook.views.topology import as_table, details, picture, to_svg
from mi_workbook.views.words import (
    COLLECT,
    COLLECT_APPS,
    ENDPOINT_WORDS,
    KIND_WORDS,
    LOOK_WORDS,
    OWNER_ENDPOINT_WORDS,
    SAFETY_WORDS,
    STEP_WORDS,
    VERDICT_SIGNS,
)
from mi_workbook.workbook.state import State
from mi_workbook.workbook.values import clean, completeness, table_values

MOST_OFFERED = 2000  # sources in the list to choose from; any other can be typed
MOST_KINDS = 8


def screen(state: State) -> dict[str, Any]:
    """Everything the screen shows, as JSON values whose control characters are made visible.

    Members: error, notice, choose, evidence, question, talk, practice, verdict, cause, steps, step, next, parts, ask, tables, depth. Those
    that need an answer are None or empty before there is one.
    """
    found = {
        "error": state.error,
        "notice": state.notice,
        "choose": _choose(state),
        "evidence": _evidence(state),
        "question": _question(state),
        "depth": state.depth,
        "talk": state.talk.shown(state.fits, state.diagnosis),
        "practice": _practice(state),
        **_answer(state),
    }
    shown: dict[str, Any] = clean(found)
    return shown


def _choose(state: State) -> dict[str, Any]:
    return {
        "scenarios": [["All scenarios", ""], *state.scenarios()],
        "scenario": state.scenario,
        "cases": [["Choose ...", ""], *state.cases()],
        "case": state.case,
        "collect": [*COLLECT, *COLLECT_APPS],
    }


def _evidence(state: State) -> dict[str, Any] | None:
    """What was loaded, how complete it is, and what is missing for the question."""
    held = state.snapshot
    if held is None:
        return None
    kinds = Counter(type_of(one) for one in held.resources)
    named = [f"{count} {_kind(kind, count)}" for kind, count in kinds.most_common(MOST_KINDS)]
    if len(kinds) > MOST_KINDS:
        named.append(f"and {len(kinds) - MOST_KINDS} other kinds")
    gaps = state.diagnosis.gaps if state.diagnosis is not None else ()
    return {
        "opened": state.opened,
        "count": len(held.resources),
        "kinds": named,
        "complete": completeness(held),
        "at": held.collected_at,
        "problems": [_problem(one) for one in held.problems],
        "asked": state.diagnosis is not None,
        "missing": [{"missing": gap.missing, "why": gap.why, "how": gap.how} for gap in gaps],
    }


def _kind(kind: str, count: int) -> str:
    words = KIND_WORDS.get(kind.lower())
    if words is None:
        return kind.rpartition("/")[2] or "of unknown kind"
    return words[0] if count == 1 else words[1]


def _problem(problem: dict[str, Any]) -> str:
    parts = (str(problem.get(name) or "") for name in ("operation", "scope", "status", "code"))
    return " ".join(part for part in parts if part)


def _practice(state: State) -> dict[str, Any] | None:
    shown = state.practice.shown()
    return shown and {**shown, "tables": [table_values(name, table) for name, table in state.practice.tables().items()]}


def _question(state: State) -> dict[str, Any] | None:
    if state.snapshot is None:
        return None
    return {
        "sources": state.sources[:MOST_OFFERED],
        "targets": state.targets[:MOST_OFFERED],
        "source": state.source,
        "target": state.target,
        "endpoint": state.endpoint,
        "endpoints": [[words, one] for one, words in ENDPOINT_WORDS.items()],
    }


def _answer(state: State) -> dict[str, Any]:
    """What follows from a diagnosis; empty values without one."""
    found, here, held = state.diagnosis, state.here(), state.snapshot
    if found is None or here is None or held is None:
        return {
            "verdict": None,
            "cause": None,
            "steps": [],
            "step": None,
            "next": "",
            "parts": [],
            "tables": [],
            "ask": None,
        }
    tables = {**source_tables(found), **state.asking.tables(), **views(held, found, owner=state.depth == "owner")}
    # The repair shows every finding whole; a table of the same beside it would only push it down.
    shown = [name for name in here.step.shows if name != "findings" or "repair" not in here.step.shows]
    shown = [name for name in shown if name in {*tables, "repair", "topology"}]
    return {
        "verdict": {
            "kind": found.verdict.value,
            "sign": VERDICT_SIGNS[found.verdict],
            "headline": _headline(found, state.depth),
            "question": _asked_for(found, state.depth),
        },
        "cause": _cause(found, state.depth, state.taken()),
        "steps": _steps(state),
        "step": _step(state, found, here),
        "next": _next(found, here.step, state.taken(), live=state.live),
        "parts": [_part(state, name, tables) for name in shown],
        "tables": [table_values(name, table) for name, table in tables.items() if name not in shown],
        "notes": list(found.confidence_notes),
        "ask": {
            **state.asking.shown(),
            "here": state.source,
            "elsewhere": state.sources[:MOST_OFFERED],
            "loose": [_loose(one) for one in state.loose()],
        },
    }


def _loose(one: Loose) -> dict[str, Any]:
    """A pasted table without an owner: what it is, and whose it can be."""
    what = "effective routes" if one.kind == "effectiveRoutes" else "learned routes"
    owner = "network interface" if one.kind == "effectiveRoutes" else "gateway"
    return {
        "position": one.position, "title": f"{what}, {one.rows} rows, from {one.file}", "owner": owner, "rows": one.rows,
        "whole": one.whole, "choices": [[last(choice), choice] for choice in one.choices],
    }  # fmt: skip


def _cause(found: Diagnosis, depth: str, way: list[Taken]) -> dict[str, Any] | None:
    """The root cause in the words of the reader's depth; else what a disagreement led to; else what is missing first."""
    root = next((one for one in found.findings if one.explains_verdict), None)
    if root is not None:
        says = _says(root, depth)
        told = says in _headline(found, depth)
        return {
            "label": "Root cause",
            "title": root.title,
            "says": "" if told else says,
            "proof": proof(found, owner=depth == "owner"),
        }
    if found.at_source.disagreement and way[-1].step.end == "repair":
        shown = way[-2]
        says = f"You answered: {shown.answer}." if shown.answer else shown.says
        return {"label": "Found beside Azure's configuration", "title": way[-1].step.title, "says": says,
                "proof": f"Must act: {way[-1].step.who}."}  # fmt: skip
    if found.verdict is Verdict.UNKNOWN and found.gaps:
        gap = found.gaps[0]
        return {"label": "What is missing", "title": gap.missing, "says": gap.why, "proof": ""}
    return None


def _headline(found: Diagnosis, depth: str) -> str:
    """The answer in a sentence, its reason in the words of the reader's depth."""
    root = next((one for one in found.findings if one.explains_verdict), None)
    return found.headline.replace(root.says, _says(root, depth)) if root is not None and root.says else found.headline


def _asked_for(found: Diagnosis, depth: str) -> str:
    words = {**ENDPOINT_WORDS, **(OWNER_ENDPOINT_WORDS if depth == "owner" else {})}
    return f"{found.source.name} to {found.target.name}, {words.get(found.endpoint, found.endpoint)}"


def _says(found: Finding, depth: str) -> str:
    return found.owner_says if depth == "owner" and found.owner_says else found.says


def _steps(state: State) -> list[dict[str, Any]]:
    """Every step of the scenario in order, with what the evidence says, and the end that was reached; then the steps taken
    through a disagreement, under its title.
    """
    way = state.taken()
    beside = follow_up(state.diagnosis) if state.diagnosis is not None else None
    own = [step.id for step in beside.steps] if beside is not None else []
    by_id = {one.step.id: one for one in way}
    steps = [step for step in state.tree().steps if not step.is_end or step.id in by_id]
    rows = [_row(step, by_id.get(step.id), state.at) for step in steps]
    if beside is not None:
        rows[-1]["word"] = rows[-1]["word"] or "by the configuration alone"
        further = [_row(one.step, one, state.at) for one in way if one.step.id in own]
        rows += [{**row, "group": beside.title if at == 0 else ""} for at, row in enumerate(further)]
    return rows


def _row(step: Step, one: Taken | None, current: str) -> dict[str, Any]:
    result = one.verdict if one is not None else None
    words = LOOK_WORDS if step.looks else STEP_WORDS
    word = words[result] if result is not None else ("" if step.is_end else "not reached")
    word = "you answered" if one is not None and one.answer else word
    return {
        "id": step.id, "title": step.title, "sign": VERDICT_SIGNS[result] if result is not None else "",
        "kind": result.value if result is not None else "", "word": word, "current": step.id == current,
        "open": one is not None, "group": "",
    }  # fmt: skip


def _step(state: State, found: Diagnosis, here: Taken) -> dict[str, Any]:
    order = [at for at, _ in state.visits()]
    step, at = here.step, order.index(here.step.id)
    result = here.verdict
    return {
        "id": step.id, "title": step.title, "look": step.look, "why": step.why, "source": step.source,
        "number": at + 1, "of": len(order),
        "result": f"{VERDICT_SIGNS[result]} {here.says or STEP_WORDS[result]}" if result is not None else "",
        "kind": result.value if result is not None else "",
        "leads": [tree(step.leads_to).title, step.leads_to] if step.leads_to in question_trees() else None,
        "back": order[at - 1] if at else "",
        "next": order[at + 1] if at + 1 < len(order) else "",
        "commands": [[one.place, one.run] for one in commands(step, found)],
        "who": step.who, "suspects": suspects(step),
        "asks": _asked(state, here) if step.asks and step.looks else None,
    }  # fmt: skip


def _asked(state: State, here: Taken) -> dict[str, Any]:
    """The question of a step to a person, what was answered, and whether evidence has settled it already."""
    return {
        "asks": here.step.asks, "answers": [[one.says, one.id, one.proves] for one in here.step.answers],
        "given": state.said.get(here.step.id, ""), "counts": here.verdict is Verdict.UNKNOWN or bool(here.answer),
    }  # fmt: skip


def _next(found: Diagnosis, step: Step, way: list[Taken], *, live: bool) -> str:
    if found.at_source.disagreement and found.verdict is Verdict.UNKNOWN:
        return following(found, way)
    if not step.is_end:
        return step.look
    if found.verdict is Verdict.UNKNOWN and found.gaps:
        return f"Get what is missing: {found.gaps[0].how} Then paste the output below, or drop its file on this page."
    if found.verdict is Verdict.BLOCKED and any(one.remedy.az or one.remedy.portal for one in found.findings):
        return after_repair(found, live=live)
    return step.look


def _part(state: State, name: str, tables: dict[str, Table]) -> dict[str, Any]:
    if state.snapshot is None or state.diagnosis is None:
        return {"kind": "nothing"}
    if name == "repair":
        return _repair(state.diagnosis, state.depth)
    if name != "topology":
        return table_values(name, tables[name])
    drawn = picture(state.snapshot, state.diagnosis, all_networks=state.all_networks)
    if drawn is None:
        return {"kind": "note", "text": "No picture: an end of the path is not in the evidence."}
    return {
        "kind": "picture", "svg": to_svg(drawn), "details": details(drawn), "others": drawn.hidden,
        "all": state.all_networks, "twin": table_values("picture", as_table(drawn)),
    }  # fmt: skip


def _repair(found: Diagnosis, depth: str) -> dict[str, Any]:
    return {
        "kind": "repair",
        "sign": sign(found),
        "proof": proof(found, owner=depth == "owner"),
        "items": [
            {
                "title": one.title, "code": one.code, "root": one.explains_verdict, "says": _says(one, depth),
                "safety": SAFETY_WORDS.get(one.remedy.safety, one.remedy.safety), "does": one.remedy.does,
                "az": list(one.remedy.az), "powershell": list(one.remedy.powershell),
                "portal": list(one.remedy.portal), "undo": one.remedy.undo, "sources": list(one.sources),
                "evidence": [[e.document, e.pointer, str(e.value)[:300]] for e in one.evidence[:5]],
            }
            for one in found.findings
        ],
    }  # fmt: skip
