"""Arrivals join as one unit: in the pool, the database, the plan and the features, or in none of them."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import spin_nb as spin
import spin_nb.project.database
import spin_nb.session.labels.label_log
from spin_nb.errors import ModelError, SpinError, StorageError
from spin_nb.session.stream.pace import Pace

RNG = np.random.default_rng(0)
POOL = RNG.normal(size=(60, 4)).astype(np.float32)
POOL[:30] += 3
NEW = POOL[:20] + np.float32(0.01)


@pytest.fixture
def opened(open_numbers):
    return partial(open_numbers, POOL)


def agree(s, n: int) -> None:
    """Pool, database, plan, layout and features have ``n`` rows, and each row's features are its own."""
    assert (
        len(s.pool)
        == len(s.items)
        == len(s._live.label_log.plan.reserved_mask)
        == len(s._view_data.layout)
        == n
    )
    assert s.pool.ids == s.items["item"].to_list()
    assert (
        len(s._live.pool_model.features)
        == len(s._live.pool_model.learner.features)
        == len(s._live.pool_model.learner.graph.phi)
        == n
    )
    fresh = s._live.pool_model.encoder.encode(s.pool.load(range(n)))
    np.testing.assert_allclose(fresh, s._live.pool_model.features, atol=1e-3)


def goes_on(s, n: int) -> None:
    """Asking, labelling and watching work."""
    for id in s.ask(4).ids:
        s.label(id, "a")
    assert s._channel.queue_cards(3)[0]
    assert len(s.watch(NEW[:3], wait=True).ids) == 3
    agree(s, n + 3)


def fails(*_, **__):
    raise StorageError("nothing can be written.", "Free space.")


@pytest.mark.parametrize("step", ["line", "items", "commit", "locked"])
def test_a_watch_that_fails_leaves_no_arrival_and_the_session_goes_on(opened, monkeypatch, step):
    s = opened()
    other = sqlite3.connect(s.folder / "project.db", isolation_level=None)
    with monkeypatch.context() as patch:
        if step == "line":
            patch.setattr("os.fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left")))
        elif step == "items":
            patch.setattr(s._project.store, "add_items", fails)
        elif step == "commit":
            patch.setattr(spin_nb.project.database.Database, "_require_transaction", fails)
        else:
            patch.setattr(spin_nb.session.labels.label_log, "BUSY_SECONDS", 0.1)
            other.execute("BEGIN IMMEDIATE")
        with pytest.raises(SpinError):
            s.watch(NEW, wait=True)
    if step == "locked":
        other.execute("ROLLBACK")
    other.close()
    agree(s, 60)
    assert not s.stream.points
    goes_on(s, 60)
    agree(opened(), 63)


def test_a_watch_after_the_folder_was_deleted_makes_nothing_anew(opened):
    s = opened()
    shutil.rmtree(s.folder)
    with pytest.raises(SpinError):
        s.watch(NEW, wait=True)
    assert not s.folder.exists()
    assert len(s.pool) == 60


@pytest.mark.parametrize("what", ["link", "pipe"])
def test_arrivals_are_not_written_through_what_took_the_place_of_their_file(opened, tmp_path, what):
    s, precious = opened(), tmp_path / "precious.txt"
    s.watch(NEW[:2], wait=True)
    precious.write_text("mine\n")
    place = s.folder / "pool" / "arrivals.jsonl"
    place.unlink()
    place.symlink_to(precious) if what == "link" else os.mkfifo(place)
    with pytest.raises(SpinError, match="cannot store arrivals"):
        s.watch(NEW[2:4], wait=True)
    assert precious.read_text() == "mine\n"
    assert len(s.pool) == len(s.items) == 62


def test_a_kill_between_the_line_and_the_database_leaves_the_arrivals(opened, tmp_path):
    s = opened()
    s.close()
    shutil.copytree(s.folder, tmp_path / "before")
    s = opened()
    s.watch(NEW[:16], wait=True)
    s.close()
    for path in s.folder.glob("project.db*"):
        path.unlink()
    for path in (tmp_path / "before").glob("project.db*"):
        shutil.copy(path, s.folder)
    agree(again := opened(), 76)
    goes_on(again, 76)


