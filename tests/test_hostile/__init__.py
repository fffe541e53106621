"""Hostile evidence: text that would be obeyed somewhere if it were not escaped."""
