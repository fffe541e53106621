"""The guided session as one widget: it draws a State and passes on what the user does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.diagnosis.redacted import redacted
from mi_workbook.views.report import summary, to_html, to_markdown
from mi_workbook.workbook.redacted_session import handed_on
from mi_workbook.workbook.saved import is_session, resume, save
from mi_workbook.workbook.screen import screen
from mi_workbook.workbook.state import DEPTHS, State
from mi_workbook.workbook.talking import BEGIN

LIMIT = 64 * 1024 * 1024  # bytes per drop; what is larger goes by `mi-workbook diagnose FILE`
STATIC = Path(__file__).parent / "static"
# One module in the browser, read in this order.
PARTS = ("dom", "table", "picture", "repair", "ask", "page", "talk", "practice", "screen")


def start(scenario: str = "") -> Session:
    """The session as one widget; a scenario id narrows the built-in cases to it, without one the first question is asked."""
    state = State(scenario)
    if not scenario:
        state.talk.begin(BEGIN)
    return Session(state)


def practise(scenario: str = "") -> Session:
    """The session with exercises: a broken estate is shown, and you name the cause before it does."""
    state = State(scenario)
    state.practice.begin(scenario)
    return Session(state)


class Session(anywidget.AnyWidget):
    """One screen. `screen` holds the values shown; a message {"do": what, ...} of the browser carries an action."""

    _esm = "\n".join((STATIC / f"{part}.js").read_text(encoding="utf-8") for part in PARTS)
    _css = (STATIC / "screen.css").read_text(encoding="utf-8")
    screen = traitlets.Dict().tag(sync=True)
    limit = traitlets.Int(LIMIT).tag(sync=True)

    def __init__(self, state: State) -> None:
        super().__init__(screen={**screen(state), "turn": 0})
        self.state = state
        self._turn = 0
        self._actions: dict[str, Callable[[dict[str, Any], list[Any]], None]] = {
            "scenario": lambda m, _: state.choose_scenario(_text(m, "value")),
            "case": lambda m, _: state.open_case(_text(m, "value")),
            "files": self._files,
            "ask": lambda m, _: state.question(_text(m, "source"), _text(m, "target"), _text(m, "endpoint")),
            "step": lambda m, _: state.visit(_text(m, "value")),
            "depth": self._depth,
            "networks": self._networks,
            "request": lambda m, _: state.request(_text(m, "value")),
            "paste": lambda m, _: state.paste(_text(m, "value")),
            "download": self._download,
            "talk": lambda m, _: state.talk.begin(_text(m, "value")),
            "answer": lambda m, _: state.answer(_text(m, "value")),
            "revisit": lambda m, _: state.talk.revisit(_number(m)),
            "error-text": lambda m, _: state.error_text(_text(m, "value")),
            "practice": self._practice,
            "mark": lambda m, _: state.practice.choose(_text(m, "value")),
        }
        self.on_msg(lambda _, message, buffers: self.act(message, buffers))

    def act(self, message: Any, buffers: Any = ()) -> None:
        """Carry out one action and draw. Whatever fails is said on the screen in words, never as a traceback."""
        self.state.error = self.state.notice = ""
        try:
            self._actions[_text(message, "do")](message, list(buffers or ()))
        except (InputError, MissingEvidence) as error:
            self.state.error = str(error)
        except KeyboardInterrupt:  # the notebook's stop button
            self.state.error = (
                "Stopped before it was done. What you see is as far as it came; ask again to have it whole."
            )
        except Exception as error:
            # Its text may hold values of the evidence; the kind is enough to report it.
            self.state.error = (
                f"The workbook itself failed at this ({type(error).__name__}); your evidence was not changed. "
                "Try another way, and report this kind of error with what you did."
            )
        self.draw()

    def draw(self) -> None:
        """Put the state on the screen."""
        self._turn += 1
        try:
            shown = screen(self.state)
        except Exception as error:
            self.state.diagnosis = self.state.walk = None
            self.state.error = (
                f"The answer could not be shown ({type(error).__name__}). Try mi-workbook diagnose on the same files."
            )
            shown = screen(self.state)
        self.screen = {**shown, "turn": self._turn}

    def _files(self, message: dict[str, Any], buffers: list[Any]) -> None:
        names = message.get("names")
        named = [str(name) for name in names] if isinstance(names, list) else []
        items = [(name, bytes(data)) for name, data in zip(named, buffers, strict=False)]
        if sum(len(data) for _, data in items) > LIMIT:
            raise InputError("That is more than 64 MiB at once.", remedy="Use mi-workbook diagnose FILE instead.")
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


def _text(message: Any, name: str) -> str:
    """A text of a message; "" where the browser sent something else."""
    value = message.get(name) if isinstance(message, dict) else None
    return value if isinstance(value, str) else ""


def _number(message: dict[str, Any]) -> int:
    """A whole number of a message; -1 where the browser sent something else."""
    value = message.get("value")
    return value if isinstance(value, int) and not isinstance(value, bool) else -1
