"""Long work says how far it is, and ends early where its listener asks for it. Where nobody listens it costs a look-up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Listener = Callable[[str, int, int], None]
Item = TypeVar("Item")
EVERY = 512  # items between two reports
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


class Stopped(KeyboardInterrupt):
    """The user ended the work. Like the interrupt of a terminal it passes every guard against errors."""


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send reports of the work inside to a listener: what is done, how much of it, of how many (0: not known).

    The listener may raise Stopped; the work ends there.
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def report(what: str, done: int = 0, of: int = 0) -> None:
    """Say what is being done. Raises Stopped where the listener asks to end."""
    listener = _listener.get()
    if listener is not None:
        listener(what, done, of)


def each(items: Iterable[Item], what: str) -> Iterator[Item]:
    """The items, with a report now and then. Raises Stopped where the listener asks to end."""
    if _listener.get() is None:
        yield from items
        return
    total = len(items) if isinstance(items, Sequence) else 0
    for position, item in enumerate(items):
        if position % EVERY == 0:
            report(what, position, total)
        yield item
