"""SIGKILL at every durable step, or at a moment that chance decides; then the project is opened again and looked at.

Run as a script, in a process of its own that forks: ``kills.py MODE COUNT SEED FOLDER``, MODE "steps" or "moments".
The last line it prints is JSON: what was done, and what was wrong afterwards.
"""

from __future__ import annotations

import builtins
import json
import os
import pathlib
import random
import select
import shutil
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
TRIES = 4  # of a kill at random, for each that is wanted
LONGEST = 120.0  # seconds for a child, beyond which it hangs
CLASSES = ["a", "c"]
GOLD = 20  # items whose labels come with the pool


class Steps:
    """Counts the durable steps of this process, and ends it at one of them."""

    def __init__(self, last: int | None) -> None:
        self.n, self._last = 0, last

    def step(self) -> None:
        self.n += 1
        if self.n == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    def install(self) -> None:
        """Before and after what reaches the disk, after files are opened to be written, before BEGIN and COMMIT."""
        for name in ("fsync", "replace", "rename", "unlink", "mkdir", "write"):
            setattr(os, name, self._around(getattr(os, name), name))
        builtins.open = self._opened(builtins.open, 1)
        pathlib.Path.open = self._opened(pathlib.Path.open, 1)  # type: ignore[method-assign]
        import spin_nb.project.database as database

        connect = database._connect

        def traced(*args: Any) -> Any:
            db = connect(*args)
            db.set_trace_callback(
                lambda sql: self.step() if sql.split(None, 1)[0] in ("BEGIN", "COMMIT") else None
            )
            return db

        database._connect = traced

    def _around(self, real: Callable[..., Any], name: str) -> Callable[..., Any]:
        def around(*args: Any, **kwargs: Any) -> Any:
            if name == "write" and (args[0] in (1, 2) or "pipe" in os.readlink(f"/proc/self/fd/{args[0]}")):
                return real(*args, **kwargs)
            self.step()
            found = real(*args, **kwargs)
            self.step()
            return found

        return around

    def _opened(self, real: Callable[..., Any], at: int) -> Callable[..., Any]:
        def opened(*args: Any, **kwargs: Any) -> Any:
            found = real(*args, **kwargs)
            mode = kwargs.get("mode", args[at] if len(args) > at else "r")
            if isinstance(mode, str) and set(mode) & set("wax"):
                self.step()
            return found

        return opened


Tell = Callable[[dict[str, Any]], None]


def forked(
    work: Callable[[Tell], None], kill_after: float | None = None
) -> tuple[list[dict[str, Any]], bool, float]:
    """What a child told, whether it was killed, and how long it ran."""
    reading, writing = os.pipe()
    begun = time.monotonic()
    child = os.fork()
    if not child:
        os.close(reading)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        tell: Tell = lambda said: os.write(writing, json.dumps(said).encode() + b"\n") and None  # noqa: E731
        try:
            work(tell)
            tell({"done": True})
        except BaseException as problem:
            tell(
                {"raised": f"{type(problem).__name__}: {problem}"[:300], "at": traceback.format_exc()[-600:]}
            )
        finally:
            os._exit(0)
    os.close(writing)
    content = b""
    while True:
        passed = time.monotonic() - begun
        if passed > (LONGEST if kill_after is None else min(kill_after, LONGEST)):
            os.kill(child, signal.SIGKILL)
        if select.select([reading], [], [], 0.005 if kill_after is not None else 0.2)[0]:
            part = os.read(reading, 65536)
            if not part:
                break
            content += part
    os.close(reading)
    _, status = os.waitpid(child, 0)
    told = [json.loads(line) for line in content.split(b"\n") if line.endswith(b"}")]
    return told, os.WIFSIGNALED(status), time.monotonic() - begun


# -- scenes ---------------------------------------------------------------------------------------------------


def table() -> Any:
    import numpy as np

    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 60)
    x = rng.normal(size=(60, 5)).astype("f4")
    x[:, 0] += 4 * y
    return x


