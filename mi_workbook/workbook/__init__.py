"""What notebooks call: the guided session and the tools beside it as widgets. The only room that knows ipywidgets."""

from mi_workbook.workbook.azure_panel import collect_live
from mi_workbook.workbook.panel import Panel
from mi_workbook.workbook.session import practise, start
from mi_workbook.workbook.tools import app_view, choose_feature, operations, plan_addresses

__all__ = ["Panel", "app_view", "choose_feature", "collect_live", "operations", "plan_addresses", "practise", "start"]
