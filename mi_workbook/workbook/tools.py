"""The tools beside the guided session, each as one widget: views of an app, operations, address planner, choice of a feature."""

from __future__ import annotations

from mi_workbook.workbook import app_panel, features_panel, operations_panel, planner_panel
from mi_workbook.workbook.panel import Panel


def app_view(case: str = "") -> Panel:
    """The app's view and the plan's view; `case` is the id of a built-in case to open with."""
    return Panel(app_panel.form(), case, app_panel.SCENARIOS)


def operations(case: str = "") -> Panel:
    """What an operation on an app or a plan would do and break."""
    return Panel(operations_panel.form(), case, app_panel.SCENARIOS)


def plan_addresses(case: str = "") -> Panel:
    """Free address blocks for an integration or a gateway."""
    return Panel(planner_panel.form(), case)


def choose_feature() -> Panel:
    """The questionnaire, with the features side by side."""
    return Panel(features_panel.form())
