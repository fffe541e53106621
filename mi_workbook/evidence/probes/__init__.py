"""Probes from this machine: each tests one layer, within a time limit, and says what it proves and what it does not.

Nothing here runs at import. Sockets and threads live inside the probe functions only.
"""
