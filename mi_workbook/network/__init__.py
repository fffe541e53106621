"""Snapshot -> Network: typed views of ARM resources, built when first touched. What is missing stays visible."""
