"""The guided session on one screen: evidence, question, verdict, step, tables, picture, report."""

from __future__ import annotations

import base64
from typing import Any

import ipywidgets as widgets

from mi_workbook.core.verdict import Verdict
from mi_workbook.guide.scenario import Step
from mi_workbook.guide.walk import outcome
from mi_workbook.views.html import escape
from mi_workbook.views.report import to_html, to_markdown
from mi_workbook.views.table import STYLE
from mi_workbook.views.tables import views
from mi_workbook.views.topology import as_table, figure_widget, picture, to_svg
from mi_workbook.views.words import proof
from mi_workbook.workbook.drop import INVITATION, DropZone
from mi_workbook.workbook.state import State

SIGNS = {Verdict.REACHABLE: "✓", Verdict.BLOCKED: "✗", Verdict.UNKNOWN: "?"}
COLOURS = {
    Verdict.REACHABLE: "background:#dff6dd;color:#0b4a0b",
    Verdict.BLOCKED: "background:#fde7e9;color:#8c0000",
    Verdict.UNKNOWN: "background:#fff4ce;color:#4a3b00",
}
WIDE = {"width": "100%"}


def start(scenario: str = "") -> widgets.VBox:
    """The session as one widget; a scenario id narrows the built-in cases to it."""
    return Session(State(scenario)).root


