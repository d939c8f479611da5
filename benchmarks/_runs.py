"""Runs of single seeds on disk: a table of many hours is made in pieces, and goes on where it was killed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks._heads import Quality


@dataclass(frozen=True)
class Point:
    """Score, labelled items of class 1, and the qualities of the heads where they are asked for."""

    score: float
    n_rare: int
    heads: dict[str, Quality] | None = None


@dataclass(frozen=True)
class Run:
    """A curve, and the seconds that it took."""

    points: list[Point]
    seconds: float


def stored(path: Path | None, make: Callable[[], Run]) -> Run:
    """Read a run, or make it and write it; without a path it is made.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> run = Run([Point(0.5, 2, {"mean": Quality(0.5, 0.7, 0.1, 0.0)})], 3.0)
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "runs" / "digits.json"
    ...     stored(path, lambda: run) == stored(path, lambda: 1 / 0)
    True
    """
    if path is None:
        return make()
    if path.exists():
        try:
            return _from_json(path.read_text())
        except (ValueError, TypeError, KeyError) as problem:
            raise SystemExit(f"{path} is damaged ({problem}): delete it, and it is made again.") from None
    path.parent.mkdir(parents=True, exist_ok=True)  # what cannot be written is not made first
    run = make()
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(run)))
    part.replace(path)
    return run


def file_name(words: Iterable[object]) -> str:
    """Name the file of a run by what it is of.

    Examples
    --------
    >>> file_name(["digits", "quick+minilm", 10, 0.1, "margin, logistic", 2000])
    'digits.quick-minilm.10.0-1.margin-logistic.2000.json'
    """
    plain = ("".join(sign if sign.isalnum() or sign == "_" else "-" for sign in str(word)) for word in words)
    return ".".join("-".join(part for part in word.split("-") if part) for word in plain) + ".json"


def _from_json(text: str) -> Run:
    fields = json.loads(text)
    points = [
        Point(
            point["score"],
            point["n_rare"],
            point["heads"] and {head: Quality(**quality) for head, quality in point["heads"].items()},
        )
        for point in fields["points"]
    ]
    return Run(points, fields["seconds"])
