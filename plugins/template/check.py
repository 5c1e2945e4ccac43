"""A check for polyaudit: one JSON envelope on standard input, a JSON list of findings on standard output."""

import json
import sys


def check(envelope):
    most = envelope["config"].get("max_faces")
    faces = envelope["report"]["summary"].get("faces")
    if most is None or faces is None:  # nothing to hold against, or a model without counted regions
        return []
    seen = faces["total"]["max"]
    if seen <= most:
        return []
    return [
        {
            "code": "too-many-faces",
            "severity": "error",
            "message": f"a region has {seen} faces, at most {most} are allowed",
            "node": None,
            "hint": "raise max_faces in the plugin's settings, or look at the tail of the histogram",
        }
    ]


if __name__ == "__main__":
    envelope = json.load(sys.stdin)
    if envelope["protocol"] != 1:
        sys.exit(f"this plugin speaks protocol 1, not {envelope['protocol']}")
    json.dump(check(envelope), sys.stdout)