class Session:
    """Widgets that draw a State and pass on what the user does."""

    def __init__(self, state: State) -> None:
        self.state = state
        wide = widgets.Layout(width="min(700px, 96%)")
        style = {"description_width": "120px"}
        self.scenario = widgets.Dropdown(
            options=[("All scenarios", ""), *state.scenarios()], value=state.scenario, description="Scenario", layout=wide,
            style=style,
        )  # fmt: skip
        self.case = widgets.Dropdown(options=self._cases(), description="Built-in case", layout=wide, style=style)
        self.upload = DropZone()
        self.source = widgets.Combobox(description="Source", layout=wide, style=style, placeholder="type to search")
        self.target = widgets.Combobox(
            description="Server name", layout=wide, style=style, placeholder="as the application has it"
        )
        self.ask = widgets.Button(description="Diagnose", button_style="primary")
        self.back = widgets.Button(description="◀ Back")
        self.next = widgets.Button(description="Next step ▶")
        self.end = widgets.Button(description="Go to the answer")
        self.zoom = widgets.Button(description="Picture to zoom")
        self.message, self.verdict, self.step = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.shown, self.picture, self.report = widgets.HTML(layout=WIDE), widgets.VBox(), widgets.HTML()
        self.walking = widgets.VBox(
            [
                self.verdict,
                widgets.HBox([self.back, self.next, self.end, self.zoom]),
                self.step,
                self.picture,
                self.shown,
                self.report,
            ]
        )
        question = widgets.VBox([self.scenario, self.case, self.upload, self.source, self.target, self.ask])
        self.root = widgets.VBox([question, self.message, self.walking])
        self._listen()
        self.draw()

    def _listen(self) -> None:
        self.scenario.observe(self._scenario, "value")
        self.case.observe(self._case, "value")
        self.upload.on_msg(self._upload)
        self.ask.on_click(self._ask)
        for button, act in (
            (self.back, self.state.back),
            (self.next, self.state.next),
            (self.end, self.state.to_the_end),
        ):
            button.on_click(self._then(act))
        self.zoom.on_click(self._zoom)

    def _then(self, act: Any) -> Any:
        def clicked(_: object) -> None:
            act()
            self.draw()

        return clicked

    def _cases(self) -> list[tuple[str, str]]:
        return [("Choose ...", ""), *self.state.cases()]

    def _scenario(self, change: dict[str, Any]) -> None:
        self.state.scenario = change["new"]
        self.case.options = self._cases()

    def _case(self, change: dict[str, Any]) -> None:
        if change["new"]:
            self.state.open_case(change["new"])
            self._fill()

    def _upload(self, _: object, message: dict[str, Any], buffers: list[memoryview]) -> None:
        names = [str(name) for name in message.get("names", [])]
        self.state.open_files([(name, bytes(data)) for name, data in zip(names, buffers, strict=False)])
        self.upload.words = (
            f"Opened: {', '.join(names)}. Drop others to replace them." if not self.state.error else INVITATION
        )
        self._fill()

    def _fill(self) -> None:
        self.source.options, self.target.options = tuple(self.state.sources), tuple(self.state.targets)
        self.source.value, self.target.value = self.state.source, self.state.target
        self.draw()

    def _ask(self, _: object) -> None:
        self.state.source, self.state.target = self.source.value, self.target.value
        self.state.ask()
        self.draw()

    def _zoom(self, _: object) -> None:
        if self.state.snapshot is not None and self.state.diagnosis is not None:
            drawn = picture(self.state.snapshot, self.state.diagnosis)
            self.picture.children = [figure_widget(drawn)] if drawn else []

    def draw(self) -> None:
        """Put the state on the screen."""
        state = self.state
        self.message.value = f'<p role="alert"><b>{escape(state.error)}</b></p>' if state.error else ""
        self.walking.layout.display = "" if state.walk is not None else "none"
        if state.walk is None or state.diagnosis is None or state.snapshot is None:
            return
        found = state.diagnosis
        self.verdict.value = (
            f'<div role="status" style="{COLOURS[found.verdict]};padding:.6em 1em;border-radius:6px;font-size:15px;line-height:1.4">'
            f"<b>{SIGNS[found.verdict]} {found.verdict.value.upper()}</b> &nbsp; {escape(found.headline)}</div>"
        )
        self.back.disabled = not state.walk.taken
        self.next.disabled = self.end.disabled = state.walk.step.is_end
        self.step.value = self._step(state.walk.step)
        self.picture.children = []
        self.shown.value = STYLE + self._views(state.walk.step)
        self.report.value = self._downloads()

    def _step(self, step: Step) -> str:
        walk, found = self.state.walk, self.state.diagnosis
        if walk is None or found is None:
            return ""
        trail = " › ".join(f"{escape(walk.scenario.step(s).title)} {SIGNS[Verdict(v)]}" for s, v in walk.taken)
        result = "" if step.is_end else f"<p><b>Evidence says: {outcome(step, found).value}</b></p>"
        return (
            f'<p style="opacity:.8">{trail}</p><h3>{escape(step.title)}</h3><p><b>Look at:</b> {escape(step.look)}</p>'
            f"<p><b>Why:</b> {escape(step.why)}</p><p><small>Source: {escape(step.source)}</small></p>{result}"
        )

    def _views(self, step: Step) -> str:
        if self.state.snapshot is None or self.state.diagnosis is None:
            return ""
        tables = views(self.state.snapshot, self.state.diagnosis)
        parts = []
        for view in step.shows:
            if view == "topology":
                drawn = picture(self.state.snapshot, self.state.diagnosis)
                parts.append(to_svg(drawn) + as_table(drawn).to_html() if drawn else "")
            elif view == "repair":
                parts.append(self._repair())
            else:
                parts.append(tables[view].to_html())
        return "".join(parts)

    def _repair(self) -> str:
        found = self.state.diagnosis
        if found is None:
            return ""
        proved = found.repair is not None and found.repair.proved
        parts = [
            "<h4>Repair</h4>",
            f"<p><b>{'✓ ' if proved else ''}{escape(proof(found))}</b></p>" if found.repair else "",
        ]
        for one in found.findings:
            steps = "".join(f"<li>{escape(line)}</li>" for line in one.remedy.portal)
            parts.append(
                f"<p><b>{escape(one.title)}</b> ({escape(one.remedy.safety)}): {escape(one.remedy.does)}</p>"
                f"<pre style='white-space:pre-wrap;user-select:all'>{escape(chr(10).join(one.remedy.az))}</pre>"
                f"<details><summary>PowerShell, Portal, undo</summary><pre style='white-space:pre-wrap'>"
                f"{escape(chr(10).join(one.remedy.powershell))}</pre><ol>{steps}</ol><p>Undo: {escape(one.remedy.undo)}</p></details>"
            )
        return "".join(parts)

    def _downloads(self) -> str:
        if self.state.snapshot is None or self.state.diagnosis is None:
            return ""
        links = []
        for name, kind, make in (("report.html", "text/html", to_html), ("report.md", "text/markdown", to_markdown)):
            data = base64.b64encode(make(self.state.diagnosis, self.state.snapshot).encode()).decode()
            links.append(f'<a download="{name}" href="data:{kind};base64,{data}">Download {name}</a>')
        return "<p>" + " &nbsp; ".join(links) + "</p>"
