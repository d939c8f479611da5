"""Labels that a task does not allow, and items that cannot be shown: refused or set aside, and the queue goes on."""

from __future__ import annotations

import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

import spin_nb as spin
from spin_nb.errors import LabelError, PoolError
from spin_nb.pool.media.audio import Sound, wav

RNG = np.random.default_rng(0)

# -- labels that a task does not allow --------------------------------------------------------------------

PICTURES = RNG.integers(0, 255, (24, 20, 30), dtype=np.uint8)
TEXTS = [f"card {i} was declined in {'Paris' if i % 2 else 'Rome'}" for i in range(24)]
ROWS = RNG.normal(size=(24, 4)).astype(np.float32)
BOX = {"label": "car", "x": 1.0, "y": 2.0, "width": 10.0, "height": 5.0}
LEAF = {"label": "leaf", "points": [[1.0, 1.0], [9.0, 1.0], [5.0, 8.0]]}
CITY = {"label": "city", "start": 0, "end": 4}
NEVER = [None, float("nan"), float("inf"), True, b"bytes", {"a": 1}, [[]], [None], object(), 10**400]

TASKS = {
    "class": (ROWS, spin.Classes(["ok", "crack"]), "ok", ["krack", "", "OK!", ["ok"], 0]),
    "classes": (ROWS, spin.MultiLabel(["a", "b"]), ["a"], [["a", "c"], "a", [["a"]], {"a": True}]),
    "number": (ROWS, spin.Number(0, 10, step=0.5), 2.5, [10.5, -1, "ten", "2,5", [3]]),
    "boxes": (
        PICTURES,
        spin.Boxes(["car"]),
        [BOX],
        [
            [{**BOX, "label": "bike"}],
            [{**BOX, "x": 25.0}],
            [{**BOX, "width": 0.0}],
            [{**BOX, "y": float("nan")}],
            [{**BOX, "x": "1"}],
            [{**BOX, "html": "<b>"}],
            [{"label": "car"}],
            [BOX] * 10_001,
        ],
    ),
    "points": (
        PICTURES,
        spin.Keypoints(["nose", "tail"]),
        {"nose": [3.0, 4.0], "tail": None},
        [{"nose": [3.0, 4.0]}, {"nose": [3.0, 40.0], "tail": None}, {"nose": [3.0], "tail": None}, [[3, 4]]],
    ),
    "outlines": (
        PICTURES,
        spin.Polygons(["leaf"]),
        [LEAF],
        [
            [{**LEAF, "points": LEAF["points"][:2]}],
            [{**LEAF, "points": [[1, 1], [5, 5], [9, 9]]}],
            [{**LEAF, "points": [[1, 1], [99, 1], [5, 8]]}],
            [{**LEAF, "label": "tree"}],
        ],
    ),
    "spans": (
        TEXTS,
        spin.Spans(["city"]),
        [CITY],
        [[{**CITY, "end": 400}], [{**CITY, "start": 4}], [{**CITY, "start": -1}], [{**CITY, "end": 3.5}]],
    ),
    "text": (TEXTS, spin.FreeText(max_length=20), "a refund", ["  ", "x" * 21, 7, ["a"], "\ud800"]),
    "pairs": (TEXTS, spin.Pairs(tie=False), "first", ["equal", "third", 1]),
    "grades": (TEXTS, spin.Pairs(grades=["no", "yes"]), "yes", ["first", "maybe"]),
}


@pytest.fixture(params=TASKS, ids=str)
def case(request):
    return TASKS[request.param]


def opened(tmp_path, pool, task=None, **more):
    return spin.open(
        tmp_path / "p.spin", pool=pool, task=task or spin.Classes(["a", "b"]), annotator="ada", **more
    )


def entry(seq: int, card: dict, value=None, kind: str = "label") -> dict:
    return {"seq": seq, "kind": kind, "id": card["id"], "token": card["token"], "value": value}


def test_a_call_is_refused_with_its_reason_and_nothing_of_it_is_stored(tmp_path, case):
    pool, task, good, bad = case
    s = opened(tmp_path, pool, task)
    first, second = s.pool.ids[:2]
    for value in [*bad, *NEVER]:
        for call in ((second, value), ({first: good, second: value},)):
            with pytest.raises(LabelError) as refused:
                s.label(*call)
            assert refused.value.what
            assert refused.value.do
            assert len(str(refused.value)) < 1000, "a reason is read by a person, whatever the value was"
    assert s.history.is_empty()
    s.label(second, good)
    assert s.values == {second: good}


