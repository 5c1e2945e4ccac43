"""A real cluster of several worker processes, some of them killed.
Source of truth: the document of a single run of the program, byte for byte."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import polyaudit_dask
import pytest
from distributed import Client, LocalCluster

ROOT = Path(__file__).resolve().parents[3]
FIXTURES = ROOT / "fixtures"
PROGRAM = os.environ["POLYAUDIT_BIN"]
IRIS, RESIDUAL = FIXTURES / "iris-mlp.onnx", FIXTURES / "iris-residual.onnx"
DIGITS = FIXTURES / "digits-mlp.onnx"


@pytest.fixture(scope="module")
def client():
    with LocalCluster(n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            yield client


def single(*arguments):
    done = subprocess.run([PROGRAM, "-q", *map(str, arguments)], capture_output=True)
    return done.returncode, done.stdout


def test_a_batch_is_the_single_run(client):
    models = [IRIS, RESIDUAL, FIXTURES / "geometry" / "ngon-5.onnx"]
    events = []
    results = polyaudit_dask.audit(models, client, arguments=["--domain", "-1,1"], progress=events.append)
    assert b"---\n".join(r.document for r in results) == single("--domain=-1,1", *models)[1]
    assert [e.done for e in events] == [1, 2, 3] and events[-1].total == 3


def test_files_travel_with_the_model(client, tmp_path):
    box = tmp_path / "box.yaml"
    box.write_text("- [-1, 1]\n- [0, 1]\n- [-1, 0.5]\n- [-2, 2]\n")
    (result,) = polyaudit_dask.audit([IRIS], client, arguments=[f"--domain={box}"])
    assert result.document == single(f"--domain={box}", IRIS)[1]


def test_exit_codes_come_back(client):
    models = [FIXTURES / "refused" / "sign.onnx", FIXTURES / "hostile" / "truncated.onnx", IRIS]
    results = polyaudit_dask.audit(models, client, arguments=["--domain=-1,1"])
    assert [r.exit_code for r in results] == [3, 2, 0]
    assert results[0].document == single("--domain=-1,1", models[0])[1]
    assert results[1].document == b"" and "truncated.onnx" in results[1].stderr


def kill_a_busy_worker(client, seen):
    """Kills, without a word, the first worker process that has a program running; notes its number."""
    workers = client.run(os.getpid)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for number in workers.values():
            children = Path(f"/proc/{number}/task").glob("*/children")
            programs = [c for file in children for c in file.read_text().split()]
            names = [Path(f"/proc/{c}/cmdline").read_bytes() for c in programs if Path(f"/proc/{c}").exists()]
            if any(PROGRAM.encode() in name and b"--threads=1" in name for name in names):
                os.kill(number, signal.SIGKILL)
                seen.extend([number, *programs])
                return
        time.sleep(0.01)


def with_a_kill(client, *arguments, **named):
    seen = []
    killer = threading.Thread(target=kill_a_busy_worker, args=(client, seen))
    killer.start()
    results = polyaudit_dask.audit(*arguments, client, **named)
    killer.join()
    assert seen and not Path(f"/proc/{seen[0]}").exists(), "a worker was killed in mid-run"
    return results, seen[1:]


def test_a_killed_workers_parts_run_again(client):
    models = [DIGITS, IRIS, DIGITS, RESIDUAL]
    flags = ["--domain=0,1", "--method=sample", "--samples=1000"]
    results, programs = with_a_kill(client, models, arguments=flags)
    assert b"---\n".join(r.document for r in results) == single(*flags, *models)[1]
    time.sleep(0.2)
    alive = [p for p in programs if Path(f"/proc/{p}").exists() and " Z " not in Path(f"/proc/{p}/stat").read_text()]
    assert not alive, "no program outlives its worker"


def test_the_shards_of_one_model_are_the_single_run_though_a_worker_is_killed(client):
    if "--shard" not in subprocess.run([PROGRAM, "--help"], capture_output=True, text=True).stdout:
        pytest.skip("this polyaudit has no --shard")
    flags = ["--domain=-2,2", "--method=enumerate"]
    (result,), _ = with_a_kill(client, [IRIS], shards=5, arguments=flags)
    assert result.document == single(*flags, IRIS)[1]


def test_a_part_that_loses_every_worker_is_an_error(tmp_path):
    script = tmp_path / "polyaudit"
    script.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "polyaudit 0" && exit\nkill -9 $PPID\nsleep 1\n')
    script.chmod(0o755)
    os.environ["POLYAUDIT_BIN"] = str(script)
    try:
        with LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
            with Client(cluster) as client, pytest.raises(polyaudit_dask.AuditError, match="has no answer"):
                polyaudit_dask.audit([IRIS], client, retries=0)
    finally:
        os.environ["POLYAUDIT_BIN"] = PROGRAM


def test_flags_of_the_cluster_are_not_polyaudits(client):
    for flag in ("--format=json", "--threads=4", "--plugin=x", "-o"):
        with pytest.raises(ValueError, match="has no place here"):
            polyaudit_dask.audit([IRIS], client, arguments=[flag])
    with pytest.raises(ValueError, match="needs a value"):
        polyaudit_dask.audit([IRIS], client, arguments=["--domain"])


def test_the_command(tmp_path):
    command = [str(Path(sys.executable).parent / "polyaudit-dask"), "--local", "2"]
    done = subprocess.run(
        [*command, IRIS, RESIDUAL, IRIS, "--out-dir", tmp_path / "reports", "--", "--domain", "-1,1"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "3/3 " in done.stderr
    names = sorted(p.name for p in (tmp_path / "reports").iterdir())
    assert names == ["iris-mlp-2.polyaudit.yaml", "iris-mlp.polyaudit.yaml", "iris-residual.polyaudit.yaml"]
    expected = single("--domain=-1,1", IRIS)[1]
    assert (tmp_path / "reports" / "iris-mlp-2.polyaudit.yaml").read_bytes() == expected
    done = subprocess.run([*command, FIXTURES / "refused" / "sign.onnx", "-q"], capture_output=True)
    assert done.returncode == 3 and done.stdout == single(FIXTURES / "refused" / "sign.onnx")[1]
    environment = {k: v for k, v in os.environ.items() if k != "DASK_SCHEDULER_ADDRESS"}
    done = subprocess.run([command[0], IRIS], capture_output=True, text=True, env=environment)
    assert done.returncode == 2 and "no cluster" in done.stderr
