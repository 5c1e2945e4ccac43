"""The partition of a plane, read from the program's picture of it.

Contract: one cell per polygon that the program draws, with the numbers of faces that it certified. Coordinates are those of
the picture, which has two decimals on 560 points: a plot is exact to about 2e-5 of the domain's width, and no more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from .report import Report

if TYPE_CHECKING:
    import matplotlib.axes

SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Cell:
    """A region: `vertices` in the coordinates of the domain; `interior` and `walls` are `None` where undecided."""

    vertices: list[tuple[float, float]]
    interior: int | None
    walls: int | None
    units: list[str]

    @property
    def faces(self) -> int | None:
        """Interior faces and walls."""
        return None if self.interior is None or self.walls is None else self.interior + self.walls


@dataclass(frozen=True)
class Partition:
    """The regions of a plane, the titles of its axes, and the report of the same run."""

    cells: list[Cell]
    axes: tuple[str, str]
    report: Report
    svg: str = field(repr=False)

    def plot(self, ax: "matplotlib.axes.Axes | None" = None) -> "matplotlib.axes.Axes":
        """Draws the regions, coloured by their number of faces."""
        from .plots import cells

        return cells(self, ax)

    @staticmethod
    def from_svg(text: str, report: Report) -> "Partition":
        """The cells of a picture that `--format svg --picture partition` wrote."""
        root = ElementTree.fromstring(text)
        ticks = [t for t in root.iter(f"{SVG}text") if t.get("class") == "tick"]
        across = _scale([(float(t.get("x", "")), t.text) for t in ticks if t.get("text-anchor") == "middle"])
        up = _scale([(float(t.get("y", "")), t.text) for t in ticks if t.get("text-anchor") == "end"])
        titles = [t.text or "" for t in root.iter(f"{SVG}text") if t.get("class") == "title"]
        regions = next((g for g in root.iter(f"{SVG}g") if g.get("class") == "regions"), None)
        if regions is None or len(titles) != 2:
            raise ValueError("not a picture of a partition")
        cells = []
        for path in regions.iter(f"{SVG}path"):
            points = [pair.split() for pair in path.get("d", "").strip("MZ").split("L")]
            vertices = [(across(float(x)), up(float(y))) for x, y in points]
            words = path.findtext(f"{SVG}title") or ""
            counted = re.match(r"\d+ faces \((\d+) interior, (\d+) walls\): ?(.*)", words)
            interior, walls = (int(counted[1]), int(counted[2])) if counted else (None, None)
            units = counted[3].split(", ") if counted and counted[3] else []
            cells.append(Cell(vertices, interior, walls, units))
        return Partition(cells, (titles[0], titles[1]), report, text)


class _scale:
    """Places of the picture to numbers of the domain, by the two outermost ticks."""

    def __init__(self, ticks: list[tuple[float, str | None]]) -> None:
        known = sorted((place, float((text or "").replace("\u2212", "-"))) for place, text in ticks)
        if len(known) < 2:
            raise ValueError("not a picture of a partition: an axis has no two ticks")
        (self.place, self.number), (place, number) = known[0], known[-1]
        self.slope = (number - self.number) / (place - self.place)

    def __call__(self, place: float) -> float:
        return self.number + (place - self.place) * self.slope
