"""Plots with matplotlib. Every axis is titled; colours are told apart by the colour-blind."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import matplotlib.axes

    from .partition import Partition
    from .report import Report

UNITS = {"region": "regions", "volume": "uniform samples", "point": "data points", "found": "regions met"}


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


def cells(partition: "Partition", ax: "matplotlib.axes.Axes | None" = None) -> "matplotlib.axes.Axes":
    """The regions of a plane, coloured by their number of faces; undecided ones grey."""
    import matplotlib.pyplot as plt
    from matplotlib import colormaps
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import BoundaryNorm
    from matplotlib.ticker import MaxNLocator

    ax = plt.subplots()[1] if ax is None else ax
    decided = [c for c in partition.cells if c.faces is not None]
    grey = [c.vertices for c in partition.cells if c.faces is None]
    if grey:
        ax.add_collection(PolyCollection(grey, facecolors="#8c8c8c", edgecolors="white", linewidths=0.5))
    if decided:
        counts = [c.faces for c in decided if c.faces is not None]
        colours = colormaps["viridis"]
        norm = BoundaryNorm([n - 0.5 for n in range(min(counts), max(counts) + 2)], colours.N)
        drawn = PolyCollection(
            [c.vertices for c in decided], array=counts, cmap=colours, norm=norm, edgecolors="white", linewidths=0.5
        )
        ax.add_collection(drawn)
        if ax.figure is not None:
            ax.figure.colorbar(drawn, ax=ax, label="faces per region", ticks=MaxNLocator(integer=True))
    ax.autoscale_view()
    ax.set_aspect("equal", adjustable="box")
    ax.set_xlabel(partition.axes[0])
    ax.set_ylabel(partition.axes[1])
    ax.set_title(partition.report.model.file)
    return ax