def pictures(at: Path, names: list[str], seed: int) -> None:
    import numpy as np
    from PIL import Image

    at.mkdir(exist_ok=True)
    rng = np.random.default_rng(seed)
    for name in names:
        Image.fromarray(rng.integers(0, 255, (12, 12, 3), dtype=np.uint8)).save(at / f"{name}.bmp")


def numbers(p: Path) -> dict[str, Any]:
    return {"pool": table(), "classes": CLASSES}


def folder(p: Path) -> dict[str, Any]:
    return {"pool": p.with_suffix(".photos"), "classes": CLASSES}


def gold(p: Path) -> dict[str, Any]:
    import polars as pl

    x = table()
    frame = pl.DataFrame({f"x{k}": x[:, k] for k in range(5)}).with_columns(
        kind=pl.Series([CLASSES[row % 2] if row < GOLD else None for row in range(60)])
    )
    return {"pool": frame, "classes": CLASSES, "labels_from": "kind"}


def labelled(p: Path, options: dict[str, Any]) -> dict[str, str]:
    import spin_nb as spin

    s = spin.open(p, annotator="ada", **options)
    known = {}
    for row in range(6):
        known[s.pool.ids[row]] = CLASSES[row % 2]
    s.label(known)
    s._live.pool_model.wait()
    s.close()
    return known


def nothing(p: Path) -> dict[str, str]:
    return {}


def with_pictures(p: Path) -> dict[str, str]:
    pictures(p.with_suffix(".photos"), [f"f{row}" for row in range(8)], 0)
    return {}


def changed(p: Path) -> dict[str, str]:
    """A folder that lost a picture without a label, gained one, and in which one was replaced."""
    with_pictures(p)
    known = labelled(p, folder(p))
    photos = p.with_suffix(".photos")
    (photos / "f7.bmp").unlink()
    pictures(photos, ["z1"], 9)
    pictures(photos, ["f3"], 8)
    return known


def trained(p: Path) -> dict[str, str]:
    import spin_nb as spin

    known = labelled(p, numbers(p))
    s = spin.open(p, annotator="ada")
    s.train(wait=True)
    s.export(p.with_suffix(".bundle"))
    s.close()
    return known


def open_it(p: Path, tell: Tell, options: dict[str, Any]) -> Any:
    import spin_nb as spin

    s = spin.open(p, annotator="ada", **options)
    tell({"opened": True})
    return s


