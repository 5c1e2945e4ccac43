"""Parts out to a cluster, documents back, in the order of the models.

Contract: every part comes back once. A lost worker's parts run again, at most `retries` times each; a part that still has no
answer, workers of different versions, and shards that do not add up raise `AuditError`.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Sequence

import cloudpickle
import dask
from distributed import KilledWorker, as_completed

from . import worker
from .worker import Done, Part

if TYPE_CHECKING:
    from distributed import Client

cloudpickle.register_pickle_by_value(worker)

FILE_FLAGS = ("--domain", "--fix", "--config", "--baseline")
"""Flags whose value may be a file, which then travels with the model."""

OWN_FLAGS = ("--format", "-o", "--output-file", "--out-dir", "--shard", "--plugin", "--plugin-dir", "--threads")
"""Flags that are the cluster's business, or that would write or look for files on a worker."""


class AuditError(RuntimeError):
    """A part has no answer, or the answers do not fit together."""


@dataclass(frozen=True)
class Event:
    """Progress: a part has come back, or runs again."""

    label: str
    done: int
    total: int
    note: str


@dataclass(frozen=True)
class Result:
    """One model: the exit code, the document as YAML, and what the program said on standard error."""

    model: str
    exit_code: int
    document: bytes
    stderr: str


def audit(
    models: Sequence[str | os.PathLike[str]],
    client: "Client",
    *,
    shards: int = 1,
    arguments: Sequence[str] = (),
    retries: int = 3,
    progress: Callable[[Event], None] = lambda event: None,
) -> list[Result]:
    """Audits the models on the cluster, each in `shards` parts; results come in the order of the models.

    `arguments` are those of polyaudit that shape a report, as `--flag=value` or `--flag`, `value`. A model travels as one
    file: one whose weights lie in other files must be packed into one first.
    """
    if shards < 1:
        raise ValueError("shards must be at least 1")
    shared, files = _arguments(arguments)
    parts = [_parts(Path(model), shards, shared, files) for model in models]
    done = _gather(client, [part for group in parts for part in group], retries, progress)
    versions = {d.version for d in done}
    if len(versions) > 1:
        raise AuditError(f"the workers have different programs: {', '.join(sorted(versions))}")
    results = []
    for k, model in enumerate(models):
        results.append(_result(Path(model), done[k * shards : (k + 1) * shards], shared, files))
    return results


def _parts(model: Path, shards: int, arguments: list[str], files: list[tuple[str, bytes]]) -> list[Part]:
    content = (*files, (model.name, model.read_bytes()))
    parts = []
    for shard in range(1, shards + 1):
        cut = [f"--shard={shard}/{shards}"] if shards > 1 else []
        label = f"{model.name} {shard}/{shards}" if shards > 1 else model.name
        command = ["--quiet", "--threads=1", "--format=yaml", *arguments, *cut, "--", model.name]
        parts.append(Part(label, content, tuple(command)))
    return parts


def _arguments(arguments: Sequence[str]) -> tuple[list[str], list[tuple[str, bytes]]]:
    """The arguments as a worker gets them, and the files that they name."""
    out, files, waiting = [], [], None
    for argument in arguments:
        flag, equals, value = argument.partition("=")
        if waiting:
            flag, equals, value, waiting = waiting, "=", argument, None
        elif flag in OWN_FLAGS or argument == "--":
            raise ValueError(f"{flag} has no place here: the cluster sees to that")
        elif flag in FILE_FLAGS and not equals:
            waiting = flag
            continue
        if flag in FILE_FLAGS:
            name, _, place = value.partition("=") if flag == "--fix" else ("", "", value)
            if place and Path(place).is_file():
                file = Path(place).name
                if any(file == other for other, _ in files):
                    raise ValueError(f"two of the files are named {file}: rename one")
                files.append((file, Path(place).read_bytes()))
                value = f"{name}={file}" if flag == "--fix" else file
            out.append(f"{flag}={value}")
        else:
            out.append(argument)
    if waiting:
        raise ValueError(f"{waiting} needs a value")
    return out, files


def _gather(client: "Client", parts: list[Part], retries: int, progress: Callable[[Event], None]) -> list[Done]:
    """Every part's answer, in order. Workers that are lost are counted per part, by the scheduler."""
    answers: dict[int, Done] = {}
    left = {k: retries for k in range(len(parts))}

    def submit(k: int) -> Any:
        # Not pure: a part that is asked for again runs again.
        return client.submit(worker.run, parts[k], pure=False, key=f"polyaudit-{k}-{left[k]}-{os.urandom(4).hex()}")

    with dask.config.set({"distributed.scheduler.allowed-failures": retries}):
        futures = {submit(k): k for k in range(len(parts))}
        waiting = as_completed(futures)
        for future in waiting:
            k = futures[future]
            if future.status == "finished":
                answers[k] = future.result()
                progress(Event(parts[k].label, len(answers), len(parts), f"exit code {answers[k].exit_code}"))
                continue
            error = future.exception()
            lost = isinstance(error, (KilledWorker, RuntimeError, OSError))
            if not lost or left[k] == 0:
                client.cancel(list(futures))
                raise AuditError(f"{parts[k].label} has no answer: {error}") from error
            left[k] -= 1
            progress(Event(parts[k].label, len(answers), len(parts), f"runs again: {error}"))
            again = submit(k)
            futures[again] = k
            waiting.add(again)
    return [answers[k] for k in range(len(parts))]


def _result(path: Path, done: list[Done], arguments: list[str], files: list[tuple[str, bytes]]) -> Result:
    """One model's answer. Shards are merged under the flags they ran with, in a folder laid out as a worker's."""
    model, code = str(path), max(d.exit_code for d in done)
    stderr = "".join(d.stderr for d in done)
    if len(done) == 1:
        return Result(model, code, done[0].document, stderr)
    if any(d.exit_code not in (0, 1) for d in done):
        # Every part of a refused or unreadable model says the same.
        return Result(model, code, done[0].document, done[0].stderr)
    with tempfile.TemporaryDirectory(prefix="polyaudit-") as folder:
        for file, content in (*files, (path.name, path.read_bytes())):
            (Path(folder) / file).write_bytes(content)
        shards = Path(folder) / "shards"
        shards.mkdir()
        names = []
        for k, part in enumerate(done):
            (shards / f"{k}.yaml").write_bytes(part.document)
            names.append(f"shards/{k}.yaml")
        command = [worker.program(), "merge", f"--model={path.name}", "--format=yaml", *arguments, "--", *names]
        merged = subprocess.run(command, cwd=folder, capture_output=True)
    if merged.returncode not in (0, 1):
        raise AuditError(f"{model}: the shards do not add up: {merged.stderr.decode(errors='replace').strip()}")
    return Result(model, max(code, merged.returncode), merged.stdout, stderr)
