"""The workbook clicked through in a real Chromium, in every place that serves notebooks."""