def test_a_page_is_refused_with_the_reason_and_goes_on(tmp_path, case):
    pool, task, good, bad = case
    s = opened(tmp_path, pool, task)
    card, *others = s._channel.queue_cards(3)[0]
    values = [*bad, *NEVER]
    answer = s._channel.apply("page", [entry(i + 1, card, value) for i, value in enumerate(values)])
    assert answer["ack"] == len(values), "what is refused is not sent again for ever"
    assert answer["error"] is None
    assert [refused["seq"] for refused in answer["refused"]] == list(range(1, len(values) + 1))
    assert all(refused["what"] for refused in answer["refused"])
    assert s.history.is_empty()
    kept = [card["token"], *(other["token"] for other in others)]
    still, _ = s._channel.queue_cards(4, kept)
    assert [card["token"] for card in still[:3]] == kept, "the item waits for a label that can be stored"
    then = s._channel.apply(
        "page", [entry(len(values) + 1, card, good), entry(len(values) + 2, others[0], good)]
    )
    assert then["refused"] == []
    assert s.values == {card["id"]: good, others[0]["id"]: good}


@pytest.mark.parametrize(
    "entry_",
    [
        {"kind": "label", "id": "nobody", "value": "a"},
        {"kind": "label", "id": 7, "value": "a"},
        {"kind": "label", "id": None, "value": "a"},
        {"kind": "label", "value": "a"},
        {"kind": "imported", "id": "item-000000", "value": "a"},
        {"kind": "<script>", "id": "item-000000"},
        {"kind": "label", "id": "item-000000", "value": "a", "suggested": [["a"], "much"]},
        {"kind": "label", "id": "item-000000", "value": "a", "shown_ms": "soon"},
        {"kind": "label", "id": "item-000000", "value": "a", "token": 7},
        {"kind": "undo"},
        {"kind": "redo"},
    ],
    ids=[
        "no such item",
        "number",
        "none",
        "without",
        "kind",
        "script",
        "suggested",
        "time",
        "token",
        "undo",
        "redo",
    ],
)
def test_an_entry_that_is_none_does_not_stop_those_after_it(tmp_path, entry_):
    s = opened(tmp_path, ROWS)
    card = s._channel.queue_cards(1)[0][0]
    other = next(id for id in s.pool.ids if id not in (card["id"], "item-000000"))
    answer = s._channel.apply(
        "page", [{"seq": 1, **entry_}, {"seq": 2, "kind": "label", "id": other, "value": "b"}]
    )
    assert (answer["ack"], answer["error"]) == (2, None)
    assert s.values[other] == "b"
    assert set(s.values) <= {other, "item-000000"}
    assert set(s.history["kind"]) == {"label"}, "what was stored can be read"


# -- items that are broken when the pool is opened --------------------------------------------------------


