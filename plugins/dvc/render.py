"""Metrics and plots for DVC from a polyaudit report. Standard library only.

Settings: `metrics` (polyaudit/metrics.yaml) and `histogram` (polyaudit/histogram.csv), paths in which {model} stands for the
model file's name without its ending.

Contract: the metrics file holds the report's `summary` and nothing else, since DVC drops lists from metrics and takes every
string for one; the histogram has a table of its own, since DVC zips all lists of a document into one plot. Each file
appears whole or not at all. Prints the metrics.
"""

import json
import os
import re
import sys
import tempfile

DEFAULTS = {"metrics": "polyaudit/metrics.yaml", "histogram": "polyaudit/histogram.csv"}


def number(value):
    """A number that YAML 1.1 and 1.2 readers take alike."""
    text = repr(value)
    mantissa, mark, exponent = text.partition("e")
    if not mark:
        return text
    sign = "" if exponent[0] in "+-" else "+"
    return f"{mantissa}{'' if '.' in mantissa else '.0'}e{sign}{exponent}"


def metrics(summary, indent=0):
    """The summary as YAML: maps and numbers."""
    for key, value in summary.items():
        name = key if re.fullmatch(r"[a-z][a-z0-9_]+", key) and key not in ("no", "on", "yes", "off") else json.dumps(key)
        if isinstance(value, dict):
            yield f"{' ' * indent}{name}:"
            yield from metrics(value, indent + 2)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield f"{' ' * indent}{name}: {number(value)}"
        else:
            sys.exit(f"summary holds {key}, which is no number: this plugin does not know that report")


def histogram(rows):
    """One line per number of faces; a file without rows still has its header."""
    yield "faces,total,interior"
    for row in rows:
        what = "regions" if "regions_total" in row else "samples"
        yield f"{row['face_count']},{row[f'{what}_total']},{row[f'{what}_interior']}"


def write(path, text):
    folder = os.path.dirname(path) or "."
    os.makedirs(folder, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as file:
        file.write(text)
    mask = os.umask(0)
    os.umask(mask)
    os.chmod(file.name, 0o666 & ~mask)
    os.replace(file.name, path)


def main():
    envelope = json.load(sys.stdin)
    if envelope["protocol"] != 1:
        sys.exit(f"this plugin speaks protocol 1, not {envelope['protocol']}")
    report, config = envelope["report"], envelope["config"]
    unknown = set(config) - set(DEFAULTS)
    if unknown:
        sys.exit(f"unknown settings {sorted(unknown)}: they are metrics and histogram")
    numbers = "\n".join(metrics(report["summary"])) or "{}"
    if not envelope["probe"]:
        model = os.path.splitext(report["model"]["file"])[0]
        paths = {key: config.get(key, default).replace("{model}", model) for key, default in DEFAULTS.items()}
        write(paths["metrics"], numbers + "\n")
        write(paths["histogram"], "\n".join(histogram(report["histogram"]["rows"])) + "\n")
    print(numbers)


if __name__ == "__main__":
    main()
