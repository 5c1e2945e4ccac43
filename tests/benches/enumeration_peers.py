"""regioncam (d = 2) and a breadth-first search over cddlib (d >= 3) on the networks that
`cargo bench --bench enumeration -- FOLDER` writes: python3 enumeration_peers.py FOLDER [SECONDS].

Needs regioncam, pycddlib (or pycddlib-standalone) and numpy. Prints regions per CPU second; the search stops after SECONDS (default 20), since its
rate hardly changes with the number of regions found.
"""

import pathlib
import sys
import time
from collections import deque

import numpy as np


def layers(path):
    lines = iter(path.read_text().splitlines())
    out = []
    for head in lines:
        rows, cols = map(int, head.split())
        weight = np.array(next(lines).split(), float).reshape(rows, cols)
        out.append((weight, np.array(next(lines).split(), float)))
    return out


def half_spaces(net, x=None, pattern=None):
    """Rows a . x <= b of the region around x, or of a pattern; and the pattern."""
    d = net[0][0].shape[1]
    form = np.hstack([np.eye(d), np.zeros((d, 1))])
    rows, signs = [], []
    for k, (weight, bias) in enumerate(net[:-1]):
        form = weight @ form
        form[:, -1] += bias
        on = form[:, :-1] @ x + form[:, -1] > 0 if pattern is None else pattern[k]
        signs.append(on)
        flip = np.where(on, -1.0, 1.0)[:, None]
        rows.append(np.hstack([flip * form[:, :-1], -flip * form[:, -1:]]))
        form = form * on[:, None]
    return np.vstack(rows), signs


def search(net, seconds):
    import cdd

    d = net[0][0].shape[1]
    box = np.vstack([np.hstack([np.eye(d), np.ones((d, 1))]), np.hstack([-np.eye(d), np.ones((d, 1))])])
    first = half_spaces(net, np.full(d, 0.0123))[1]
    key = lambda signs: np.concatenate(signs).tobytes()
    seen, queue, done = {key(first)}, deque([first]), 0
    start = time.process_time()
    while queue and time.process_time() - start < seconds:
        signs = queue.popleft()
        rows = np.vstack([half_spaces(net, pattern=signs)[0], box])
        matrix = cdd.matrix_from_array(np.hstack([rows[:, -1:], -rows[:, :-1]]).tolist(), rep_type=cdd.RepType.INEQUALITY)
        redundant = cdd.redundant_rows(matrix)
        done += 1
        units = len(rows) - len(box)
        sizes = np.cumsum([0] + [len(s) for s in signs])
        for row in set(range(units)) - set(redundant):
            layer = int(np.searchsorted(sizes, row, side="right")) - 1
            other = [s.copy() for s in signs]
            other[layer][row - sizes[layer]] ^= True
            if key(other) not in seen:
                seen.add(key(other))
                queue.append(other)
    return done, len(seen), time.process_time() - start, not queue


def camera(net):
    import regioncam

    start = time.process_time()
    rc = regioncam.Regioncam(size=1)
    for k, (weight, bias) in enumerate(net):
        rc.linear(weight.T.astype(np.float32), bias.astype(np.float32))
        if k + 1 < len(net):
            rc.relu()
    return rc.num_faces, rc.num_faces, time.process_time() - start, True


def main():
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 20.0
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.txt")):
        net = layers(path)
        name = "regioncam" if net[0][0].shape[1] == 2 else "cddlib, breadth first"
        done, found, took, whole = camera(net) if name == "regioncam" else search(net, seconds)
        share = "all" if whole else f"{done} of at least {found}"
        print(f"{path.stem}: {name}: {done / took:.0f} regions per CPU second ({share})", flush=True)


if __name__ == "__main__":
    main()
