"""The guided session as one widget: it draws a State and passes on what the user does."""

from __future__ import annotations

from typing import Any

import traitlets

from mi_workbook.core.errors import InputError
from mi_workbook.diagnosis.redacted import redacted
from mi_workbook.views.report import summary, to_html, to_markdown
from mi_workbook.workbook.acting import STATIC, Acting, Items, code, items_of
from mi_workbook.workbook.acting import text_of as _text
from mi_workbook.workbook.redacted_session import handed_on
from mi_workbook.workbook.saved import is_session, resume, save
from mi_workbook.workbook.screen import screen
from mi_workbook.workbook.state import DEPTHS, State
from mi_workbook.workbook.talking import BEGIN

# One module in the browser, read in this order.
PARTS = ("dom", "table", "picture", "repair", "ask", "page", "working", "talk", "practice", "screen")


def start(scenario: str = "") -> Session:
    """The session as one widget; a scenario id narrows the built-in cases to it, without one the first question is asked."""
    state = State()
    try:
        state.choose_scenario(scenario)
    except InputError as error:
        state.error = str(error)
    if not scenario:
        state.talk.begin(BEGIN)
    return Session(state)


def practise(scenario: str = "") -> Session:
    """The session with exercises: a broken estate is shown, and you name the cause before it does."""
    state = State(scenario)
    state.practice.begin(scenario)
    return Session(state)


class Session(Acting):
    """One screen. `screen` holds the values shown; a message {"do": what, ...} of the browser carries an action."""

    _esm = code(*PARTS)
    _css = (STATIC / "screen.css").read_text(encoding="utf-8")
    screen = traitlets.Dict().tag(sync=True)

    def __init__(self, state: State) -> None:
        super().__init__(screen={**screen(state), "turn": 0})
        self.state = state
        self._turn = 0
        self._actions = {
            "scenario": lambda m, _: state.choose_scenario(_text(m, "value")),
            "case": lambda m, _: state.open_case(_text(m, "value")),
            "files": lambda m, buffers: self.received(items_of(m, buffers)),
            "ask": lambda m, _: state.question(_text(m, "source"), _text(m, "target"), _text(m, "endpoint")),
            "forget": lambda *_: state.forget(),
            "step": lambda m, _: state.visit(_text(m, "value")),
            "depth": self._depth,
            "networks": self._networks,
            "request": lambda m, _: state.request(_text(m, "value")),
            "paste": lambda m, _: state.paste(_text(m, "value"), _text(m, "place")),
            "own": lambda m, _: state.own(_number(m), _text(m, "owner"), _number(m, "rows")),
            "say": lambda m, _: state.say(_text(m, "step"), _text(m, "value")),
            "download": self._download,
            "talk": lambda m, _: state.talk.begin(_text(m, "value")),
            "answer": lambda m, _: state.answer(_text(m, "value")),
            "revisit": lambda m, _: state.talk.revisit(_number(m)),
            "error-text": lambda m, _: state.error_text(_text(m, "value")),
            "practice": self._practice,
            "mark": lambda m, _: state.practice.choose(_text(m, "value")),
        }

    def clear(self) -> None:
        """Take away what was said about the action before."""
        self.state.error = self.state.notice = ""

    def fail(self, words: str) -> None:
        """Say what went wrong."""
        self.state.error = words

    def draw(self) -> None:
        """Put the state on the screen."""
        self._turn += 1
        try:
            shown = screen(self.state)
        except Exception as error:
            self.state.diagnosis = None
            self.fail(
                f"The answer could not be shown ({type(error).__name__}). Try mi-workbook diagnose on the same files."
            )
            shown = screen(self.state)
        self.screen = {**shown, "turn": self._turn}

    def received(self, items: Items) -> None:
        """Open files, or the session that is in one; where they cannot be read everything stays as it was."""
        if len(items) == 1 and is_session(items[0][1]):
            resume(self.state, *items[0])
        else:
            self.state.open_files(items)

    def _depth(self, message: dict[str, Any], _: list[Any]) -> None:
        wanted = _text(message, "value")
        self.state.depth = wanted if wanted in DEPTHS else DEPTHS[0]

    def _networks(self, message: dict[str, Any], _: list[Any]) -> None:
        self.state.all_networks = message.get("value") is True

    def _practice(self, message: dict[str, Any], _: list[Any]) -> None:
        wanted, practice = _text(message, "value"), self.state.practice
        if wanted == "next" and practice.on:
            practice.next()
        elif wanted == "close":
            practice.close()
        else:
            practice.begin(self.state.scenario)

    def _download(self, message: dict[str, Any], _: list[Any]) -> None:
        """Send a file, or the summary for a ticket, to the browser."""
        found, held, form = self.state.diagnosis, self.state.snapshot, _text(message, "value")
        if form == "session":
            self.send({"save": "session.json", "type": "application/json", "text": save(self.state)})
        elif found is None or held is None:
            raise InputError("There is no answer yet.", remedy="Choose a case or load evidence first.")
        elif form == "redacted":
            given, again = redacted(held, found, self.state.endpoint)
            self.send({"save": "report-redacted.html", "type": "text/html", "text": to_html(again, given)})
        elif form == "redacted-session":
            self.send({"save": "session-redacted.json", "type": "application/json", "text": handed_on(self.state)})
        elif form == "html":
            self.send({"save": "report.html", "type": "text/html", "text": to_html(found, held)})
        elif form == "markdown":
            self.send({"save": "report.md", "type": "text/markdown", "text": to_markdown(found, held)})
        else:
            self.send({"copy": summary(found)})


def _number(message: dict[str, Any], name: str = "value") -> int:
    """A whole number of a message; -1 where the browser sent something else."""
    value = message.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else -1
