"""A Diagnosis as one file to hand over: self-contained HTML, or Markdown, with the same sections.

The HTML holds no script and loads nothing; it prints on white paper and follows the reader's light or dark setting.
"""

from __future__ import annotations

import re

from mi_workbook.core.finding import Diagnosis, Finding
from mi_workbook.core.ranges import show_ports
from mi_workbook.core.verdict import Verdict
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.guide.follow_up import taken
from mi_workbook.network.resource_id import last
from mi_workbook.views.html import escape, md, plain
from mi_workbook.views.proof import mended, proof, sign
from mi_workbook.views.source_tables import source_tables
from mi_workbook.views.table import STYLE, Table
from mi_workbook.views.tables import views
from mi_workbook.views.topology import as_table, picture, to_svg
from mi_workbook.views.words import ENDPOINT_WORDS, SAFETY_WORDS, VERDICT_SIGNS

Section = tuple[str, list[str], list[str]]
RESOURCE_ID = re.compile(r"/subscriptions/[^\s,;'\"]+")
APART = ("path", "gaps")  # tables with a section of their own
LOOK = """<style>
:root{--paper:#fff;--ink:#1b1f24;--panel:#f4f6f9;--line:#8a94a0}
body{font:15px/1.5 system-ui,sans-serif;max-width:1150px;margin:2em auto;padding:0 1em;background:var(--paper);color:var(--ink)}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--panel);padding:.6em;border-radius:5px}
.miw{overflow-x:auto}.picture{overflow-x:auto;margin:.5em 0}
.verdict{font-size:1.2em;font-weight:700;border:2px solid;border-radius:8px;padding:.4em .8em;display:inline-block}
.blocked{background:#ffe9e7;color:#8c0000}.reachable{background:#dff6dd;color:#0b4a0b}.unknown{background:#fff4ce;color:#4a3b00}
h2{border-bottom:1px solid var(--line);padding-bottom:.15em;margin-top:1.6em;break-after:avoid}
@media screen and (prefers-color-scheme:dark){:root{--paper:#14181d;--ink:#e8edf2;--panel:#1d232a;--line:#76828e;
--pic-paper:#14181d;--pic-ink:#f2f5f8;--pic-soft:#b9c3cd;--pic-vnet:#1c2631;--pic-subnet:#14181d;--pic-card:#29405a;
--pic-line:#86a7cc;--pic-bad:#ff8f88;--pic-tube:#46525e;color-scheme:dark}}
@media print{body{max-width:none;margin:0;font-size:11px}.miw table{font-size:9px}tr,svg,pre{break-inside:avoid}
caption,thead,.miw tr:first-child,.miw tr:nth-child(2){break-after:avoid}.miw,.picture{overflow:visible}
.picture svg{min-width:0!important}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}@page{size:A4 landscape;margin:12mm}}
</style>"""


def to_html(diagnosis: Diagnosis, snapshot: Snapshot) -> str:
    """One HTML file that loads nothing from anywhere."""
    body = "".join(f"<h2>{escape(title)}</h2>" + "".join(parts) for title, parts, _ in _sections(diagnosis, snapshot))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Connection diagnosis</title>'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"{STYLE}{LOOK}</head><body><main><h1>Connection diagnosis</h1>{body}</main></body></html>"
    )


def to_markdown(diagnosis: Diagnosis, snapshot: Snapshot) -> str:
    """The same report as Markdown."""
    parts = [f"## {title}\n\n" + "\n\n".join(lines) for title, _, lines in _sections(diagnosis, snapshot)]
    return "# Connection diagnosis\n\n" + "\n\n".join(parts) + "\n"


def summary(diagnosis: Diagnosis) -> str:
    """One paragraph for a ticket: question, verdict, cause, repair, what is missing. Names, no resource ids, no codes."""
    source, target = diagnosis.source.name, diagnosis.target.name
    where = ENDPOINT_WORDS.get(diagnosis.endpoint, diagnosis.endpoint)
    parts = [f"{source} to managed instance {target} ({where}{_ports(diagnosis)}): {diagnosis.verdict.value.upper()}."]
    first = mended(diagnosis)
    if first is not None:
        label = "Cause" if first.explains_verdict else "Found"
        parts += [f"{label}: {first.title}. {first.owner_says or ''}", f"Repair: {first.remedy.does}"]
        parts.append(proof(diagnosis, owner=True))
        others = len(diagnosis.findings) - 1
        parts.append(f"{others} further finding{'s' if others > 1 else ''} in the report." if others else "")
    parts += _apart(diagnosis)
    if diagnosis.gaps:
        parts.append(f"Missing evidence: {diagnosis.gaps[0].missing}. How to get it stands in the report.")
    if diagnosis.verdict is Verdict.REACHABLE:
        parts.append(
            "Azure's configuration lets it through; the client's own firewall, driver and login are not part of it."
        )
    text = " ".join(" ".join(part.split()) for part in parts if part)
    return RESOURCE_ID.sub(lambda found: last(found[0]), text)


