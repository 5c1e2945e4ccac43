"""Plots with matplotlib. Every axis is titled; colours are told apart by the colour-blind."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import matplotlib.axes

    from .report import Report

UNITS = {"region": "regions", "volume": "uniform samples", "point": "data points"}


def histogram(
    report: "Report", ax: "matplotlib.axes.Axes | None" = None, count: str = "total"
) -> "matplotlib.axes.Axes":
    """Bars of how many regions (samples, points) have how many faces."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator

    if count not in ("total", "interior"):
        raise ValueError(f"count is 'total' or 'interior', not {count!r}")
    ax = plt.subplots()[1] if ax is None else ax
    rows = [(faces, total if count == "total" else interior) for faces, total, interior in report.histogram._rows()]
    rows = [row for row in rows if row[1] > 0]
    ax.bar([faces for faces, _ in rows], [n for _, n in rows], color="#0072b2")
    ax.set_xlabel(f"{'faces' if count == 'total' else 'interior faces'} per region")
    ax.set_ylabel(UNITS.get(report.histogram.weight or "", "regions"))
    ax.set_title(report.model.file)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return ax
