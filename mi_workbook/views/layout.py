"""Where the places of a picture stand, and what has been drawn so far. Sizes are pixels at full size."""

from __future__ import annotations

from dataclasses import dataclass, field

from mi_workbook.views.drawing import Shape
from mi_workbook.views.stations import Course

EDGE, PAD, CARD, TALL = 14, 22, 152, 94  # border of the picture; card to its VNet's border; size of a card
INSIDE, BETWEEN = 52, 150  # gaps between cards of one VNet, and between VNets
TOP, CARD_TOP, LOWER = 14, 112, 130  # top of the VNets, of the cards; how much lower what only the reply passes stands
THERE_Y, BACK_Y = 26, 68  # where the two ways meet a card, below its top

Facts = dict[str, list[tuple[str, str]]]


@dataclass(slots=True)
class Layout:
    """Where each station stands, and what has been drawn so far."""

    course: Course
    lefts: list[float]
    tops: list[float]
    shapes: list[Shape] = field(default_factory=list)
    rows: list[tuple[str, str, str]] = field(default_factory=list)
    facts: Facts = field(default_factory=dict)
    broad: float = 0.0  # width that the words about the break need
    foot: float = 0.0  # where the words about the break end, 0 where there is none

    @property
    def right(self) -> float:
        """The right end of the path."""
        return self.lefts[-1] + CARD + PAD

    @property
    def bottom(self) -> float:
        """The lower end of the VNets on the path."""
        return max(self.tops) + TALL + 34
