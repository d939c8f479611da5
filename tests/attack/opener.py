"""Opens projects as a person does, in a process of its own, and says what happened: ``python opener.py``.

One path a line comes in, with "trusted" or "untrusted" before it; one line of JSON goes out.  Every path that Python
opens, lists, makes or removes is written down by an audit hook, what SQLite opens too.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings

SEEN: list[str] = []
_EVENTS = (
    "open",
    "os.listdir",
    "os.scandir",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.truncate",
    "os.chmod",
    "os.utime",
    "sqlite3.connect",
    "socket.connect",
    "subprocess.Popen",
    "os.system",
)


def watch(event: str, arguments: tuple) -> None:
    """Write down what is opened; of a rename both names."""
    if event in _EVENTS:
        SEEN.extend(f"{event} {os.fsdecode(part)}" for part in arguments[:2] if isinstance(part, str | bytes))


def act(path: str, trusted: bool) -> dict:
    """Open, label, take in an arrival, open again."""
    import numpy as np

    import spin_nb as spin

    told: dict = {"labels": None, "again": None, "error": None, "problem": None}
    try:
        s = spin.open(path, trusted=trusted, annotator="me")
        told["before"] = s.values
        told["said"] = s.pool.ids[5]
        s.label(told["said"], "a")
        told["labels"] = s.values
        told["asked"] = len(s.ask(3).ids)
        if s.pool.modality == "table":
            s.watch(np.zeros((2, 4), np.float32), wait=True)
        told["problem"] = s.problem
        s.close()
        s = spin.open(path, trusted=trusted, annotator="me")
        told["again"] = s.values
        s.close()
    except Exception as error:
        told["error"] = [type(error).__name__, str(error)]
        told["spin"] = isinstance(error, spin.SpinError)
    return told


def main() -> None:
    """Answer line by line."""
    warnings.simplefilter("always")
    sys.addaudithook(watch)
    for line in sys.stdin:
        how, _, path = line.rstrip("\n").partition(" ")
        SEEN.clear()
        began = time.monotonic()
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            told = act(json.loads(path), how == "trusted")
        told["warned"] = [str(one.message) for one in warned if one.category is UserWarning]
        told["seconds"] = time.monotonic() - began
        told["seen"] = sorted(set(SEEN))
        print(json.dumps(told, default=str, skipkeys=True), flush=True)


if __name__ == "__main__":
    main()
