"""The list of rules is whole, and every test that it names exists."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
RULES: dict[str, dict[str, Any]] = tomllib.loads((TESTS / "rules.toml").read_text(encoding="utf-8"))["rule"]
COUNTS = {"R1.": 50, "R2.": 26, "R3.": 24, "R4.": 35, "R5.": 13, "R6.": 12, "V": 24, "C": 12}


def test_every_rule_is_in_the_list() -> None:
    """Numbers run without a gap."""
    assert set(RULES) == {f"{group}{number}" for group, most in COUNTS.items() for number in range(1, most + 1)}


def test_every_rule_has_a_test_or_says_why_it_decides_no_path() -> None:
    """One of the two, and words."""
    for name, rule in RULES.items():
        assert rule["says"], name
        assert bool(rule.get("tests")) != bool(rule.get("beside")), name


def test_every_named_test_exists() -> None:
    """Renamed or deleted, it is missed here."""
    defined: dict[str, set[str]] = {}
    for name, rule in RULES.items():
        for test in rule.get("tests", ()):
            file, _, function = test.partition("::")
            if file not in defined:
                tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
                defined[file] = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
            assert function in defined[file], f"{name}: {test}"
