"""The document `polyaudit/report/1` as dataclasses.

Contract: values are the document's own. Keys that a later version of the program adds are kept in `raw` and, for numbers
of the summary, in `metrics()`; a document of another schema is refused.
"""

from __future__ import annotations

import json
import types
import typing
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Iterator

if TYPE_CHECKING:
    import matplotlib.axes
    import pandas

SCHEMA = "polyaudit/report/1"


@dataclass(frozen=True)
class Tool:
    name: str
    version: str


@dataclass(frozen=True)
class ModelCard:
    file: str
    sha256: str
    bytes: int
    ir_version: int
    opset: int
    producer: str
    inputs: list[str]
    outputs: list[str]


@dataclass(frozen=True)
class Domain:
    kind: str
    lo: float | list[float] | None = None
    hi: float | list[float] | None = None
    file: str | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Settings:
    domain: Domain
    method: str
    engine: str
    seed: int
    auto: str | None = None
    samples: int | None = None
    max_regions: int | None = None
    outputs: list[str] = field(default_factory=list)
    dims: list[str] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Status:
    state: str
    reason: str | None = None


@dataclass(frozen=True)
class Faces:
    mean: float
    median: int
    p95: int
    min: int
    max: int
    stddev: float
    share_at_most_2d: float
    mean_low: float | None = None
    mean_high: float | None = None


@dataclass(frozen=True)
class FaceSummary:
    total: Faces
    interior: Faces
    walls: Faces


@dataclass(frozen=True)
class Summary:
    inputs: int | None = None
    units: int | None = None
    regions: int | None = None
    regions_found: int | None = None
    samples: int | None = None
    new_in_last_tenth: float | None = None
    covered: float | None = None
    covered_low: float | None = None
    covered_high: float | None = None
    undecided: int | None = None
    identically_on_breakpoint: int | None = None
    faces: FaceSummary | None = None


@dataclass(frozen=True)
class Histogram:
    """`rows` as in the document; `weight` says what one count stands for."""

    weight: str | None
    rows: list[dict[str, int]]

    def frame(self) -> "pandas.DataFrame":
        """One row per number of faces: columns `faces`, `total`, `interior`. `attrs["weight"]` is the weight."""
        import pandas

        table = pandas.DataFrame(list(self._rows()), columns=["faces", "total", "interior"])
        table.attrs["weight"] = self.weight
        return table

    def _rows(self) -> Iterator[tuple[int, int, int]]:
        for row in self.rows:
            what = "regions" if "regions_total" in row else "samples"
            yield row["face_count"], row[f"{what}_total"], row[f"{what}_interior"]


@dataclass(frozen=True)
class Layer:
    layer: str
    op: str
    unit_count: int
    kind: str
    coefficients_sha256: str | None = None


@dataclass(frozen=True)
class Finding:
    code: str
    severity: str
    message: str
    node: str | None = None
    hint: str | None = None


@dataclass(frozen=True)
class Identity:
    identity: str
    outcome: str
    detail: str


@dataclass(frozen=True)
class Checks:
    identities: list[Identity] = field(default_factory=list)


@dataclass(frozen=True)
class Plugin:
    name: str
    version: str
    kind: str
    manifest: str | None = None


@dataclass(frozen=True)
class Report:
    """One audited model."""

    schema: str
    tool: Tool
    model: ModelCard
    settings: Settings
    status: Status
    summary: Summary
    histogram: Histogram
    layers: list[Layer]
    findings: list[Finding]
    checks: Checks
    plugins: list[Plugin] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """The whole document."""
    exit_code: int = 0
    """0 audited, 1 a check failed, 130 interrupted."""

    @property
    def passed(self) -> bool:
        """Whether the audit ran to its end and no check failed."""
        return self.exit_code == 0

    def metrics(self) -> dict[str, float]:
        """The numbers of `summary` by their dotted paths, for example `faces.total.mean`."""
        return dict(_leaves(self.raw["summary"], ""))

    def plot_histogram(self, ax: "matplotlib.axes.Axes | None" = None, count: str = "total") -> "matplotlib.axes.Axes":
        """Draws the histogram of `total` or `interior` faces."""
        from .plots import histogram

        return histogram(self, ax, count)

    @staticmethod
    def from_dict(document: dict[str, Any], exit_code: int = 0) -> "Report":
        """The report in a document that was read from JSON or YAML."""
        if document.get("schema") != SCHEMA:
            raise ValueError(f"expected a document {SCHEMA}, not {document.get('schema')!r}")
        known = {**document, "raw": document, "exit_code": exit_code}
        return typing.cast(Report, _build(Report, known))

    @staticmethod
    def from_json(text: str, exit_code: int = 0) -> "Report":
        """The report in one line of JSON."""
        return Report.from_dict(json.loads(text), exit_code)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path, value


def _build(kind: Any, value: Any) -> Any:
    """The value as the annotated type; keys without a field are left to `raw`."""
    if is_dataclass(kind) and isinstance(value, dict):
        hints = typing.get_type_hints(kind)
        known = {f.name: _build(hints[f.name], value[f.name]) for f in fields(kind) if f.name in value}
        return typing.cast(Any, kind)(**known)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is list and isinstance(value, list):
        return [_build(inner[0], item) for item in value]
    if origin in (types.UnionType, typing.Union) and isinstance(value, dict):
        return next((_build(k, value) for k in inner if is_dataclass(k)), value)
    return value
