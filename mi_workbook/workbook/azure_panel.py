"""The panel to collect from Azure, above a guided session: sign in, collect, and after a repair look again."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import replace
from datetime import datetime
from typing import Any

import ipywidgets as ui

from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.collecting import Collected
from mi_workbook.evidence.azure.clouds import CLOUDS
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.views.html import escape, plain
from mi_workbook.views.table import STYLE
from mi_workbook.views.words import ENDPOINT_WORDS
from mi_workbook.workbook.live import Live, before_after, custom_role, gap_table, offered, permission_table
from mi_workbook.workbook.session import Session
from mi_workbook.workbook.state import State

WIDE = ui.Layout(width="99%", max_width="1300px")
FIELD = ui.Layout(width="48%", min_width="280px")
LABEL = {"description_width": "140px"}


class AzurePanel(ui.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Sign-in, collection and verification as widgets; the answer is drawn by the session below.

    Everything that asks Azure runs in a thread of its own, so that Cancel is heard while it runs. wait: for the end of the
    running action, with the seconds to wait at most (a notebook without a person and tests need it).
    """

    def __init__(self, session: Session, live: Live | None = None) -> None:
        self.session, self.live = session, live or Live(session.state)
        self._worker: threading.Thread | None = None
        self._make_sign_in()
        self._make_question()
        self._make_outcome()
        super().__init__([ui.HTML(STYLE), self._signing(), self._collecting(), self.outcome], layout=WIDE)
        self._kept_elsewhere()
        self.add_class("miw-azure")
        self._enable(busy=False)

    def _kept_elsewhere(self) -> None:
        """Another file: what ended early in it is gone on with, and its question is offered."""
        self.live.keep = self.keep.value.strip()
        held = self.live.unfinished() if self.live.collected is None else None
        self.going_on.value = "" if held is None else _going_on(self.live.keep, held)
        asked = held.source.get("question") if held is not None else None
        if isinstance(asked, dict) and not self.source.value and not self.target.value:
            self.source.value, self.target.value = str(asked.get("from", "")), str(asked.get("to", ""))
            self.endpoint.value = asked["endpoint"] if asked.get("endpoint") in ENDPOINT_WORDS else "auto"

    def _make_sign_in(self) -> None:
        note, choices = offered()
        self.note = ui.HTML(f"<p>{escape(note)}</p>")
        self.way = ui.Dropdown(options=choices, description="Sign in with", style=LABEL, layout=FIELD)
        self.cloud = ui.Dropdown(options=list(CLOUDS), description="Cloud", style=LABEL, layout=FIELD)
        self.tenant = _text("Tenant", "the account's own, or an id or a domain")
        self.subscriptions = _text("Subscriptions", "all that the account sees, or ids")
        self.sign = ui.Button(description="Sign in", button_style="primary")
        self.role = ui.Textarea(disabled=True, layout=ui.Layout(width="99%", height="150px"))
        self.code = ui.HTML()
        self.signed = _status("Not signed in.")
        self.sign.on_click(lambda _: self._start(self._sign_in, "Signing in"))
        self.subscriptions.observe(lambda _: self._write_role(), "value")
        self._write_role()

    def _make_question(self) -> None:
        self.source = ui.Combobox(
            description="Source", placeholder="vm, vnet/subnet, app ...", style=LABEL, layout=FIELD
        )
        self.target = ui.Combobox(description="Instance", placeholder="name or server name", style=LABEL, layout=FIELD)
        self.endpoint = ui.Dropdown(
            options=[(words, one) for one, words in ENDPOINT_WORDS.items()],
            description="Endpoint",
            style=LABEL,
            layout=FIELD,
        )
        self.endpoint.value = "auto"
        self.keep = _text("Keep in file", "nowhere: a kernel that stops loses what was read")
        self.keep.value = self.live.keep
        self.keep.observe(lambda _: self._kept_elsewhere(), "value")
        self.next_hop = ui.Checkbox(
            description="Also ask Network Watcher for the next hop (a POST; the VM has to run)",
            indent=False,
            layout=FIELD,
        )
        self.going_on = ui.HTML()
        self.look = ui.Button(description="Look around", tooltip="Read what there is to choose from")
        self.collect = ui.Button(description="Collect and diagnose", button_style="primary")
        self.verify = ui.Button(description="I applied the repair: verify", layout=ui.Layout(width="240px"))
        self.cancel = ui.Button(description="Cancel", tooltip="What was read is kept")
        self.look.on_click(lambda _: self._start(self._look, "Looking around"))
        self.collect.on_click(lambda _: self._start(self._collect, "Collecting"))
        self.verify.on_click(lambda _: self._start(self._verify, "Reading again"))
        self.cancel.on_click(lambda _: self.live.cancel())

    def _make_outcome(self) -> None:
        self.bar = ui.IntProgress(min=0, max=1, layout=ui.Layout(width="320px"))
        self.reading = ui.HTML()
        self.told = _status("")
        self.outcome = ui.VBox([ui.HBox([self.bar, self.reading]), self.told])
        self.bar.layout.visibility = "hidden"

    def _signing(self) -> ui.VBox:
        allowed = ui.Accordion(
            [ui.HTML(permission_table().to_html()), self.role],
            titles=("What will be read (only reads)", "A custom role for your administrator, to copy"),
            layout=WIDE,
        )
        rows = [_row(self.way, self.cloud), _row(self.tenant, self.subscriptions)]
        return ui.VBox(
            [_heading("1. Sign in"), self.note, allowed, *rows, ui.HBox([self.sign, self.signed]), self.code]
        )

    def _collecting(self) -> ui.VBox:
        buttons = ui.HBox([self.look, self.collect, self.cancel, self.verify], layout=ui.Layout(flex_flow="row wrap"))
        rows = [_row(self.source, self.target), _row(self.endpoint, self.keep), self.next_hop, self.going_on, buttons]
        return ui.VBox([_heading("2. Collect what the path needs, and verify a repair"), *rows])

    def _write_role(self) -> None:
        self.role.value = json.dumps(custom_role(self.subscriptions.value), indent=2)

    def wait(self, seconds: float) -> bool:
        """True once the running action has ended, False where it still runs after these seconds."""
        if self._worker is not None:
            self._worker.join(seconds)
        return self._worker is None or not self._worker.is_alive()

    def _start(self, action: Callable[[], str], what: str) -> None:
        if self._worker is not None and self._worker.is_alive():
            return
        self._enable(busy=True)
        self.live.settings = replace(self.live.settings, next_hop=self.next_hop.value)
        self.going_on.value = ""
        self.told.value, self.reading.value = "", escape(f"{what} ...")
        # The context names the cell whose output the widgets belong to; a bare thread would lose it.
        context = copy_context()
        worker = threading.Thread(target=context.run, args=(self._guarded, action), daemon=True)
        try:
            worker.start()
        except RuntimeError:  # a kernel inside the browser has no threads, and no way to Azure
            self.told.value = (
                "<b>This kernel runs inside the browser and cannot ask Azure. Install the workbook, or load files.</b>"
            )
            self._enable(busy=False)
            return
        self._worker = worker

    def _guarded(self, action: Callable[[], str]) -> None:
        """Carry out one action; whatever fails is said in words. The text of an unforeseen error may hold secrets."""
        try:
            self.told.value = action()
        except (InputError, MissingEvidence) as error:
            self.told.value = f"<b>{escape(error)}</b>"
        except Exception as error:
            self.told.value = f"<b>The workbook itself failed ({escape(type(error).__name__)}). Please report it.</b>"
        finally:
            self.reading.value = self.code.value = ""
            self._enable(busy=False)

    def _enable(self, *, busy: bool) -> None:
        signed = self.live.credential is not None
        self.sign.disabled = busy
        self.cancel.disabled = not busy or not signed
        self.look.disabled = self.collect.disabled = busy or not signed
        self.verify.disabled = busy or not signed or self.session.state.diagnosis is None
        self.bar.layout.visibility = "visible" if busy and signed else "hidden"

    def _sign_in(self) -> str:
        self.signed.value = "Not signed in."
        self.signed.value = escape(
            self.live.sign_in(self.way.value, self.cloud.value, self.tenant.value, self._show_code)
        )
        return ""

    def _show_code(self, link: str, code: str, until: datetime) -> None:
        """Link and code of a sign-in by device code. Only an https link becomes one."""
        shown = f'<a href="{escape(link)}" target="_blank" rel="noopener noreferrer">{escape(link)}</a>'
        where = shown if link.startswith("https://") else escape(link)
        self.code.value = (
            f'<p role="alert">Open {where} and enter the code <b style="font:600 18px monospace">{escape(code)}</b> '
            f"(until {escape(until.strftime('%H:%M'))} UTC).</p>"
        )

    def _progress(self, what: str, done: int, of: int) -> None:
        self.bar.max, self.bar.value = max(of, 1), done
        self.reading.value = escape(f"{done} of {of}: {plain(what)[-90:]}")

    def _look(self) -> str:
        got = self.live.look(self.subscriptions.value, self._progress)
        state = self.session.state
        self.source.options, self.target.options = tuple(state.sources), tuple(state.targets)
        self.source.value, self.target.value = self.source.value or state.source, self.target.value or state.target
        self.session.draw()
        return _said(self.live, got, "Choose source and instance, then collect.")

    def _collect(self) -> str:
        source, target, endpoint = self.source.value, self.target.value, self.endpoint.value
        got = self.live.collect(source, target, endpoint, self.subscriptions.value, self._progress)
        self.session.draw()
        answer, more = self.session.state.diagnosis, "The answer is below."
        if answer is not None and answer.verdict is Verdict.BLOCKED:
            more += f" After the repair, press '{self.verify.description}'."
        return _said(self.live, got, str(got.trouble) if got.trouble is not None else more)

    def _verify(self) -> str:
        found = self.live.verify(self._progress)
        self.session.draw()
        missed = "".join(f"<li>{escape(gap.missing)}: {escape(gap.how)}</li>" for gap in found.gaps)
        not_read = f"<p>Not read again, and judged as before:</p><ul>{missed}</ul>" if missed else ""
        sign = "✓" if found.turned else "✗"
        return f"<p><b>{sign} {escape(found.says)}</b></p>{before_after(found).to_html()}{not_read}"


