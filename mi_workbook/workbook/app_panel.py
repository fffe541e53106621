"""The app's view and the plan's view of VNet integration as a form."""

from __future__ import annotations

from mi_workbook.core.errors import InputError
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import PLANS, SLOTS, WEB_APPS, Network
from mi_workbook.network.resource_id import last
from mi_workbook.network.web_app import WebApp
from mi_workbook.views.app_tables import app_table, plan_table
from mi_workbook.views.table import Cell, Table
from mi_workbook.views.words import COLLECT, COLLECT_APPS
from mi_workbook.workbook.form import Answer, Field, Form, Values

SCENARIOS = ("app-service", "app-service-gateway", "hybrid-connection")
HOW = (*COLLECT_APPS, *COLLECT)


def form() -> Form:
    """The form: an app, a slot or a plan; the answer is what Azure's own pages show, and what is wrong with it."""
    return Form(
        "app-view",
        "How is this web app joined to a network?",
        "An app, a slot or a plan: its integration, the network behind it, and whatever does not fit. Nothing in Azure is changed.",
        "Show",
        "needed",
        lambda snapshot, _: (Field("place", "App, slot or plan", "choice", _places(snapshot)),),
        _answer,
        HOW,
        preset,
    )


def preset(snapshot: Snapshot, source: str) -> Values:
    """The app that a built-in case asks about, in the fields that hold an app."""
    found = next((at for name, at in apps_of(snapshot) if name == source), "")
    return {"place": found, "app": found} if found else {}


def apps_of(snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    """Name and id of every app and slot, by name. Raises InputError where there is none."""
    network = Network(snapshot)
    ids = [str(raw.get("id", "")) for kind in (WEB_APPS, SLOTS) for raw in snapshot.of_type(kind)]
    apps: list[WebApp] = sorted((network.web_app(at) for at in ids if at), key=lambda app: app.shown.lower())
    if not apps:
        raise InputError("The evidence holds no web app.", remedy=f"Add it: {COLLECT_APPS[0]}")
    return tuple((app.shown, app.id) for app in apps)


def plans_of(snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    """Name and id of every plan, by name."""
    ids = sorted((str(raw.get("id", "")) for raw in snapshot.of_type(PLANS)), key=lambda at: last(at).lower())
    return tuple((f"plan {last(at)}", at) for at in ids if at)


def _places(snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    return (*apps_of(snapshot), *plans_of(snapshot))


def _answer(snapshot: Snapshot, values: Values) -> Answer:
    network, place = Network(snapshot), values["place"]
    if place in [at for _, at in plans_of(snapshot)]:
        table = plan_table(network, place)
        return Answer(table.title, *_judged([table]))
    app = network.web_app(place)
    shown = app_table(network, app.id)
    tables = [shown, plan_table(network, app.plan_id)] if app.plan_id else [shown]
    return Answer(f"{app.shown} leaves by: {shown.rows[0][1].text}.{_wrong(shown)}", *_judged(tables))


def _judged(tables: list[Table]) -> tuple[str, tuple[Table, ...]]:
    marks = {cell.mark for table in tables for row in table.rows for cell in row}
    return "bad" if "bad" in marks else "open" if "decides" in marks else "", tuple(tables)


def _wrong(table: Table) -> str:
    """The items that are marked wrong. A view without one does not say that the app reaches anything."""
    found: list[tuple[Cell, ...]] = [row for row in table.rows if row[1].mark == "bad"]
    return (
        f" Does not fit: {', '.join(row[0].text for row in found)}."
        if found
        else " Nothing in this view is wrong; the diagnosis says whether it reaches an instance."
    )
