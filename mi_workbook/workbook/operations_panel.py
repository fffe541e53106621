"""What an operation on an app's integration would do and break, as a form. Nothing is changed in Azure."""

from __future__ import annotations

from collections.abc import Callable

from mi_workbook.core.errors import InputError
from mi_workbook.diagnosis import operations
from mi_workbook.diagnosis.operations import Operation
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import VNETS, Network
from mi_workbook.network.plan import WITH_INTEGRATION, WITHOUT_INTEGRATION
from mi_workbook.views.app_plans import effects_table
from mi_workbook.workbook.app_panel import HOW, apps_of, plans_of, preset
from mi_workbook.workbook.form import Answer, Commands, Field, Form, Values

WORDS = {
    "disconnect": "Disconnect an app from its VNet",
    "connect": "Join an app to a subnet (regional integration)",
    "add-route": "Route a range into the VNet (gateway-required)",
    "sync": "Sync Network (gateway-required)",
    "scale": "Scale a plan to another tier",
}
RUN: dict[str, Callable[[Snapshot, Values], Operation]] = {
    "disconnect": lambda s, v: operations.disconnect(s, v["app"], v["target"]),
    "connect": lambda s, v: operations.connect(s, v["app"], v["subnet"], v["target"]),
    "add-route": lambda s, v: operations.add_route(s, v["app"], v["range"], v["target"]),
    "sync": lambda s, v: operations.sync_network(s, v["app"], v["target"]),
    "scale": lambda s, v: operations.scale(s, v["plan"], v["tier"], v["target"]),
}


def form() -> Form:
    """The form: an operation and what it is done to; the answer is its effect on the model, then the commands."""
    return Form(
        "operations",
        "What would this operation do and break?",
        "The effect is shown on a model of your network first; the commands are yours to run. The workbook changes nothing in Azure.",
        "Show what would happen",
        "needed",
        _fields,
        _answer,
        HOW,
        preset,
    )


def _fields(snapshot: Snapshot, values: Values) -> tuple[Field, ...]:
    chosen = values.get("operation") or "disconnect"
    asked = {
        "connect": (Field("subnet", "Subnet to join", "choice", _subnets(snapshot)),),
        "add-route": (Field("range", "Range to route into the VNet", "text", hint="for instance 10.0.0.0/16"),),
    }.get(chosen, ())
    tiers = tuple((tier, tier) for tier in (*sorted(WITHOUT_INTEGRATION), *sorted(WITH_INTEGRATION)))
    about: tuple[Field, ...] = (Field("app", "App or slot", "choice", apps_of(snapshot)), *asked)
    if chosen == "scale":
        about = (Field("plan", "Plan", "choice", plans_of(snapshot)), Field("tier", "New tier", "choice", tiers))
    return (
        Field("operation", "Operation", "choice", tuple((words, one) for one, words in WORDS.items())),
        *about,
        Field("target", "Paths to which instance?", "choice", _targets(snapshot)),
    )


def _targets(snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    """Raises InputError without an instance: there is no path to lose then."""
    found = tuple((one.fqdn or one.name, one.fqdn or one.name) for one in Network(snapshot).instances())
    if not found:
        raise InputError("The evidence holds no managed instance, so no path can be asked about.",
                         remedy="Add it: az sql mi list -o json > instances.json")  # fmt: skip
    return found


def _subnets(snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    network = Network(snapshot)
    vnets = [network.vnet(str(raw.get("id", ""))) for raw in snapshot.of_type(VNETS)]
    return tuple((f"{vnet.name}/{subnet.name}", subnet.id) for vnet in vnets for subnet in vnet.subnets)


def _answer(snapshot: Snapshot, values: Values) -> Answer:
    if values["operation"] == "scale" and not values["plan"]:
        raise InputError("The evidence holds no plan.", remedy="Add it: az appservice plan list -o json > plans.json")
    if values["operation"] == "add-route" and not values["range"].strip():
        return Answer("Name the range to route into the VNet.", "open")
    found = RUN[values["operation"]](snapshot, values)
    lost, won = any(one.loses for one in found.effects), any(one.gains for one in found.effects)
    mark = "bad" if lost else "good" if won else ""
    commands = (Commands("Azure CLI", found.az), Commands("Portal", found.portal))
    return Answer(f"{found.title}. {found.headline}", mark, (effects_table(found),), found.warnings, commands)