def _apart(diagnosis: Diagnosis) -> list[str]:
    """Where configuration and test disagree: how far that was followed, and who must act."""
    steps = taken(diagnosis)
    return [f"Configuration and test disagree: {steps[-1].step.title}. To act: {steps[-1].step.who}."] if steps else []


def _ports(diagnosis: Diagnosis) -> str:
    ports = dict.fromkeys(show_ports(trace.flow.ports) for trace in diagnosis.traces)
    return f", TCP {', '.join(ports)}" if ports else ""


def _sections(diagnosis: Diagnosis, snapshot: Snapshot) -> list[Section]:
    tables = views(snapshot, diagnosis)
    word = diagnosis.verdict.value.upper()
    verdict = f'<p class="verdict {diagnosis.verdict.value}">{VERDICT_SIGNS[diagnosis.verdict]} {word}</p>'
    return [
        _prose("Summary", [summary(diagnosis)]),
        ("Verdict", [verdict, _p(diagnosis.headline)], [f"**{word}**", md(diagnosis.headline)]),
        _tabled("Path", [tables["path"]]),
        _picture(diagnosis, snapshot),
        _evidence(diagnosis),
        _repairs(diagnosis),
        *_at_source(diagnosis),
        _tabled("Missing evidence", [tables["gaps"]]),
        _tabled("Tables", [table for name, table in tables.items() if name not in APART]),
        _prose("What was not checked", list(diagnosis.confidence_notes)),
        _prose("About the evidence", [_about(snapshot)]),
    ]


def _prose(title: str, lines: list[str]) -> Section:
    return title, [_p(line) for line in lines], [md(line) for line in lines]


def _tabled(title: str, tables: list[Table]) -> Section:
    return title, [one.to_html() for one in tables], [one.to_markdown() for one in tables]


def _picture(diagnosis: Diagnosis, snapshot: Snapshot) -> Section:
    drawn = picture(snapshot, diagnosis)
    if drawn is None:
        return _prose("Picture", ["Not drawn: an end of the path was not found."])
    words = as_table(drawn)
    return "Picture", [f'<div class="picture">{to_svg(drawn)}</div>', words.to_html()], [words.to_markdown()]


def _at_source(diagnosis: Diagnosis) -> list[Section]:
    """Only where something was seen there."""
    tables = source_tables(diagnosis)
    return [_tabled("Seen at the source", list(tables.values()))] if tables else []


def _evidence(diagnosis: Diagnosis) -> Section:
    lines = [f"{e.document} {e.pointer} = {str(e.value)[:300]}" for f in diagnosis.findings for e in f.evidence]
    lines = lines or ["Every decision and its evidence stand in the path."]
    return "Evidence", [_p(line) for line in lines], [f"- {md(line)}" for line in lines]


def _about(snapshot: Snapshot) -> str:
    when = f", collected {snapshot.collected_at}" if snapshot.collected_at else ""
    refused = len(snapshot.problems)
    problems = f" {refused} part{'s' if refused > 1 else ''} could not be read." if refused else ""
    names = " Redacted: names, ids and addresses are pseudonyms." if "redaction" in snapshot.source else ""
    return f"{len(snapshot.resources)} resources{when}.{problems}{names}"


def _repairs(diagnosis: Diagnosis) -> Section:
    shown = f"{sign(diagnosis)} {proof(diagnosis)}"
    pages, lines = [_p(shown)], [md(shown)]
    for one in diagnosis.findings:
        title, commands = _words(one)
        pages += [_p(title), _p(one.says), f"<pre>{escape(commands)}</pre>"]
        commands = plain(commands)
        fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", commands))])
        lines += [md(title), md(one.says), f"{fence}\n{commands}\n{fence}"]
    return "Repair", pages, lines


def _words(found: Finding) -> tuple[str, str]:
    remedy = found.remedy
    said = [*(f"PowerShell: {line}" for line in remedy.powershell), *(f"Portal: {step}" for step in remedy.portal)]
    said += [f"Undo: {remedy.undo}"] if remedy.undo else []
    commands = "\n".join([*remedy.az, *map(_comment, said)])
    safety = SAFETY_WORDS.get(remedy.safety, remedy.safety)
    return f"{found.code} {found.title} ({safety}): {remedy.does}", commands


def _comment(text: str) -> str:
    """A comment of one line: a line break in a name must not let the rest of the name stand as a command."""
    return f"# {' '.join(text.split())}"


def _p(text: str) -> str:
    return f"<p>{escape(text)}</p>"
