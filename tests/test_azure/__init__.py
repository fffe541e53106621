"""Live collection against a Resource Manager on loopback."""
