"""A tool with a form as one widget: it draws a Form with its answer and passes on what the user does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from mi_workbook.cases import all_cases, case
from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.evidence.files import load_bytes
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.workbook.form import Answer, Field, Form, filled
from mi_workbook.workbook.saved import is_session, resume
from mi_workbook.workbook.state import State
from mi_workbook.workbook.values import clean, completeness, table_values

LIMIT = 64 * 1024 * 1024  # bytes per drop; what is larger goes by the command line
STATIC = Path(__file__).parent / "static"
PARTS = ("dom", "table", "repair", "page", "panel")  # one module in the browser, read in this order
NOTHING = Snapshot([], complete=frozenset())
SIGNS = {"": "", "bad": "✗", "good": "✓", "open": "?"}


class Panel(anywidget.AnyWidget):
    """One form. `shown` holds the values drawn; a message {"do": case | files | ask, ...} carries an action."""

    _esm = "\n".join((STATIC / f"{part}.js").read_text(encoding="utf-8") for part in PARTS)
    _css = "\n".join((STATIC / f"{part}.css").read_text(encoding="utf-8") for part in ("screen", "panel"))
    shown = traitlets.Dict().tag(sync=True)
    limit = traitlets.Int(LIMIT).tag(sync=True)

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
        self._actions: dict[str, Callable[[dict[str, Any], list[Any]], None]] = {
            "case": lambda message, _: self._open_case(_text(message, "value")),
            "files": self._files,
            "ask": self._ask,
        }
        self.on_msg(lambda _, message, buffers: self.act(message, buffers))
        self.act({"do": "case", "value": case_id} if case_id else {"do": "ask", "values": {}})

    def act(self, message: Any, buffers: Any = ()) -> None:
        """Carry out one action and draw. Whatever fails is said on the panel in words, never as a traceback."""
        self._error = ""
        self._guarded(lambda: self._actions[_text(message, "do")](message, list(buffers or ())))
        self._draw()

    def _guarded(self, make: Callable[[], Any]) -> Any:
        """What it makes, None where it fails; then the panel says so."""
        try:
            return make()
        except (InputError, MissingEvidence) as error:
            self._error = str(error)
        except Exception as error:
            # Its text may hold values of the evidence; the kind is enough to report it.
            self._error = (
                f"The workbook itself failed at this ({type(error).__name__}); your evidence was not changed. "
                "Try another way, and report this kind of error with what you did."
            )
        return None

    def _open_case(self, case_id: str) -> None:
        one = case(case_id)
        self._take(one.snapshot(), f"built-in case: {one.title}")
        self.case = case_id
        self.values = {**self.values, **self.form.preset(one.snapshot(), one.source)}

    def _files(self, message: dict[str, Any], buffers: list[Any]) -> None:
        names = message.get("names")
        named = [str(name) for name in names] if isinstance(names, list) else []
        items = [(name, bytes(data)) for name, data in zip(named, buffers, strict=False)]
        if sum(len(data) for _, data in items) > LIMIT:
            raise InputError("That is more than 64 MiB at once.", remedy="Use the command line mi-workbook instead.")
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

    def _draw(self) -> None:
        self._turn += 1
        held = self.snapshot if self.snapshot is not None else NOTHING
        ready = self.snapshot is not None or self.form.evidence != "needed"
        fields: tuple[Field, ...] = self._guarded(lambda: self._fields(held)) or () if ready else ()
        answer = self._guarded(lambda: self.form.answer(held, self.values)) if ready and not self._error else None
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


def _text(message: Any, name: str) -> str:
    """A text of a message; "" where the browser sent something else."""
    value = message.get(name) if isinstance(message, dict) else None
    return value if isinstance(value, str) else ""
