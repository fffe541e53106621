"""Azure's rules: what a network does to a flow."""