def test_arrivals_that_an_older_version_left_out_of_the_database_are_mended_on_opening(opened):
    s = opened()
    s.close()
    items = [{"id": f"arrival-{row:012x}", "vector": NEW[row].tolist()} for row in range(5)]
    with open(s.folder / "pool/arrivals.jsonl", "a") as log:
        log.write(f"\n{json.dumps({'items': items, 'batch': 'a' * 32})}\n")
    assert len(opened(read_only=True).pool) == 65
    agree(again := opened(), 65)
    goes_on(again, 65)


def test_arrivals_that_were_cut_from_the_file_are_said_to_be_lost(opened):
    s = opened()
    lost = s.watch(NEW[:2], wait=True).ids
    s.label(lost[0], "a")
    s.close()
    log = Path(s.folder / "pool/arrivals.jsonl")
    log.write_bytes(log.read_bytes()[:-9])
    again = opened()
    assert "2 arrivals are lost" in again.problem
    assert again.values[lost[0]] == "a"


def test_an_arrival_whose_picture_is_damaged_keeps_nothing_shut(tmp_path):
    pictures = RNG.integers(0, 255, (20, 8, 8), dtype=np.uint8)
    s = spin.open(tmp_path / "p.spin", pool=pictures, classes=["a", "b"])
    s.label({s.pool.ids[0]: "a", s.pool.ids[1]: "b"})
    first, second = s.watch(pictures[:2], wait=True).ids
    s.close()
    name = json.loads((s.folder / "pool/arrivals.jsonl").read_text())["items"][0]["picture"]
    path = s.folder / "pool/arrivals" / name
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)
    again = spin.open(s.folder)
    assert [item.id for item in again.pool.broken] == [first]
    assert "damaged" in again.pool.broken[0].reason
    assert again.pool.ids[-1] == second
    agree_rows = again._live.pool_model.encoder.encode(again.pool.load(range(21)))
    np.testing.assert_allclose(agree_rows, again._live.pool_model.features, atol=1e-3)


def test_an_interrupt_waits_until_the_arrivals_have_joined_everywhere(opened, monkeypatch):
    import signal

    s = opened()
    join, interrupts = s.pool.join, []
    # A process that was started in the background ignores what a person's Ctrl-C sends.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupted(batch):
        interrupts.append(1)
        signal.raise_signal(signal.SIGINT)
        return join(batch)

    monkeypatch.setattr(s.pool, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        s.watch(NEW[:4], wait=True)
    signal.signal(signal.SIGINT, before)
    monkeypatch.undo()
    assert interrupts
    agree(s, 64)
    goes_on(s, 64)


def test_views_hear_of_arrivals_ten_times_a_second_and_of_the_last_ones(opened, monkeypatch):
    s, heard, clock = opened(), [], Clock()
    s.stream._watcher._pace = Pace(clock)
    s.events.watched.connect(heard.append)
    s.events.watched.connect(lambda n: clock.pass_(0.001))
    stream = (clock.pass_(0.002) or row for row in np.concatenate([NEW] * 20))
    assert s.watch(stream, wait=True).n == 400
    assert sum(heard) == 400
    assert len(heard) <= 10 * clock.now + 2


def test_views_that_take_long_to_draw_get_a_fifth_of_the_time(opened):
    s, heard, clock = opened(), [], Clock()
    s.stream._watcher._pace = Pace(clock)
    s.events.watched.connect(heard.append)
    s.events.watched.connect(lambda n: clock.pass_(1.0))
    stream = (clock.pass_(0.01) or row for row in np.concatenate([NEW] * 20))
    s.watch(stream, wait=True)
    assert sum(heard) == 400
    assert len(heard) <= 4


class Clock:
    """Time that passes when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


def test_a_pool_of_one_item_says_that_there_is_nothing_to_compare_with(tmp_path):
    with spin.open(tmp_path / "one.spin", pool=["one text"], classes=["a", "b"]) as s:
        s.label(s.pool.ids[0], "a")
        with pytest.raises(ModelError, match="the pool has one item") as caught:
            s.watch(["another", "a third"], wait=True)
        assert "s.predict" in caught.value.do
        assert len(s.predict(["another"])) == 1
        assert len(s.pool) == len(s.items) == 1
    with spin.open(tmp_path / "two.spin", pool=["one text", "two texts"], classes=["a", "b"]) as s:
        s.label(s.pool.ids[0], "a")
        assert s.watch(["another", "a third"], wait=True).n == 2
