"""Probes from this machine: each tests one layer, within a time limit, and says what it proves and what it does not.

Nothing here runs at import. Sockets, threads and TLS live inside the probe functions only, so that results can be
judged also where there is neither (a browser's Python).
"""
