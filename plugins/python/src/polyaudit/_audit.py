"""`audit`: a model in, a report out."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterable, Mapping, Sequence, Union

from . import _program
from ._export import to_file
from .partition import Partition
from .report import Report

if TYPE_CHECKING:
    import onnx
    import pandas
    import torch

Model = Union[str, "os.PathLike[str]", "onnx.ModelProto", "torch.nn.Module"]
"""A path, an ONNX model in memory, or a PyTorch module (exported for you)."""

Domain = Union[str, "os.PathLike[str]", tuple[float, float], Sequence[Sequence[float]], None]
"""`(lo, hi)` for every input, one `(lo, hi)` per input, a file with bounds, `"unbounded"`, or `None` for the default."""


def audit(
    model: Model,
    domain: Domain = None,
    *,
    html: "str | os.PathLike[str] | None" = None,
    example: Any = None,
    method: str | None = None,
    samples: int | None = None,
    seed: int | None = None,
    max_regions: int | None = None,
    time_limit: float | None = None,
    threads: int | None = None,
    outputs: Iterable[str] = (),
    dims: Mapping[str, int] | None = None,
    fix: Mapping[str, float] | None = None,
    progress: bool = False,
    arguments: Sequence[str] = (),
) -> Report:
    """Audits a model. Arguments that are not given have the program's defaults; `arguments` is passed through.

    `html` is where the program's page about the report goes. `example` is a tensor, or the shape of one, to export a torch
    module with. Raises `RefusedError` for a model outside the supported fragment and `PolyauditError` for any other failure;
    a failed check and an interrupt give a report whose `exit_code` is 1 or 130.
    """
    stated: dict[str, Any] = {
        "method": method,
        "samples": samples,
        "seed": seed,
        "max-regions": max_regions,
        "time-limit": time_limit,
        "threads": threads,
    }
    flags = [f"--{flag}={value}" for flag, value in stated.items() if value is not None]
    flags += [f"--output={tensor}" for tensor in outputs]
    flags += [f"--dim={key}={size}" for key, size in (dims or {}).items()]
    flags += [f"--fix={key}={value!r}" for key, value in (fix or {}).items()]
    places = [] if html is None else [("html", Path(html))]
    return _call(model, domain, example, [*flags, *arguments], places, progress)


def partition(model: Model, domain: Domain = None, *, example: Any = None, arguments: Sequence[str] = ()) -> Partition:
    """The regions of a domain of two dimensions, or of a slice, as polygons to draw.

    Raises like `audit`; `PolyauditError` also where the domain has not two dimensions.
    """
    with tempfile.TemporaryDirectory(prefix="polyaudit-") as name:
        picture = Path(name) / "partition.svg"
        flags = [*arguments, "--picture=partition"]
        report = _call(model, domain, example, flags, [("svg", picture)], False)
        return Partition.from_svg(picture.read_text(), report)


def _call(
    model: Model, domain: Domain, example: Any, flags: Sequence[str], places: Sequence[tuple[str, Path]], progress: bool
) -> Report:
    with tempfile.TemporaryDirectory(prefix="polyaudit-") as name:
        folder = Path(name)
        path = to_file(model, folder, example)
        document = folder / "report.json"
        command = ["--format=json", f"--output-file={document}"]
        for kind, place in places:
            command += [f"--format={kind}", f"--output-file={place}"]
        command += [*_domain(domain, folder), *flags]
        if not progress:
            command.append("--quiet")
        code, _, err = _program.run([*command, "--", str(path)], progress)
        text = document.read_text() if document.exists() else ""
    report = Report.from_json(text, code) if text.strip() else None
    if report is not None and code in (0, 1, 130):
        return report
    words = err.strip() or f"polyaudit ended with exit code {code}"
    if report is not None and code == 3:
        nodes = "".join(f"\n  {f.message} at {f.node}" for f in report.findings)
        raise _program.RefusedError(f"{report.status.reason}{nodes}", code, err, report)
    raise _program.PolyauditError(words, code, err, report)


def frame(reports: Iterable[Report]) -> "pandas.DataFrame":
    """One row per report: `model`, `state`, and every number of the summary by its dotted path."""
    import pandas

    return pandas.DataFrame([{"model": r.model.file, "state": r.status.state, **r.metrics()} for r in reports])


def _domain(domain: Domain, folder: Path) -> list[str]:
    if domain is None:
        return []
    if isinstance(domain, (str, os.PathLike)):
        return [f"--domain={os.fspath(domain)}"]
    bounds = [b if isinstance(b, (int, float)) else [float(x) for x in b] for b in _listed(domain)]
    if len(bounds) == 2 and all(not isinstance(b, list) for b in bounds):
        return [f"--domain={float(bounds[0])!r},{float(bounds[1])!r}"]  # type: ignore[arg-type]
    if not all(isinstance(b, list) and len(b) == 2 for b in bounds):
        raise ValueError("a domain is (lo, hi), one (lo, hi) per input, a file, or 'unbounded'")
    path = folder / "domain.yaml"
    path.write_text("".join(f"- [{b[0]!r}, {b[1]!r}]\n" for b in bounds))  # type: ignore[index]
    return [f"--domain={path}"]


def _listed(domain: Any) -> list[Any]:
    # Arrays of numpy and tensors of torch become plain numbers.
    return domain.tolist() if hasattr(domain, "tolist") else list(domain)
