"""What notebooks call: the guided session as widgets. The only room that knows ipywidgets."""

from mi_workbook.workbook.azure_panel import collect_live
from mi_workbook.workbook.session import practise, start

__all__ = ["collect_live", "practise", "start"]
