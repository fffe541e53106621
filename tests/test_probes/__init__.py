"""Probes against real servers on loopback."""
