"""Decision trees as data, and the pure walk through them."""
