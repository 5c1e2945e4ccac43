"""polyaudit for Python: runs the program `polyaudit` and gives its report as dataclasses, frames and plots.

    import polyaudit
    report = polyaudit.audit("model.onnx", domain=(-1, 1))
    report.summary.regions, report.summary.faces.total.mean
    report.histogram.frame()
    report.plot_histogram()
    polyaudit.partition("planar.onnx", domain=(-1, 1)).plot()

Contract: every number is the program's; nothing is computed here. The program is `POLYAUDIT_BIN`, else `polyaudit` on
PATH.
"""

from ._audit import Domain, Model, audit, frame, partition
from ._program import PolyauditError, RefusedError, program, version
from .partition import Cell, Partition
from .report import Report

__all__ = [
    "Cell",
    "Domain",
    "Model",
    "Partition",
    "PolyauditError",
    "RefusedError",
    "Report",
    "audit",
    "frame",
    "partition",
    "program",
    "version",
]
