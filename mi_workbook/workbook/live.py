"""Evidence straight from Azure for a session: sign in, collect, and after a repair look again. No widgets."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mi_workbook.core.errors import InputError
from mi_workbook.diagnosis.collecting import Collected, Progress, Settings, collect_estate, collect_path
from mi_workbook.diagnosis.verify import Verified, verify
from mi_workbook.evidence.azure.clouds import cloud
from mi_workbook.evidence.azure.permissions import Permission, permissions, role
from mi_workbook.evidence.azure.sign_in import Prompt, place, sign_in, ways, words
from mi_workbook.evidence.files import load
from mi_workbook.evidence.integrity import sealed
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.views.collecting import telling
from mi_workbook.views.table import Table
from mi_workbook.workbook.state import State

MOST_SHOWN = 200  # characters of a value
SIGN_IN_FIRST = "Sign in to Azure first."


@dataclass(slots=True)
class Live:
    """One sign-in and what was read with it.

    state: of the session that the evidence goes to; settings: those of every collection (a cloud of its own stays whatever
    is chosen); sign: gives a credential that works, or raises InputError. The credential is kept in memory only and shown
    nowhere. keep: a file for what is read, so that a kernel that stops loses nothing, "" for none; unkept: why it could not
    be written, "" where it was.
    """

    state: State
    settings: Settings = field(default_factory=Settings)
    sign: Callable[..., Any] = sign_in
    own_cloud: bool = False
    credential: Any = field(default=None, repr=False)
    collected: Collected | None = None
    verified: Verified | None = None
    keep: str = ""
    unkept: str = ""
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)

    def sign_in(self, way: str, cloud_name: str, tenant: str, prompt: Prompt) -> str:
        """Sign in one way; what to tell the user. An older sign-in is forgotten first. Raises InputError in plain words."""
        self.credential = None
        where = self.settings.cloud if self.own_cloud else cloud(cloud_name)
        self.credential = self.sign(way, where, tenant=tenant.strip(), prompt=prompt)
        self.settings = replace(self.settings, cloud=where)
        return f"Signed in to {where.name} by: {words()['titles'].get(way, way)}. The sign-in stays in memory only."

    def unfinished(self) -> Snapshot | None:
        """What is left of a collection that ended early: this session's, or the one in the file; None where there is none."""
        if self.collected is not None:
            held = self.collected.snapshot
            return held if "unfinished" in held.source else None
        try:
            held = load(self.keep) if self.keep and Path(self.keep).is_file() else Snapshot()
        except (InputError, OSError):  # another file of that name is replaced by the next collection
            return None
        return held if "unfinished" in held.source else None

    def look(self, subscriptions: str, progress: Progress) -> Collected:
        """Read what there is to choose from and make it the session's evidence. Raises InputError."""
        return self._took(collect_estate(self._signed(), self._now(subscriptions, progress)), "", "", "auto")

    def collect(self, source: str, target: str, endpoint: str, subscriptions: str, progress: Progress) -> Collected:
        """Read what one path needs and answer in the session; what was read before a cancel is kept. Raises InputError."""
        if not source.strip() or not target.strip():
            raise InputError("A path needs a source and an instance.", remedy="'Look around' offers those there are.")
        settings = self._now(subscriptions, progress)
        got = collect_path(self._signed(), source.strip(), target.strip(), endpoint, settings)
        return self._took(got, source.strip(), target.strip(), endpoint)

    def verify(self, progress: Progress) -> Verified:
        """Read again what the session's repair changes and what lies on its path, and answer in the session.

        Raises InputError where the session has no answer yet.
        """
        held, answer, state = self.state.snapshot, self.state.diagnosis, self.state
        if held is None or answer is None:
            raise InputError("There is no answer to verify yet.", remedy="Collect a path first.")
        changes = answer.repair.changes if answer.repair is not None else ()
        settings = replace(self._now("", progress), save=None)
        source, target, endpoint = state.source, state.target, state.endpoint
        found = verify(self._signed(), held, changes, source, target, endpoint, settings)
        self.verified = found
        self._keep(found.after)
        self._show(found.after, "Azure, read again after the repair", source, target, endpoint)
        return found

    def cancel(self) -> None:
        """End what is being read; what was read so far is kept."""
        self._stop.set()

    def _signed(self) -> Any:
        if self.credential is None:
            raise InputError(SIGN_IN_FIRST, remedy="Choose a way to sign in above.")
        return self.credential

    def _now(self, subscriptions: str, progress: Progress) -> Settings:
        self._stop = threading.Event()
        named = tuple(one for one in subscriptions.replace(",", " ").split() if one)
        return replace(
            self.settings, subscriptions=named, progress=progress, cancelled=self._stop.is_set,
            started=self.unfinished(), save=self._save if self.keep else None,
        )  # fmt: skip

    def _keep(self, snapshot: Snapshot) -> None:
        try:
            self._save(snapshot)
            self.unkept = ""
        except OSError as error:
            self.unkept = error.strerror or "the system refused"

    def _save(self, snapshot: Snapshot) -> None:
        """Into the file, where there is one. Raises OSError where the system refuses."""
        if self.keep:
            sealed(snapshot).save(self.keep)

    def _took(self, got: Collected, source: str, target: str, endpoint: str) -> Collected:
        self.collected, self.verified = got, None
        self._keep(got.snapshot)
        self._show(got.snapshot, "Azure", source, target, endpoint)
        return got

    def _show(self, snapshot: Snapshot, opened: str, source: str, target: str, endpoint: str) -> None:
        self.state.take(snapshot, opened)
        self.state.live = True
        if source and target:
            self.state.question(source, target, endpoint)


