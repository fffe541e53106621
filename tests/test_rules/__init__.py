"""Azure's rules one by one: each test is named after what must hold; `tests/rules.toml` lists which test holds which rule."""
