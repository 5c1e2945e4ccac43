"""What runs on a worker: one part of an audit, in a folder of its own. Standard library only.

This module travels to the workers by value: they need Python, distributed, and the program `polyaudit` (`POLYAUDIT_BIN` in
their environment, else on their PATH), not this package.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Part:
    """One call of the program: `files` are laid into the folder in which it runs, `arguments` name them."""

    label: str
    files: tuple[tuple[str, bytes], ...]
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Done:
    """A call that came to its end."""

    label: str
    exit_code: int
    document: bytes
    stderr: str
    version: str
    worker: str


def program() -> str:
    """The program on this machine."""
    found = shutil.which(os.environ.get("POLYAUDIT_BIN") or "polyaudit")
    if found is None:
        raise FileNotFoundError("no polyaudit on this worker: set POLYAUDIT_BIN in its environment, or its PATH")
    return found


def run(part: Part) -> Done:
    """Runs one part. Its exit code is the answer; only a program that is missing or was killed raises."""
    name = program()
    version = subprocess.run([name, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    with tempfile.TemporaryDirectory(prefix="polyaudit-") as folder:
        for file, content in part.files:
            (Path(folder) / file).write_bytes(content)
        command = [name, *part.arguments]
        # Where a worker is killed, its program must not go on without it. The parent that is watched is the thread,
        # and a worker's threads live as long as their tasks.
        if setpriv := shutil.which("setpriv"):
            command = [setpriv, "--pdeathsig", "KILL", "--", *command]
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode < 0:
        raise RuntimeError(f"{part.label}: polyaudit was ended by signal {-done.returncode}")
    return Done(part.label, done.returncode, done.stdout, done.stderr.decode(errors="replace"), version, _worker())


def _worker() -> str:
    try:
        from distributed import get_worker

        return str(get_worker().address)
    except (ImportError, ValueError):
        return "here"
