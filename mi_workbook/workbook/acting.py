"""What the widgets of this workbook share: actions the browser asks for, done in turn, guarded, with progress and Cancel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.workbook.receiving import LIMIT, Receiving
from mi_workbook.workbook.work import Work

STATIC = Path(__file__).parent / "static"
Items = list[tuple[str, bytes]]
Action = Callable[[dict[str, Any], list[Any]], None]
STOPPED = "Stopped before it was done. What was known before is kept; ask again to have the rest."
OWN_FAULT = (
    "The workbook itself failed at this ({kind}); your evidence was not changed. "
    "Try another way, and report this kind of error with what you did."
)


def code(*parts: str) -> str:
    """The module for the browser, of parts that lie in static."""
    return "\n".join((STATIC / f"{part}.js").read_text(encoding="utf-8") for part in parts)


class Acting(anywidget.AnyWidget):
    """A message {"do": what, ...} of the browser carries an action; {"do": "cancel"} ends the one that runs.

    working: {"what", "done", "of", "ends"} while an action takes long, else {}; limit: bytes of one drop. Files come in parts,
    since a server closes the connection at a message of more than 10 MiB.
    """

    working = traitlets.Dict().tag(sync=True)
    limit = traitlets.Int(LIMIT).tag(sync=True)

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self._actions: dict[str, Action] = {}
        self._work = Work(lambda shown: self.set_trait("working", shown))
        self._receiving = Receiving()
        self.on_msg(lambda _, message, buffers: self.hear(message, buffers))

    def hear(self, message: Any, buffers: Any = ()) -> None:
        """Take a message of the browser: parts of files and Cancel at once, everything else in its turn."""
        wanted = text_of(message, "do")
        if wanted == "cancel":
            forgotten = self._work.cancel() or self._receiving.size > 0
            self._receiving.forget()
            if forgotten:
                self._work.add(lambda: self._refuse(STOPPED))
        elif wanted == "part":
            self._part(message, list(buffers or ()))
        else:
            self._work.add(lambda: self.act(message, buffers))

    def wait(self, seconds: float) -> bool:
        """True once every action is done, False where one still runs after these seconds."""
        return self._work.wait(seconds)

    def act(self, message: Any, buffers: Any = ()) -> None:
        """Carry out one action and draw. Whatever fails is said in words, never as a traceback."""
        self.clear()
        with self._work.turn():
            self.guarded(
                lambda: self._work.heard(lambda: self._actions[text_of(message, "do")](message, list(buffers or ())))
            )
            self._work.heard(self.draw, ends=False)

    def guarded(self, make: Callable[[], Any]) -> Any:
        """What it makes, None where it fails; then the screen says so."""
        try:
            return make()
        except (InputError, MissingEvidence) as error:
            self.fail(str(error))
        except KeyboardInterrupt:  # Cancel, or the notebook's stop button
            self.fail(STOPPED)
        except Exception as error:
            # Its text may hold values of the evidence; the kind is enough to report it.
            self.fail(OWN_FAULT.format(kind=type(error).__name__))
        return None

    def clear(self) -> None:
        """Take away what was said about the action before."""
        raise NotImplementedError

    def fail(self, words: str) -> None:
        """Say what went wrong."""
        raise NotImplementedError

    def draw(self) -> None:
        """Put what there is on the screen."""
        raise NotImplementedError

    def received(self, items: Items) -> None:
        """Take files that came whole, as name and content."""
        raise NotImplementedError

    def _part(self, message: Any, buffers: list[Any]) -> None:
        """Keep a part of a drop and ask for the next one; after the last the files are read in their turn."""
        try:
            whole = self._receiving.part(message, buffers)
        except InputError as error:
            words = str(error)
            self.send({"next": -1})
            self._work.add(lambda: self._refuse(words))
            return
        if whole is None:
            self.send({"next": self._receiving.size})
        else:
            self._actions["received"] = lambda _, __: self.received(whole)
            self._work.add(lambda: self.act({"do": "received"}))

    def _refuse(self, words: str) -> None:
        self.clear()
        self.fail(words)
        self.draw()


def items_of(message: dict[str, Any], buffers: list[Any]) -> Items:
    """Files of a message that holds them whole. Raises InputError where they are too large."""
    names = message.get("names")
    named = [str(name) for name in names] if isinstance(names, list) else []
    items = [(name, bytes(data)) for name, data in zip(named, buffers, strict=False)]
    if sum(len(data) for _, data in items) > LIMIT:
        raise InputError(
            f"That is more than {LIMIT >> 20} MiB at once.", remedy="Use mi-workbook diagnose FILE instead."
        )
    return items


def text_of(message: Any, name: str) -> str:
    """A text of a message; "" where the browser sent something else."""
    value = message.get(name) if isinstance(message, dict) else None
    return value if isinstance(value, str) else ""