def png(width: int, height: int) -> bytes:
    """A PNG file whose header promises that many pixels, and which holds next to none."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(3 * width + 1))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.fixture
def pictures(tmp_path):
    root = tmp_path / "pictures"
    root.mkdir()
    for i in range(6):
        pixels = RNG.integers(0, 256, (90, 120, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / f"good{i}.jpg")
    whole = (root / "good0.jpg").read_bytes()
    (root / "corrupt.png").write_bytes(os.urandom(3000))
    (root / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (root / "huge.png").write_bytes(png(60_000, 60_000))
    (root / "empty.png").write_bytes(b"")
    (root / "markup.png").write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
    return root


def tone(i: int = 1, n: int = 4000) -> bytes:
    return wav(Sound(np.sin(np.arange(n) * 0.1 * (i + 1)).astype(np.float32), 8000))


@pytest.fixture
def sounds(tmp_path):
    root = tmp_path / "sounds"
    root.mkdir()
    for i in range(6):
        (root / f"good{i}.wav").write_bytes(tone(i))
    (root / "silent.wav").write_bytes(wav(Sound(np.zeros(4000, np.float32), 8000)))
    (root / "broken.wav").write_bytes(os.urandom(3000))
    (root / "truncated.wav").write_bytes(tone()[:40])
    (root / "headless.wav").write_bytes(tone()[44:])
    return root


@pytest.fixture
def videos(tmp_path):
    cv2 = pytest.importorskip("cv2", reason="videos need opencv-python-headless")
    root = tmp_path / "videos"
    root.mkdir()
    for name in ("good0", "good1", "good2", "no-frames"):
        out = cv2.VideoWriter(str(root / f"{name}.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
        for _ in range(0 if name == "no-frames" else 9):
            out.write(RNG.integers(0, 256, (48, 64, 3), dtype=np.uint8))
        out.release()
    (root / "broken.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + os.urandom(2000))
    (root / "list.mp4").write_bytes(b"#EXTM3U\nhttp://127.0.0.1/other.mp4\n")
    return root


def series():
    values = [np.sin(np.arange(50.0) * 0.1 * (i + 1)) for i in range(6)]
    values[2] = np.where(np.arange(50) == 7, np.nan, values[2])
    values[4] = values[4][:1]
    return spin.TimeSeries(values, ids=[f"{'bad' if i in (2, 4) else 'good'}{i}" for i in range(6)])


def shown_or_kept_out(s) -> dict[str, str]:
    """Id -> why an item cannot be labelled: from ``s.items``, or its card."""
    why = dict(s.items.filter(s.items["broken"].is_not_null()).select("item", "broken").iter_rows())
    for id in s.pool.ids:
        card, buffers = s._channel.card(id)
        if "broken" in card:
            assert not buffers
            why[id] = card["broken"]
    return why


def goes_on(s, bad: set[str]) -> None:
    """Every good item gets its card and label, every bad one is kept out or flagged, until nothing is left."""
    s.audit.share = 0.2
    seq, seen = 0, set()
    while cards := s._channel.queue_cards(4)[0]:
        for card in cards:
            seq += 1
            assert card["id"] not in seen, "nobody is asked twice"
            seen.add(card["id"])
            assert ("broken" in card) == (card["id"] in bad)
            done = entry(seq, card, kind="flag") if "broken" in card else entry(seq, card, "a")
            assert s._channel.apply("page", [done])["refused"] == []
    assert seen == set(s.pool.ids)
    assert set(s.values) == set(s.pool.ids) - bad
    values = s.values
    s.close()
    assert spin.open(s.folder, annotator="ada").values == values


@pytest.mark.parametrize("kind", ["pictures", "sounds", "videos"])
def test_files_that_cannot_be_shown_are_kept_out_with_their_reason(tmp_path, kind, request):
    root = request.getfixturevalue(kind)
    s = opened(tmp_path, root)
    bad = {path.name for path in root.iterdir() if not path.name.startswith("good")}
    why = shown_or_kept_out(s)
    assert set(why) == bad
    assert all(len(reason) > 8 for reason in why.values())
    assert set(s.items["item"]) == {path.name for path in root.iterdir()}
    assert f"{len(bad)} broken kept out" in repr(s)
    for id in bad:
        with pytest.raises(LabelError) as refused:
            s.label(id, "a")
        assert why[id] in str(refused.value)
    goes_on(s, set())


def test_the_reasons_say_what_is_wrong(tmp_path, pictures, sounds, videos):
    said = {}
    for root in (pictures, sounds, videos):
        s = spin.open(tmp_path / f"{root.name}.spin", pool=root, classes=["a", "b"])
        said |= shown_or_kept_out(s)
        s.close()
    for id, words in {
        "corrupt.png": "not a picture",
        "truncated.jpg": "truncated",
        "huge.png": "pixels",
        "empty.png": "empty",
        "silent.wav": "silent",
        "no-frames.avi": "no",
        "list.mp4": "not a video",
    }.items():
        assert words in said[id], said


def test_a_series_with_a_gap_is_kept_out(tmp_path):
    s = opened(tmp_path, series())
    why = shown_or_kept_out(s)
    assert set(why) == {"bad2", "bad4"}
    assert "NaN" in why["bad2"]
    goes_on(s, set())


@pytest.mark.parametrize("task", [spin.Classes(["a", "b"]), spin.Spans(["a"]), spin.FreeText()], ids=repr)
def test_an_empty_text_is_a_broken_card_that_is_flagged(tmp_path, task):
    texts = [*TEXTS[:8], "", " \n\t ", *TEXTS[8:12]]
    s = opened(tmp_path, texts, task)
    why = shown_or_kept_out(s)
    assert set(why) == {"item-000008", "item-000009"}
    assert all("empty" in reason for reason in why.values())
    if not isinstance(task, spin.Classes):
        return
    goes_on(s, set(why) & set(s.pool.ids))


def test_a_pool_without_a_single_good_item_makes_no_project(tmp_path, pictures):
    for path in pictures.glob("good*"):
        path.unlink()
    with pytest.raises(PoolError, match="no picture that can be read"):
        opened(tmp_path, pictures)
    assert not (tmp_path / "p.spin").exists()


# -- items that break while the project is open -----------------------------------------------------------

WAYS = {
    "gone": lambda path: path.unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    "junk": lambda path: path.write_bytes(os.urandom(2000)),
    "a script": lambda path: path.write_bytes(b"<svg onload=alert(1)>"),
    "a bomb": lambda path: path.write_bytes(png(60_000, 60_000)),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_picture_that_breaks_later_is_a_broken_card_and_can_be_flagged(tmp_path, pictures, way):
    s = opened(tmp_path, pictures, spin.Boxes(["car"]))
    box = {**BOX, "x": 100.0}
    first = s.pool.ids[0]
    s.label(first, [box])
    for id in s.pool.ids[:3]:
        WAYS[way](pictures / id)
    broken = set(s.pool.ids[1:3])
    assert set(shown_or_kept_out(s)) >= broken | {first}
    cards, _ = s._channel.queue_cards(5)
    assert {card["id"] for card in cards} == set(s.pool.ids[1:])
    assert {card["id"] for card in cards if "broken" in card} == broken
    assert all(card["suggestion"] is None for card in cards if "broken" in card)
    entries = [
        entry(i + 1, card, kind="flag") if "broken" in card else entry(i + 1, card, [box])
        for i, card in enumerate(cards)
    ]
    assert s._channel.apply("page", entries)["refused"] == []
    assert s._channel.queue_cards(5)[0] == []
    assert set(s.values) == set(s.pool.ids) - broken, "what was labelled before stays"
    assert s._channel.apply("page", [{"seq": 6, "kind": "undo"}])["refused"] == []
    s.close()
    again = spin.open(tmp_path / "p.spin", annotator="ada")
    assert again.values[first] == [box]
    assert again.history.height == 7


def test_points_are_still_suggested_and_judged_when_labelled_pictures_are_gone(tmp_path, pictures):
    for i in range(6, 30):
        Image.fromarray(RNG.integers(0, 256, (90, 120, 3), dtype=np.uint8)).save(pictures / f"good{i}.jpg")
    s = opened(tmp_path, pictures, spin.Keypoints(["nose"]))
    s.audit.share = 0.3
    for id in s.ask(20):
        s.label(id, {"nose": [float(RNG.integers(0, 120)), float(RNG.integers(0, 90))]})
    for id in list(s.values)[::2]:
        (pictures / id).unlink()
    assert s.accuracy.n == 6
    assert repr(s)
    left = next(id for id in s.pool.ids if id not in s.values)
    value, p = s._suggestions.of(s.pool.row(left))
    assert 0 <= value["nose"][0] <= 120
    assert 0 < p < 1


def test_a_sound_and_a_video_that_are_gone_are_broken_cards(tmp_path, sounds, videos):
    for root in (sounds, videos):
        s = spin.open(tmp_path / f"{root.name}.spin", pool=root, classes=["a", "b"], annotator="ada")
        id = s.pool.ids[0]
        (root / id).unlink()
        assert "No such file" in s._channel.card(id)[0]["broken"]
        goes_on(s, {id})


def test_a_part_that_breaks_is_said_on_the_card_and_the_item_is_labelled(tmp_path, pictures):
    for path in pictures.iterdir():
        if not path.name.startswith("good"):
            path.unlink()
    s = opened(tmp_path, spin.Multimodal(photo=pictures, words=TEXTS[:6]))
    (pictures / s.pool.ids[0]).write_bytes(b"junk")
    card, _ = s._channel.card(s.pool.ids[0])
    assert "broken" not in card
    assert "cannot be shown" in card["parts"][0]["data"]
    assert card["parts"][1]["data"] == TEXTS[0]
    goes_on(s, set())


def test_what_this_session_cannot_show_is_named_in_its_items(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for i in range(12):
        Image.fromarray(PICTURES[i]).save(photos / f"{i:02}.png")
    s = spin.open(tmp_path / "p", pool=str(photos), classes=["a", "b"])
    s.label({"03.png": "a", "04.png": "b"})
    s.close()
    for name in ("03.png", "07.png"):
        (photos / name).unlink()
    s = spin.open(tmp_path / "p")
    assert "2 of 12 items have no file any more, '03.png' among them" in s.problem
    assert s.items.drop_nulls("broken")["item"].to_list() == ["03.png", "07.png"]
    assert set(s.ask(12).ids) == set(s.pool.ids) - {"03.png", "04.png", "07.png"}, (
        "nobody can look at what is gone"
    )
    s.close()
    s, other = spin.open(tmp_path / "p", pool=str(photos)), spin.open(tmp_path / "p", annotator="ben")
    assert s.problem is None
    (new,) = other.watch([PICTURES[20]], wait=True).ids
    why = dict(s.items.drop_nulls("broken").select("item", "broken").iter_rows())
    assert set(why) == {"03.png", "07.png", new}
    assert all("not in this session's pool" in words for words in why.values())
    assert set(s.items["item"]) - set(why) == set(s.pool.ids)
