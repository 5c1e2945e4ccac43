"""Qhull and cddlib on the rows that `cargo bench --bench face_engine -- FOLDER` writes: python3 peers.py FOLDER.

Needs scipy and pycddlib; prints milliseconds per region and the number of faces, so that the counts can be compared.
"""

import pathlib
import sys
import time

import numpy as np


def regions(path):
    lines = iter(path.read_text().splitlines())
    for head in lines:
        m, _ = map(int, head.split())
        point = np.array(next(lines).split(), float)
        rows = np.array([next(lines).split() for _ in range(m)], float)
        yield point, rows[:, :-1], rows[:, -1]


def qhull(point, a, b):
    from scipy.spatial import ConvexHull

    return len(ConvexHull(a / (b - a @ point)[:, None]).vertices)


def cddlib(point, a, b):
    import cdd

    matrix = cdd.matrix_from_array(np.column_stack([b, -a]).tolist(), rep_type=cdd.RepType.INEQUALITY)
    return len(a) - len(cdd.redundant_rows(matrix))


for path in sorted(pathlib.Path(sys.argv[1]).glob("rows-*.txt")):
    for tool in (qhull, cddlib):
        all_regions = list(regions(path))
        try:
            tool(*all_regions[0])
            start = time.process_time()
            faces = [tool(*region) for region in all_regions]
        except ImportError as missing:
            print(path.name, tool.__name__, "absent:", missing)
            continue
        each = (time.process_time() - start) / len(all_regions)
        print(f"{path.name} {tool.__name__}: {1e3 * each:.3f} ms, {np.mean(faces):.2f} faces")
