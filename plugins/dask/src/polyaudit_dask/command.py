"""The program `polyaudit-dask`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from distributed import Client, LocalCluster

from .run import AuditError, Event, Result, audit

DESCRIPTION = """Audits ONNX models over a Dask cluster. What follows -- is passed to polyaudit:
polyaudit-dask --scheduler tcp://host:8786 *.onnx --out-dir reports -- --domain -1,1"""


def main() -> None:
    """Parses, runs, ends with polyaudit's exit codes."""
    argv = sys.argv[1:]
    cut = argv.index("--") if "--" in argv else len(argv)
    parser = argparse.ArgumentParser("polyaudit-dask", description=DESCRIPTION)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("models", nargs="+", metavar="MODEL", type=Path)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--scheduler", metavar="ADDRESS", help="scheduler of a cluster [default: DASK_SCHEDULER_ADDRESS]")
    where.add_argument("--local", metavar="N", type=int, help="N worker processes on this machine")
    parser.add_argument("--shards", metavar="N", type=int, default=1, help="parts of each model's enumeration")
    parser.add_argument("--retries", metavar="N", type=int, default=3, help="lost workers a part may have had")
    place = parser.add_mutually_exclusive_group()
    place.add_argument("-o", "--output-file", metavar="FILE", type=Path, help="all reports [default: standard output]")
    place.add_argument("--out-dir", metavar="DIR", type=Path, help="one report per model")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress")
    options = parser.parse_args(argv[:cut])
    try:
        with _client(options) as client:
            results = audit(
                options.models,
                client,
                shards=options.shards,
                arguments=argv[cut + 1 :],
                retries=options.retries,
                progress=(lambda event: None) if options.quiet else _say,
            )
        _write(results, options.output_file, options.out_dir)
    except (AuditError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    for result in results:
        if result.exit_code != 0:
            print(result.stderr, file=sys.stderr, end="")
    sys.exit(max(result.exit_code for result in results))


def _client(options: argparse.Namespace) -> Client:
    if options.local is not None:
        cluster = LocalCluster(n_workers=options.local, threads_per_worker=1, processes=True, dashboard_address=None)
        return Client(cluster)
    address = options.scheduler or os.environ.get("DASK_SCHEDULER_ADDRESS")
    if address is None:
        raise ValueError("no cluster: give --scheduler ADDRESS, or --local N for worker processes on this machine")
    return Client(address, timeout=30)


def _say(event: Event) -> None:
    print(f"{event.done}/{event.total} {event.label}: {event.note}", file=sys.stderr, flush=True)


def _write(results: list[Result], file: Path | None, folder: Path | None) -> None:
    if folder is None:
        documents = b"---\n".join(r.document for r in results if r.document)
        if file is None:
            sys.stdout.buffer.write(documents)
        else:
            _save(file, documents)
        return
    folder.mkdir(parents=True, exist_ok=True)
    taken: dict[str, int] = {}
    for result in (r for r in results if r.document):
        stem = Path(result.model).stem
        taken[stem] = taken.get(stem, 0) + 1
        number = "" if taken[stem] == 1 else f"-{taken[stem]}"
        _save(folder / f"{stem}{number}.polyaudit.yaml", result.document)


def _save(path: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    mask = os.umask(0)
    os.umask(mask)
    os.chmod(file.name, 0o666 & ~mask)
    os.replace(file.name, path)
