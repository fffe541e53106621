"""A Diagnosis as one file to hand over: self-contained HTML, or Markdown, with the same sections."""

from __future__ import annotations

from mi_workbook.core.finding import Diagnosis, Finding
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.views.html import escape, md
from mi_workbook.views.table import STYLE
from mi_workbook.views.tables import views
from mi_workbook.views.topology import as_table, picture, to_svg
from mi_workbook.views.words import proof

Section = tuple[str, list[str], list[str]]


def to_html(diagnosis: Diagnosis, snapshot: Snapshot) -> str:
    """One HTML file that loads nothing from anywhere."""
    body = "".join(f"<h2>{escape(title)}</h2>" + "".join(parts) for title, parts, _ in _sections(diagnosis, snapshot))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Connection diagnosis</title>'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"{STYLE}<style>body{{font:15px/1.5 system-ui,sans-serif;max-width:1150px;margin:2em auto;padding:0 1em;"
        "background:#fff;color:#1b1b1b}pre{white-space:pre-wrap;background:#f3f3f3;padding:.6em}.miw{overflow-x:auto}"
        f"</style></head><body><h1>Connection diagnosis</h1>{body}</body></html>"
    )


def to_markdown(diagnosis: Diagnosis, snapshot: Snapshot) -> str:
    """The same report as Markdown."""
    parts = [f"## {title}\n\n" + "\n\n".join(lines) for title, _, lines in _sections(diagnosis, snapshot)]
    return "# Connection diagnosis\n\n" + "\n\n".join(parts) + "\n"


def _sections(diagnosis: Diagnosis, snapshot: Snapshot) -> list[Section]:
    tables = views(snapshot, diagnosis)
    drawn = picture(snapshot, diagnosis)
    evidence = [f"{e.document} {e.pointer} = {str(e.value)[:300]}" for f in diagnosis.findings for e in f.evidence] or [
        "Every decision and its evidence stand in the path below."
    ]
    notes = list(diagnosis.confidence_notes)
    found: list[Section] = [
        ("Summary", [_p(diagnosis.headline)], [md(diagnosis.headline)]),
        ("Verdict", [_p(diagnosis.verdict.value.upper())], [md(diagnosis.verdict.value.upper())]),
        ("Picture", [to_svg(drawn), as_table(drawn).to_html()], [as_table(drawn).to_markdown()])
        if drawn
        else ("Picture", [_p("Not drawn: an end of the path was not found.")], ["Not drawn: an end was not found."]),
        ("Evidence", [_p(line) for line in evidence], [f"- {md(line)}" for line in evidence]),
        _repairs(diagnosis),
    ]
    found.append(("Tables", [t.to_html() for t in tables.values()], [t.to_markdown() for t in tables.values()]))
    found.append(("What was not checked", [_p(note) for note in notes], [md(note) for note in notes]))
    return found


def _repairs(diagnosis: Diagnosis) -> Section:
    pages = [_p(proof(diagnosis))]
    lines = [md(proof(diagnosis))]
    for one in diagnosis.findings:
        title, commands = _words(one)
        pages += [_p(title), f"<pre>{escape(commands)}</pre>"]
        fence = "~~~" if "```" in commands else "```"
        lines += [md(title), f"{fence}\n{commands}\n{fence}"]
    return "Repair", pages, lines


def _words(found: Finding) -> tuple[str, str]:
    remedy = found.remedy
    steps = [f"# Portal: {step}" for step in remedy.portal]
    commands = "\n".join(
        [*remedy.az, *(f"# PowerShell: {line}" for line in remedy.powershell), *steps, f"# Undo: {remedy.undo}"]
    )
    return f"{found.code} {found.title} ({remedy.safety}): {remedy.does}", commands


def _p(text: str) -> str:
    return f"<p>{escape(text)}</p>"
