"""What notebooks call: the guided session and the tools beside it as widgets. The only room that knows ipywidgets.

Each is loaded when it is first named, so that a notebook waits for its own tool only.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mi_workbook.workbook.azure_panel import collect_live
    from mi_workbook.workbook.panel import Panel
    from mi_workbook.workbook.session import practise, start
    from mi_workbook.workbook.tools import app_view, choose_feature, operations, plan_addresses

__all__ = ["Panel", "app_view", "choose_feature", "collect_live", "operations", "plan_addresses", "practise", "start"]
HOMES = {"collect_live": "azure_panel", "Panel": "panel", "practise": "session", "start": "session"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{HOMES.get(name, 'tools')}"), name)