def collect_live(live: Live | None = None) -> ui.VBox:
    """The panel with a session below it, which shows what was collected. live: for a cloud or a sign-in of one's own."""
    used = live if live is not None else Live(State(), keep=KEEP)
    session = Session(used.state)
    return ui.VBox([AzurePanel(session, used), session])


KEEP = "mi-workbook-collected.json.gz"


def _going_on(keep: str, held: Snapshot) -> str:
    found = f"{keep} holds a collection of {held.collected_at} that ended early, with {len(held.resources)} resources."
    return f"<p><b>{escape(found)}</b> Collecting goes on with it; name another file to begin anew.</p>"


def _said(live: Live, got: Collected, more: str) -> str:
    early = " It ended early; collect again, and it goes on with what was read." if got.stopped else ""
    if not got.stopped and "unfinished" in got.snapshot.source:
        early = " Some of it could not be read; collect again, and only that is tried again."
    kept = f" Kept in {live.keep}." if live.keep and not live.unkept else ""
    kept = f" Not kept in {live.keep}: {live.unkept}." if live.unkept else kept
    says = f"{len(got.snapshot.resources)} resources in {got.requests} requests.{early}{kept} {more}"
    return f"<p>{escape(says)}</p>" + (gap_table(got).to_html() if got.gaps else "")


def _row(*fields: Any) -> ui.HBox:
    return ui.HBox(fields, layout=ui.Layout(flex_flow="row wrap", width="100%"))


def _text(label: str, hint: str) -> ui.Text:
    return ui.Text(description=label, placeholder=hint, style=LABEL, layout=FIELD)


def _heading(text: str) -> ui.HTML:
    return ui.HTML(f"<h3>{escape(text)}</h3>")


def _status(text: str) -> ui.HTML:
    return ui.HTML(escape(text))