def offered() -> tuple[str, list[tuple[str, str]]]:
    """A note on signing in where this program runs, and the ways that fit there, best first, as (title, way)."""
    where, table = place(), words()
    best = ways(where)
    rest = [way for way in table["titles"] if way not in best]
    return str(table["notes"][where]), [(str(table["titles"][way]), way) for way in (*best, *rest)]


def permission_table() -> Table:
    """What is read, whether the role Reader is enough for it, and what is lost without it."""
    rows: list[tuple[object, ...]] = [(one.action, _held(one), one.lost) for one in permissions()]
    return Table.of("What is read, and what is lost without it", ("Action", "In Reader", "Lost without it"), rows)


def _held(one: Permission) -> str:
    if one.reader:
        return "yes"
    return "no, an extra action" if one.listed else "no; Network Contributor holds it, a custom role cannot name it"


def custom_role(subscriptions: str) -> dict[str, Any]:
    """The role to hand to an administrator, for these subscriptions (ids apart by commas or blanks)."""
    named = [one.removeprefix("/subscriptions/") for one in subscriptions.replace(",", " ").split()]
    return role(f"/subscriptions/{one}" for one in named)


def gap_table(got: Collected) -> Table:
    """What could not be read, with what to do about it."""
    rows: list[tuple[object, ...]] = [(gap.missing, gap.why, gap.how) for gap in got.gaps]
    return Table.of("Not read: what rests on it stays unknown", ("What", "Why it matters", "What to do"), rows)


def before_after(found: Verified) -> Table:
    """Both answers side by side, then every value of the configuration that differs; those that turned the verdict are marked."""
    both = found.comparison
    rows: list[tuple[object, ...]] = [
        ("Verdict", both.before.verdict.value, both.after.verdict.value),
        ("In words", both.before.headline, both.after.headline),
        ("Root cause", both.before.root_cause or "none", both.after.root_cause or "none"),
    ]
    for one, turned in telling(both):
        mark = " (turned the verdict)" if turned else ""
        name = f"{one.resource.rpartition('/')[2]}{one.pointer}{mark}"
        rows.append((name, _short(one.before), _short(one.after)))
    return Table.of("Before and after", ("", "Before", "After"), rows)


def _short(value: Any) -> str:
    if value is None:
        return "absent"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]} …"
