"""Finding the program and running it. Refuses: no program, and whatever the program refuses, in its own words."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Sequence

if TYPE_CHECKING:
    from .report import Report


class PolyauditError(RuntimeError):
    """The program failed: `exit_code`, `stderr`, and the `report` where one was written all the same."""

    def __init__(self, message: str, exit_code: int, stderr: str = "", report: "Report | None" = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.stderr = stderr
        self.report = report


class RefusedError(PolyauditError):
    """The model is outside the supported fragment; `report.findings` names every node that is."""


def program() -> str:
    """The program's path: `POLYAUDIT_BIN`, else `polyaudit` on PATH."""
    stated = os.environ.get("POLYAUDIT_BIN")
    found = shutil.which(stated) if stated else shutil.which("polyaudit")
    if found is None:
        what = f"POLYAUDIT_BIN={stated} is no program" if stated else "no `polyaudit` on PATH"
        raise FileNotFoundError(f"{what}: install it with `cargo install --path .` or set POLYAUDIT_BIN to its path")
    return found


def version() -> str:
    """The program's version."""
    return run(["--version"])[1].split()[-1]


def run(arguments: Sequence[str], progress: bool = False) -> tuple[int, str, str]:
    """Exit code, standard output and standard error. An interrupt is passed on, and the program's last word awaited."""
    # With progress, the program sees the terminal that this process has, if it has one.
    stderr = None if progress and sys.stderr.isatty() else subprocess.PIPE
    with subprocess.Popen(
        [program(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr
    ) as child:
        try:
            out, err = child.communicate()
        except KeyboardInterrupt:
            child.send_signal(signal.SIGINT)
            out, err = child.communicate()
        except BaseException:
            child.kill()
            raise
    return child.returncode, out.decode(), (err or b"").decode(errors="replace")
