"""A tool with a form as one widget: it draws a Form with its answer and passes on what the user does."""

from __future__ import annotations

from typing import Any

import traitlets

from mi_workbook.cases import all_cases, case
from mi_workbook.evidence.files import load_bytes
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.workbook.acting import STATIC, Acting, Items, code, items_of
from mi_workbook.workbook.acting import text_of as _text
from mi_workbook.workbook.form import Answer, Field, Form, filled
from mi_workbook.workbook.saved import is_session, resume
from mi_workbook.workbook.state import State
from mi_workbook.workbook.values import clean, completeness, table_values

PARTS = ("dom", "table", "repair", "page", "working", "panel")  # one module in the browser, read in this order
NOTHING = Snapshot([], complete=frozenset())
SIGNS = {"": "", "bad": "✗", "good": "✓", "open": "?"}


class Panel(Acting):
    """One form. `shown` holds the values drawn; a message {"do": case | files | ask, ...} carries an action."""

    _esm = code(*PARTS)
    _css = "\n".join((STATIC / f"{part}.css").read_text(encoding="utf-8") for part in ("screen", "panel"))
    shown = traitlets.Dict().tag(sync=True)

    def __init__(self, form: Form, case_id: str = "", scenarios: tuple[str, ...] = ()) -> None:
        """case_id: the built-in case it opens with, "" for none; scenarios: whose cases are offered, () for all."""
        super().__init__()
        self.form = form
        self.snapshot: Snapshot | None = None
        self.opened = self.case = ""
        self.values: dict[str, str] = {}
        self._scenarios = scenarios
        self._error = ""
        self._turn = self._round = 0
        self._actions = {
            "case": lambda message, _: self._open_case(_text(message, "value")),
            "files": lambda message, buffers: self.received(items_of(message, buffers)),
            "ask": self._ask,
        }
        self.act({"do": "case", "value": case_id} if case_id else {"do": "ask", "values": {}})

    def _open_case(self, case_id: str) -> None:
        one = case(case_id)
        self._take(one.snapshot(), f"built-in case: {one.title}")
        self.case = case_id
        self.values = {**self.values, **self.form.preset(one.snapshot(), one.source)}

    def received(self, items: Items) -> None:
        """Take files, or the evidence of a session, as evidence."""
        if len(items) == 1 and is_session(items[0][1]):
            state = State()
            resume(state, *items[0])
            self._take(state.snapshot or NOTHING, state.opened)
        else:
            self._take(load_bytes(items), ", ".join(name for name, _ in items))

    def _take(self, snapshot: Snapshot, opened: str) -> None:
        """Make this the evidence; what was chosen stays where the new evidence has it too."""
        self.snapshot, self.opened, self.case = snapshot, opened, ""
        self._round += 1

    def _ask(self, message: dict[str, Any], _: list[Any]) -> None:
        given = message.get("values")
        self.values = {str(name): value for name, value in given.items() if isinstance(value, str)} if isinstance(given, dict) else {}  # fmt: skip

    def clear(self) -> None:
        """Take away what was said about the action before."""
        self._error = ""

    def fail(self, words: str) -> None:
        """Say what went wrong."""
        self._error = words

    def draw(self) -> None:
        """Put the form and its answer on the screen."""
        self._turn += 1
        held = self.snapshot if self.snapshot is not None else NOTHING
        ready = self.snapshot is not None or self.form.evidence != "needed"
        fields: tuple[Field, ...] = self.guarded(lambda: self._fields(held)) or () if ready else ()
        answer = self.guarded(lambda: self.form.answer(held, self.values)) if ready and not self._error else None
        self.shown = clean({
            "turn": self._turn, "round": self._round, "title": self.form.title, "words": self.form.words,
            "button": self.form.button, "error": self._error, "evidence": self._evidence(),
            "fields": [_field(one, self.values) for one in fields],
            "answer": _answer(answer, self.form.id) if isinstance(answer, Answer) else None,
        })  # fmt: skip

    def _fields(self, held: Snapshot) -> tuple[Field, ...]:
        """The fields, and a value for each of them; which ones there are may depend on the values."""
        for _ in range(2):
            fields = self.form.fields(held, self.values)
            self.values = {**self.values, **filled(fields, self.values)}
        return fields

    def _evidence(self) -> dict[str, Any] | None:
        if self.form.evidence == "none":
            return None
        offered = [one for one in all_cases() if not self._scenarios or one.scenario in self._scenarios]
        held = self.snapshot
        known = f"{len(held.resources)} resources, {completeness(held)}; from {self.opened}" if held is not None else ""
        return {"cases": [["Choose ...", ""], *([one.title, one.id] for one in offered)], "case": self.case, "known": known,
                "optional": self.form.evidence == "optional", "collect": list(self.form.collect)}  # fmt: skip


def _field(one: Field, values: dict[str, str]) -> dict[str, Any]:
    return {"name": one.name, "label": one.label, "kind": one.kind, "options": [list(option) for option in one.options],
            "hint": one.hint, "value": values.get(one.name, "")}  # fmt: skip


def _answer(answer: Answer, form: str) -> dict[str, Any]:
    return {
        "says": answer.says, "mark": answer.mark, "sign": SIGNS[answer.mark], "warnings": list(answer.warnings),
        "tables": [table_values(f"{form}-{number}", table) for number, table in enumerate(answer.tables)],
        "commands": [{"title": one.title, "lines": list(one.lines)} for one in answer.commands if one.lines],
    }  # fmt: skip
