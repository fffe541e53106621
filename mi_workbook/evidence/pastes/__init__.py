"""Pasted console output: one file per format, recognised by content, several in one paste."""
