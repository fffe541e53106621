"""Text of small trees of the guide, and what is said of those that are refused."""

from __future__ import annotations

import pytest

from mi_workbook.core.errors import InputError
from mi_workbook.guide.scenario import load_text

FILE = "x.toml"


def step_text(name: str, *lines: str) -> str:
    """A step with everything that each step needs, and these lines."""
    needed = (f'id = "{name}"', *(f'{member} = "{member[0]}"' for member in ("title", "look", "why", "source")))
    return "\n".join(["[[step]]", *needed, *lines])


def tree_text(*steps: str) -> str:
    """A tree of these steps."""
    return "\n".join(['id = "x"', *steps])


def mistakes(text: str) -> str:
    """The message with which a tree is refused."""
    with pytest.raises(InputError) as caught:
        load_text(text, FILE)
    return str(caught.value)
