"""Random networks for the lab (first flavour: those of the z3 oracle)."""

from oracle.networks import network  # noqa: F401
