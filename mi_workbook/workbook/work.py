"""Actions of a widget one after another beside the kernel's own thread, so that Cancel is heard while one of them runs."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any

from mi_workbook.core.progress import Stopped, listening

SOON, OFTEN = 0.4, 0.15  # seconds before the first report is shown, and between two
Shown = dict[str, Any]


class Work:
    """The queue of a widget. show: gets {"what", "done", "of", "ends"} while an action takes long, {} when it is over.

    ends: whether the action can be ended. A kernel inside a browser has no threads: there each action is done at once.
    """

    def __init__(self, show: Callable[[Shown], None]) -> None:
        self._show = show
        self._waiting: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._worker: threading.Thread | None = None
        self._stop = threading.Event()
        self._next = 0.0
        self._told = False

    def add(self, action: Callable[[], None]) -> None:
        """Do this when what was added before it is done."""
        with self._lock:
            self._waiting.append(action)
            if self._worker is not None:
                return
            # The context names the cell whose output the widget belongs to; a bare thread would lose it.
            context = copy_context()
            self._worker = threading.Thread(target=context.run, args=(self._run,), daemon=True)
        try:
            self._worker.start()
        except RuntimeError:
            self._run()

    def cancel(self) -> bool:
        """End the running action at its next report, and forget those that wait; True where there were such."""
        with self._lock:
            forgotten = bool(self._waiting)
            self._waiting.clear()
            if self._worker is not None:
                self._stop.set()
        return forgotten

    def wait(self, seconds: float) -> bool:
        """True once nothing runs, False where something still does after these seconds."""
        worker = self._worker
        if worker is not None:
            worker.join(seconds)
        return self._worker is None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One action with its drawing: what was shown of it is taken away at its end."""
        self._next, self._told = time.monotonic() + SOON, False
        try:
            yield
        finally:
            if self._told:
                self._show({})

    def heard(self, action: Callable[[], None], *, ends: bool = True) -> None:
        """Do an action whose reports are shown. Raises Stopped where it was cancelled; with ends=False it never is."""

        def listener(what: str, done: int, of: int) -> None:
            if ends and self._stop.is_set():
                raise Stopped
            now = time.monotonic()
            if now >= self._next:
                self._next, self._told = now + OFTEN, True
                self._show({"what": what, "done": done, "of": of, "ends": ends})

        with listening(listener):
            action()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._worker = None
                    return
                action = self._waiting.popleft()
                self._stop.clear()
            try:
                action()
            except BaseException:  # nothing is to wait for a worker that is gone
                with self._lock:
                    self._worker = None
                raise
