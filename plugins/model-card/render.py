"""A Hugging Face model card from a polyaudit report. Standard library only.

Settings: `card`, the card's path (README.md when absent; null prints the section and touches nothing).

Contract: in the card, what lies between this plugin's markers is replaced, or added at the end, one section per model
file; the front matter's key `polyaudit` likewise. Everything else keeps its bytes. The file appears whole or not at all.
Face counts belong to no data set, so no `model-index` entry is written.
"""

import json
import os
import re
import sys
import tempfile

BEGIN, END = "<!-- polyaudit:begin {} -->", "<!-- polyaudit:end {} -->"


def scalar(value):
    """A scalar that YAML 1.1 and 1.2 readers take alike."""
    if isinstance(value, float):
        text = repr(value)
        mantissa, mark, exponent = text.partition("e")
        if not mark:
            return text
        sign = "" if exponent[0] in "+-" else "+"
        return f"{mantissa}{'' if '.' in mantissa else '.0'}e{sign}{exponent}"
    return json.dumps(value)


def block(value, indent):
    """Nested maps, lists and scalars as YAML lines."""
    pad = " " * indent
    for key, inner in value.items():
        name = key if re.fullmatch(r"[a-z][a-z0-9_]*", key) and key not in ("y", "n", "no", "on") else json.dumps(key)
        if isinstance(inner, dict) and inner:
            yield f"{pad}{name}:"
            yield from block(inner, indent + 2)
        elif isinstance(inner, list):
            yield f"{pad}{name}: [{', '.join(scalar(i) for i in inner)}]"
        else:
            yield f"{pad}{name}: {scalar(inner)}"


def entry(report):
    """What the front matter holds about one model."""
    settings = report["settings"]
    value = {
        "sha256": report["model"]["sha256"],
        "tool": f"{report['tool']['name']} {report['tool']['version']}",
        "schema": report["schema"],
        "state": report["status"]["state"],
        "domain": settings["domain"],
        "method": settings["method"],
        "seed": settings["seed"],
        "weight": report["histogram"]["weight"],
        "summary": report["summary"],
    }
    return list(block({report["model"]["file"]: value}, 2))


def number(value):
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def escaped(text):
    return re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", text)


def domain(settings):
    stated = settings["domain"]
    if stated["kind"] == "unbounded":
        return "all of space"
    if isinstance(stated.get("lo"), (int, float)):
        return f"[{stated['lo']:g}, {stated['hi']:g}] for every input"
    return f"a box with bounds per input{' (' + escaped(stated['file']) + ')' if stated.get('file') else ''}"


def section(report):
    """The Markdown section of one model."""
    summary, status, settings = report["summary"], report["status"], report["settings"]
    lines = [f"## Polytopes of {escaped(report['model']['file'])}", ""]
    faces = summary.get("faces")
    if faces is None:
        lines.append(f"The audit is {status['state']}: {escaped(status['reason'] or 'no reason is stated')}.")
    else:
        if "regions" in summary:
            count = f"divides its input domain into {number(summary['regions'])} polytopes, all of them counted"
        else:
            count = f"divides its input domain into polytopes, {number(summary['regions_found'])} of them found"
        lines += [
            f"With {number(summary['inputs'])} free inputs and {number(summary['units'])} units, the network {count}.",
            f"Domain: {domain(settings)}. Method: {settings['method']}, seed {settings['seed']}.",
        ]
        if status["state"] != "complete":
            lines.append(f"The audit is {status['state']}: {escaped(status['reason'] or 'no reason is stated')}.")
        per = {"region": "polytope", "volume": "uniform sample", "point": "data point", "found": "polytope met"}[report["histogram"]["weight"]]
        lines += ["", f"| faces per {per} | mean | median | p95 | min | max |", "|---|---:|---:|---:|---:|---:|"]
        for kind in ("total", "interior", "walls"):
            row = faces[kind]
            mean = number(float(row["mean"]))
            if "mean_low" in row:
                mean += f" ({number(float(row['mean_low']))} to {number(float(row['mean_high']))})"
            cells = [mean, *(number(row[k]) for k in ("median", "p95", "min", "max"))]
            lines.append(f"| {kind} | {' | '.join(cells)} |")
    serious = [f for f in report["findings"] if f["severity"] != "info"]
    if serious:
        lines += ["", *(f"- **{f['severity']}** `{f['code']}`: {escaped(f['message'])}" for f in serious)]
    tool = report["tool"]
    lines += ["", f"Counted by {tool['name']} {tool['version']}; file `{report['model']['sha256']}`."]
    return "\n".join(lines)


def entries(lines):
    """The models under the key `polyaudit`: name to lines. Also as another program may have written them."""
    out, name = {}, None
    for line in lines:
        start = re.match(r"  (\S.*?):(\s|$)", line)
        if start and not line.startswith("  #"):
            key = start.group(1)
            name = json.loads(key) if key.startswith('"') else key.strip("'")
            out[name] = []
        if name is not None:
            out[name].append(line)
    return out


def front_matter(text, name, lines):
    """The front matter with the model's entry under the key `polyaudit`."""
    kept, own, inside = [], [], False
    for line in text.splitlines():
        if re.match(r"polyaudit:\s*$", line):
            inside = True
        elif inside and (line.startswith(" ") or not line.strip()):
            own.append(line)
        else:
            inside = False
            kept.append(line)
    models = entries(own)
    models[name] = lines
    return "\n".join([*kept, "polyaudit:", *(line for key in sorted(models) for line in models[key])])


def updated(card, report):
    """The card with this model's section and entry."""
    end = "\r\n" if "\r\n" in card else "\n"
    text = card.replace("\r\n", "\n")
    name = report["model"]["file"]
    head = re.match(r"---[ \t]*\n(.*?)^---[ \t]*(\n|$)", text, re.S | re.M)
    matter, body = (head.group(1), text[head.end() :]) if head else ("", text)
    # A comment ends at its first "--": names are written so that they hold none.
    marker = json.dumps(name).strip('"').replace("--", "-\\u002d")
    begin, close = BEGIN.format(marker), END.format(marker)
    new = f"{begin}\n{section(report)}\n{close}"
    at, to = body.find(begin), body.find(close)
    if (at < 0) != (to < 0) or to < at:
        sys.exit(f"the card has one of the markers of {name} without the other: {begin} and {close} come together")
    if at >= 0:
        body = body[:at] + new + body[to + len(close) :]
    else:
        body = f"{body.rstrip()}\n\n{new}\n" if body.strip() else f"\n{new}\n"
    return f"---\n{front_matter(matter, name, entry(report))}\n---\n{body}".replace("\n", end)


def main():
    envelope = json.load(sys.stdin)
    if envelope["protocol"] != 1:
        sys.exit(f"this plugin speaks protocol 1, not {envelope['protocol']}")
    report, config = envelope["report"], envelope["config"]
    unknown = set(config) - {"card"}
    if unknown:
        sys.exit(f"unknown settings {sorted(unknown)}: the only one is card")
    path = config.get("card", "README.md")
    if path is None or envelope["probe"]:
        print(section(report))
        return
    card = ""
    if os.path.exists(path):
        with open(path, encoding="utf-8", newline="") as file:
            card = file.read()
    folder = os.path.dirname(os.path.realpath(path))
    with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8", newline="") as file:
        file.write(updated(card, report))
    if os.path.exists(path):
        os.chmod(file.name, os.stat(path).st_mode & 0o777)
    else:
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(file.name, 0o666 & ~mask)
    os.replace(file.name, os.path.realpath(path))


if __name__ == "__main__":
    main()