def act_label(p: Path, tell: Tell) -> None:
    s = open_it(p, tell, {})
    for row in range(20, 26):
        name = s.pool.ids[row]
        tell({"will": ["label", name]})
        if row % 2:
            s.label(name, "c")
        else:
            answer = s._channel.apply(
                "box", [{"seq": (row - 18) // 2, "kind": "label", "id": name, "value": "c"}]
            )
            assert not answer["refused"]
        tell({"did": True})
    tell({"will": ["undo", name]})
    s.undo()
    tell({"did": True})


def act_watch(p: Path, tell: Tell) -> None:
    s = open_it(p, tell, {})
    s.watch(table()[:24] + 0.01, wait=True)


def act_open(options: Callable[[Path], dict[str, Any]]) -> Callable[[Path, Tell], None]:
    return lambda p, tell: open_it(p, tell, options(p))._live.pool_model.wait() and None


def act_export(p: Path, tell: Tell) -> None:
    open_it(p, tell, {}).export(p.with_suffix(".bundle"))


def act_umap(p: Path, tell: Tell) -> None:
    import spin_nb.session.model.pool_model as stage

    stage.umap_layout = lambda features, indices, distances, init, **_: init[::-1].copy()
    s = open_it(p, tell, {})
    s._view_data.start_umap()
    s._live.pool_model._umap.result()


SCENES: dict[str, tuple[Any, Any, Any]] = {
    "watch": (lambda p: labelled(p, numbers(p)), act_watch, numbers),
    "UMAP": (lambda p: labelled(p, numbers(p)), act_umap, numbers),
    "label, undo": (lambda p: labelled(p, numbers(p)), act_label, numbers),
    "first open, numbers": (nothing, act_open(numbers), numbers),
    "first open, labels": (nothing, act_open(gold), gold),
    "first open, pictures": (with_pictures, act_open(folder), folder),
    "changed folder": (changed, act_open(folder), folder),
    "export": (trained, act_export, numbers),
}
"""What is there before, what is interrupted, and what opens it again with ``pool=``; those of few steps come first."""


# -- afterwards -----------------------------------------------------------------------------------------------


def look(p: Path, tell: Tell, scene: str, expected: dict[str, Any], options: dict[str, Any]) -> None:
    """Tell of everything that is wrong with a project after a kill."""
    import numpy as np

    import spin_nb as spin
    from spin_nb.errors import ProjectError

    try:
        s = spin.open(p, annotator="ada", **options)
    except ProjectError as problem:
        if scene.startswith("first open") and "there is no project" in problem.what:
            return  # it is as if it had not been begun
        raise
    s._live.pool_model.wait()
    values, ids = s.values, list(s.pool.ids)
    if scene == "first open, labels":
        expected = {"sure": dict.fromkeys(ids[:GOLD]), "maybe": dict.fromkeys(ids[:GOLD])}
        values = dict.fromkeys(values)
    if values not in (expected["sure"], expected["maybe"]):
        tell({"lost": {id: v for id, v in expected["sure"].items() if values.get(id) != v}})
    events = [(event.client, event.client_seq) for event in s._project.store.events() if event.client]
    if len(events) != len(set(events)):
        tell({"doubled": True})
    if set(ids) - set(s.items["item"].to_list()):
        tell({"apart": "the pool holds items that the database lacks"})
    if scene == "watch" and (len(ids) - 60) not in (0, 16, 24):
        tell({"apart": f"{len(ids) - 60} of 16 + 8 arrivals"})
    fresh = s._live.pool_model.encoder.encode(s.pool.load(range(len(ids))))
    if fresh.shape != s._live.pool_model.features.shape or not np.allclose(
        fresh, s._live.pool_model.features, atol=1e-3
    ):
        tell({"wrong features": [list(fresh.shape), list(s._live.pool_model.features.shape)]})
    if scene == "export":
        bundle(p, tell, s)
    for id in s.ask(2).ids:
        s.label(id, "a")
    s.watch([s.pool.load([0])[0]], wait=True)
    s.close()


def bundle(p: Path, tell: Tell, s: Any) -> None:
    """The old bundle or the new one is there; the next export leaves nothing beside it."""
    at = p.with_suffix(".bundle")
    if not (at / "manifest.json").exists():
        tell({"lost": "the bundle"})
    s.export(at)
    beside = [entry.name for entry in at.parent.iterdir() if entry.name.startswith(f".{at.name}")]
    if beside:
        tell({"left": beside})


def acknowledged(expected: dict[str, str], told: list[dict[str, Any]]) -> dict[str, Any]:
    """Labels that must be there, and those that may be: what was under way may have reached the disk."""
    sure = dict(expected)
    done = sum("did" in said for said in told)
    acts = [said["will"] for said in told if "will" in said]
    for kind, id in acts[:done]:
        _apply(sure, kind, id)
    maybe = dict(sure)
    for kind, id in acts[done:]:
        _apply(maybe, kind, id)
    return {"sure": sure, "maybe": maybe}


def _apply(labels: dict[str, str], kind: str, id: str) -> None:
    if kind == "label":
        labels[id] = "c"
    else:
        labels.pop(id, None)


# -- campaign -------------------------------------------------------------------------------------------------


class Campaign:
    """Kills, and what was found after them."""

    def __init__(self, at: Path, mode: str, seed: int) -> None:
        self.at, self.mode, self.rng = at, mode, random.Random(seed)
        self.kills: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.first: dict[str, str] = {}

    def scene(self, name: str, count: int) -> None:
        """Interrupt one scene ``count`` times."""
        before, act, again = SCENES[name]
        p = self.at / f"{list(SCENES).index(name)}.spin"
        told, _, _ = forked(lambda tell: tell({"expected": before(p)}))
        expected = told[0]["expected"]
        with_it = [p, p.with_suffix(".bundle")]
        for path in with_it:  # what every try begins with
            if path.exists():
                shutil.copytree(path, path.with_name(f"before-{path.name}"))

        def fresh() -> None:
            for path in with_it:
                shutil.rmtree(path, ignore_errors=True)
                if (old := path.with_name(f"before-{path.name}")).exists():
                    shutil.copytree(old, path)
            for beside in self.at.glob(f".{p.stem}*"):
                shutil.rmtree(beside)

        def run(last: int | None) -> Callable[[Tell], None]:
            def work(tell: Tell) -> None:
                steps = Steps(last)
                if self.mode == "steps":
                    steps.install()
                act(p, tell)
                tell({"steps": steps.n})

            return work

        fresh()
        told, _, seconds = forked(run(None))
        assert "done" in told[-1], told
        n = next(said["steps"] for said in told if "steps" in said)
        ends = (
            sorted(self.rng.sample(range(1, n + 1), min(count, n)))
            if self.mode == "steps"
            else range(TRIES * count)  # a moment may come after the end
        )
        for end in ends:
            if self.kills[name] == count:
                break
            fresh()
            if self.mode == "steps":
                told, killed, _ = forked(run(end))
            else:
                told, killed, _ = forked(run(None), kill_after=self.rng.uniform(0, seconds))
            if not killed:
                continue
            self.kills[name] += 1
            self._look(name, p, acknowledged(expected, told), again, f"{name}, {end} of {n}")

    def _look(self, name: str, p: Path, expected: dict[str, Any], again: Any, where: str) -> None:
        with_it = [p, p.with_suffix(".bundle")]
        copies = {path: path.with_name(f"killed-{path.name}") for path in with_it if path.exists()}
        for path, copy in copies.items():
            shutil.copytree(path, copy)
        # In the child: a process that has used polars' threads must not fork.
        ways: dict[str, Callable[[Path], dict[str, Any]]] = {"path": lambda p: {}, "pool=": again}
        for how, options in ways.items():
            if how == "pool=":
                for path, copy in copies.items():
                    shutil.rmtree(path)
                    os.rename(copy, path)
            told, hung, _ = forked(lambda tell, o=options: look(p, tell, name, expected, o(p)))
            for said in [*told, *([{"hung": True}] if hung else [])]:
                if "done" not in said:
                    kind = f"{how}: {next(iter(said))}"
                    self.wrong[kind] += 1
                    self.first.setdefault(kind, f"{where}: {json.dumps(said)}")


def preload() -> None:
    import onnx  # noqa: F401
    import onnxruntime  # noqa: F401
    import PIL.Image  # noqa: F401
    import polars  # noqa: F401
    import sklearn.ensemble
    import sklearn.linear_model  # noqa: F401
    import torch  # noqa: F401

    import spin_nb.export.targets.jetson
    import spin_nb.models.snapshot
    import spin_nb.models.tree_head
    import spin_nb.session.open  # noqa: F401


def main(mode: str, count: int, seed: int, at: Path, only: list[str]) -> dict[str, Any]:
    """``count`` kills, spread over the scenes."""
    preload()
    campaign = Campaign(at, mode, seed)
    names = only or list(SCENES)
    for number, name in enumerate(names):  # what one has too few steps for falls to those after it
        campaign.scene(name, -(-(count - sum(campaign.kills.values())) // (len(names) - number)))
        print(name, campaign.kills[name], dict(campaign.first), file=sys.stderr, flush=True)
    return {
        "mode": mode,
        "kills": sum(campaign.kills.values()),
        "by scene": dict(campaign.kills),
        "wrong": dict(campaign.wrong),
        "first": campaign.first,
    }


if __name__ == "__main__":
    for variable in THREADS:
        os.environ[variable] = "1"
    warnings.simplefilter("ignore")
    mode, count, seed, at, *only = sys.argv[1:]
    print(json.dumps(main(mode, int(count), int(seed), Path(at), only)))
