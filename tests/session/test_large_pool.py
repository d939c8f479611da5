"""Thousands of files: open before anyone has looked at them, labelled meanwhile, and nothing of it lost."""

from __future__ import annotations

import os
import threading
import tracemalloc

import numpy as np
import pytest
from PIL import Image

import spin_nb as spin
from spin_nb.errors import LabelError

N, JUNK = 6000, 31  # the header of every 30th file is read while the pool opens
SIDES = range(8, 14)


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """6,000 files, the same six pictures again and again; dark and light ones take turns."""
    kept, root = tmp_path_factory.mktemp("kept"), tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for i, side in enumerate(SIDES):
        pixels = np.clip(rng.normal((60, 190)[i % 2], 20, (side, side, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(kept / f"{i}.png")
    for i in range(N):
        os.link(kept / f"{i % 6}.png", root / f"{i:04d}.png")
    return root


class Looking:
    """An encoder that waits until it is let go: what it is for the first minutes of 100,000 photos."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(self, items):
        assert self.go.wait(120)
        return np.array([[item.mean() / 255, item.std() / 255, len(item) / 10] for item in items])


@pytest.fixture
def looking():
    made = Looking()
    yield made
    made.go.set()


@pytest.fixture
def project(tmp_path, photos, looking):
    """Open (again) a project on the 6,000 files."""
    sessions = []

    def open_(pool=photos, **more):
        first = (
            {} if (tmp_path / "p.spin").exists() else {"pool": pool, "task": spin.Classes(["dark", "light"])}
        )
        sessions.append(spin.open(tmp_path / "p.spin", encoder=looking, annotator="ada", **{**first, **more}))
        return sessions[-1]

    yield open_
    looking.go.set()
    for s in sessions:
        s.close()


def truth(id: str) -> str:
    return "light" if int(id[:4]) % 2 else "dark"


class Page:
    """A page with the labeller: it shows card after card, and answers what it can see."""

    def __init__(self, s, answer=truth, client="page") -> None:
        self.s, self.answer, self.client, self.seq = s, answer, client, 0
        self.cards: list[dict] = []
        self.given: dict = {}

    def label(self, n: int) -> None:
        for _ in range(n):
            had = {card["token"]: card for card in self.cards}
            fresh, _ = self.s._channel.queue_cards(8, list(had))
            self.cards = [had.get(card["token"], card) for card in fresh]
            card = self.cards.pop(0)
            self.say("shown", card)
            if "broken" in card:
                self.say("flag", card)
            else:
                self.given[card["id"]] = self.answer(card["id"])
                self.say("label", card, self.given[card["id"]])

    def say(self, kind: str, card: dict, value=None) -> dict:
        self.seq += 1
        entry = {"seq": self.seq, "kind": kind, "id": card["id"], "token": card["token"], "value": value}
        said = self.s._channel.apply(self.client, [entry])
        assert (said["refused"], said["error"], said["ack"]) == ([], None, self.seq)
        return said


def test_it_is_labelled_at_random_while_it_is_looked_at_then_auto_takes_over(project, looking):
    s = project()
    assert not s._live.pool_model.has_features, "it opened before its features were there"
    assert len(s.pool) == N
    page = Page(s)
    page.label(40)
    assert not s._live.pool_model.has_features
    assert s.values == page.given
    asks = s.asks
    assert asks["audit"].sum() == 4, "one in ten audits, from the first ask on"
    assert set(asks.filter(~asks["audit"])["strategy"]) == {"random"}
    q = asks.filter(~asks["audit"])["q"].to_numpy()
    assert np.all((q > 0.9 / N) & (q < 1.3 / N)), (
        "each was as likely as any other that is not kept for auditing"
    )
    assert (s.model.predictive, s.model.head, s.problem) == (None, None, None)
    assert (s.accuracy.n, s.accuracy.value) == (0, None)
    assert "40 labelled" in repr(s)

    looking.go.set()
    s._live.pool_model.wait()
    assert s.values == page.given
    assert s.accuracy.n == 4
    assert s.model.predictive.mean.shape == (N, 2)
    page.label(20)
    asks = s.asks
    assert asks["audit"].sum() == 6
    strategies = asks.filter(~asks["audit"])["strategy"].to_list()
    assert strategies[:36] == ["random"] * 36
    assert strategies[-10:] == ["auto"] * 10, "but for the cards that were queued before"
    right = s.model.predictive.mean.argmax(1) == [s.classes.index(truth(id)) for id in s.pool.ids]
    assert right.mean() > 0.95


def test_asked_items_are_a_uniform_sample(project):
    s = project()
    page = Page(s)
    page.label(60)
    rows = np.array([s.pool.row(id) for id in page.given])
    assert len(set(rows)) == 60
    assert rows.min() < N / 5
    assert rows.max() > 4 * N / 5
    assert abs(rows.mean() - N / 2) < 4 * N / np.sqrt(12 * 60)


@pytest.fixture
def with_junk(photos, tmp_path):
    """The same folder, with files in it that show what they are when they are decoded."""
    root = tmp_path / "photos"
    root.mkdir()
    for entry in os.scandir(photos):
        os.link(entry.path, root / entry.name)
    for row in (1, JUNK, JUNK + 1, 2999, 5998):
        (root / f"{row:04d}.png").unlink()
        (root / f"{row:04d}.png").write_bytes(b"no picture " * 20)
    return root


def test_what_turns_out_to_be_broken_leaves_the_pool_and_no_label_is_lost(project, looking, with_junk):
    s = project(with_junk)
    broken = {f"{row:04d}.png" for row in (1, JUNK, JUNK + 1, 2999, 5998)}
    assert len(s.pool) == N, "files are not decoded while a pool opens"
    assert "broken" in s._channel.card("0031.png")[0]
    s.label({f"{row:04d}.png": truth(f"{row:04d}") for row in (0, 2, 30, 33, 3000, 5997, 5999)})
    s.label("0031.png", "light")
    s.flag("0001.png")
    page = Page(s)
    page.label(12)
    before = s.values
    cards = s._channel.queue_cards(8)[0]

    looking.go.set()
    s._live.pool_model.wait()
    assert len(s.pool) == N - len(broken)
    assert {item.id for item in s.pool.broken} == broken
    items = s.items
    assert set(items.filter(items["broken"].is_not_null())["item"]) == broken
    assert s.values == before, "labels are tied to files, not to rows"
    assert set(s.labels["item"]) == set(before)
    rows, classes = s._live.label_log.training_set.training
    audited = set(s.labels.filter(s.labels["audit"])["item"])
    found = {s.pool.ids[row]: s.classes[at] for row, at in zip(rows, classes, strict=True)}
    assert found == {id: value for id, value in before.items() if id not in broken | audited}
    for row in (0, 2, 30, 33, 3000, 5997, 5999):
        id = f"{row:04d}.png"
        assert s._channel.card(id)[0]["size"] == [SIDES[row % 6]] * 2, "and so are pictures"
    with pytest.raises(LabelError, match="kept out"):
        s.label("0031.png", "dark")
    kept = s._channel.queue_cards(8, [card["token"] for card in cards])[0]
    assert [card["token"] for card in kept] == [card["token"] for card in cards]
    page.cards = []
    page.label(20)
    s.close()
    again = project()
    again._live.pool_model.wait()
    assert again.values == {**before, **page.given}
    assert len(again.pool) == N - len(broken)


def test_broken_cards_leave_the_queue_once_it_is_known(project, looking, photos, tmp_path):
    root, junk = tmp_path / "photos", tmp_path / "junk"
    root.mkdir()
    junk.write_bytes(b"no picture " * 20)
    for row in range(N):
        name = f"{row:04d}.png"
        os.link(photos / name if row % 3 == 0 else junk, root / name)
    s = project(root)
    cards, _ = s._channel.queue_cards(8)
    broken = [card for card in cards if "broken" in card]
    assert broken, "two thirds of the files are no pictures"
    assert all("not a picture" in card["broken"] for card in broken)
    looking.go.set()
    s._live.pool_model.wait()
    assert len(s.pool) == N / 3
    now, _ = s._channel.queue_cards(8, [card["token"] for card in cards])
    assert [card["token"] for card in now if card.get("kept")] == [
        card["token"] for card in cards if card not in broken
    ]
    assert len(now) == 8
    assert not any("broken" in card for card in now)
    flag = {"seq": 1, "kind": "flag", "id": broken[0]["id"], "token": broken[0]["token"]}
    said = s._channel.apply("page", [flag, {"seq": 2, "kind": "label", "id": s.pool.ids[0], "value": "dark"}])
    assert said["ack"] == 2
    assert "kept out" in said["refused"][0]["what"]
    assert s.values == {s.pool.ids[0]: "dark"}


def test_a_card_that_was_being_read_while_rows_moved_shows_its_own_item(
    project, looking, with_junk, monkeypatch
):
    s = project(with_junk)
    show = s.pool.show

    def slow(row, size=None):
        looking.go.set()
        s._live.pool_model.wait()
        return show(row, size)

    monkeypatch.setattr(s.pool, "show", slow)
    inspected, _ = s._channel.card("3000.png")
    cards, _ = s._channel.queue_cards(8)
    assert len(cards) == 8
    assert len(s.pool) < N
    for card in [inspected, *cards]:
        assert card["size"] == [SIDES[int(card["id"][:4]) % 6]] * 2
        assert s.pool.ids[card["row"]] == card["id"]


def test_it_is_labelled_while_rows_move(project, looking, with_junk):
    s = project(with_junk)
    page, failed = Page(s), []

    def keep_labelling() -> None:
        try:
            page.label(60)
        except BaseException as problem:
            failed.append(problem)

    hand = threading.Thread(target=keep_labelling)
    hand.start()
    looking.go.set()
    hand.join(120)
    s._live.pool_model.wait()
    assert not failed, failed
    assert s.values == page.given
    assert len(page.given) >= 55


@pytest.mark.parametrize(
    ("task", "value"),
    [
        (spin.Number(0, 10), 4.0),
        (spin.Keypoints(["nose"]), {"nose": [3.0, 4.0]}),
        (spin.Boxes(["car"]), [{"label": "car", "x": 1.0, "y": 1.0, "width": 4.0, "height": 4.0}]),
    ],
    ids=["number", "points", "boxes"],
)
def test_tasks_without_classes_wait_for_nothing_either(project, looking, task, value):
    s = project(task=task)
    page = Page(s, lambda id: value)
    page.label(20)
    assert s.accuracy.n == 0, "no suggestion yet is no wrong one"
    assert repr(s)
    looking.go.set()
    s._live.pool_model.wait()
    assert s.values == page.given
    assert s.accuracy.n == (0 if task.kind == "boxes" else 2)  # boxes are suggested by nobody here
    if task.outputs:
        row = s.pool.row(next(id for id in s.pool.ids if id not in page.given))
        said, _ = s._suggestions.of(row)
        assert task.score(said, value, s.pool.extent(row)) > 0.9


def test_closing_in_the_middle_is_clean_and_everything_is_found_again(project, looking, monkeypatch, photos):
    left, others = [], set(threading.enumerate())
    monkeypatch.setattr(threading, "excepthook", lambda args: left.append(args.exc_value))
    s = project()
    page = Page(s)
    page.label(15)
    s.undo()
    values, asks, history = s.values, s.asks.rows(), s.history.rows()
    s.close()
    looking.go.set()
    s._live.pool_model._preparation_over.wait(120)
    for thread in set(threading.enumerate()) - others:
        if thread.name.startswith("spin-"):
            thread.join(120)
    assert not left, "no thread of it fails behind the person's back"
    half = [file for file in s.folder.rglob("*") if file.name.startswith(".") and file.suffix == ".npy"]
    assert not half

    again = project()
    assert (again.values, again.asks.rows(), again.history.rows()) == (values, asks, history)
    assert again.redo() == list(page.given)[-1]
    assert again.values == page.given
    Page(again, client="another page").label(1)
    again._live.pool_model.wait()
    assert again.model.predictive.mean.shape == (N, 2)
    assert len(again.values) == 16


def test_media_are_read_when_they_are_shown_and_not_kept(tmp_path, looking):
    kept, root = tmp_path / "photo.jpg", tmp_path / "photos"
    root.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(kept, quality=95)
    for i in range(N):
        os.link(kept, root / f"{i:04d}.jpg")
    all_of_them = N * kept.stat().st_size
    tracemalloc.start()
    try:
        s = spin.open(
            tmp_path / "p.spin", pool=root, classes=["dark", "light"], encoder=looking, annotator="ada"
        )
        Page(s).label(10)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 80e6 < all_of_them / 8, "what is being shown, and the few that are being looked at"
    s.close()
