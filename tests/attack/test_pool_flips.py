"""Every file below pool/ with a flipped bit, cut short or emptied: named, or harmless and equal."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections import Counter

import numpy as np
import pytest

import spin_nb as spin
from spin_nb.errors import SpinError

FULL = os.environ.get("SPIN_ATTACK") == "full"
TRIES = 25 if FULL else 2  # flips a file; and as many cuts
RNG = np.random.default_rng(0)
POOLS = {
    "numbers": RNG.normal(size=(20, 4)).astype(np.float32),
    "pictures": RNG.integers(0, 255, (20, 8, 8), dtype=np.uint8),
}


def read(at) -> tuple[list, list, np.ndarray, dict, bool]:
    s = spin.open(at)
    s._live.pool_model.wait()
    items = [np.asarray(item).tolist() for item in s.pool.load(range(len(s.pool)))]
    found = (
        s.pool.ids,
        items,
        np.array(s._live.pool_model.features),
        s.values,
        bool(s.problem or s.pool.broken),
    )
    s.close()
    return found


@pytest.mark.timeout(3600 if FULL else 300)
@pytest.mark.parametrize("kind", POOLS)
def test_nothing_below_pool_changes_in_silence(tmp_path, kind):
    s = spin.open(tmp_path / "p.spin", pool=POOLS[kind], classes=["a", "b"])
    s.label({s.pool.ids[0]: "a", s.pool.ids[-1]: "b"})
    s.watch(POOLS[kind][:2], wait=True)
    s.close()
    ids, items, features, values, _ = read(s.folder)
    chance, outcomes = random.Random(0), Counter()
    for path in sorted(path for path in (s.folder / "pool").rglob("*") if path.is_file()):
        whole = path.read_bytes()
        harmed = [whole[: chance.randrange(len(whole))] for _ in range(TRIES)]
        for _ in range(TRIES):
            content = bytearray(whole)
            content[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
            harmed.append(bytes(content))
        for content in harmed:
            shutil.rmtree(tmp_path / "x.spin", ignore_errors=True)
            shutil.copytree(s.folder, tmp_path / "x.spin")
            (tmp_path / "x.spin" / path.relative_to(s.folder)).write_bytes(content)
            try:
                now = read(tmp_path / "x.spin")
            except SpinError:
                outcomes["refused with words"] += 1
                continue
            same = now[:2] == (ids, items) and now[3] == values and np.allclose(now[2], features, atol=1e-4)
            assert same or now[4], f"{path.name} changed in silence"
            assert now[3] == values
            outcomes["harmless" if same else "named"] += 1
    print(json.dumps({kind: outcomes}))
