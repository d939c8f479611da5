"""Real data through the public door: open, ask, look at the card, label with the truth, undo, redo, come back."""

from __future__ import annotations

import csv
import io
import re
import shutil
import wave
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest
from PIL import Image

import spin_nb as spin

AI4I_MODES = ["TWF", "HDF", "PWF", "OSF", "RNF"]
MOUSE_SIZE, POSE_SIZE = (396, 406), (96, 96)
POSE = [
    *("right ankle", "right knee", "right hip", "left hip", "left knee", "left ankle", "right wrist"),
    *("right elbow", "right shoulder", "left shoulder", "left elbow", "left wrist", "neck", "head top"),
]


def copied(files, folder: Path) -> Path:
    """Copies of some files in one folder: links that lead outside a pool's folder are kept out."""
    folder.mkdir()
    for file in files:
        shutil.copy(file, folder / file.name)
    return folder


def cards_of(s, n: int):
    """Cards as a page gets them: all can be shown, and the bytes that each refers to are there."""
    cards, buffers = s._channel.queue_cards(n)
    assert len(cards) == n
    for card in cards:
        assert "broken" not in card, card
        assert all(0 <= at < len(buffers) for at in card["buffers"])
    return cards, buffers


def answer(s, cards, truth, first: int = 1):
    """The page labels these cards; nothing is refused."""
    entries = [
        {
            "seq": first + i,
            "kind": "label",
            "id": card["id"],
            "token": card["token"],
            "value": truth[card["id"]],
        }
        for i, card in enumerate(cards)
    ]
    said = s._channel.apply("page", entries)
    assert (said["refused"], said["error"], said["gap"]) == ([], None, None)
    assert said["ack"] == first + len(cards) - 1


def labelled_and_found_again(s, truth, cards):
    """Label with the truth, undo, redo, close, open: every value is still the one that was given."""
    answer(s, cards, truth)
    given = {card["id"]: truth[card["id"]] for card in cards}
    assert s.values == given
    last, seq = cards[-1]["id"], len(cards) + 1
    assert s._channel.apply("page", [{"seq": seq, "kind": "undo"}])["undone"] == [
        {"seq": seq, "id": last, "n": 1}
    ]
    assert s.values == {id: value for id, value in given.items() if id != last}
    assert s._channel.apply("page", [{"seq": seq + 1, "kind": "redo"}])["refused"] == []
    assert s.values == given
    s.close()
    again = spin.open(s.folder, annotator="ada")
    assert again.task == s.task
    assert again.values == given
    assert set(again.labels["ask"]) == set(again.asks["token"]), (
        "every card that was answered counts as asked"
    )
    assert again.undo() == last
    again.close()


def opened(tmp_path, pool, task, **more):
    return spin.open(tmp_path / "p.spin", pool=pool, task=task, annotator="ada", **more)


def picture(card, buffers) -> Image.Image:
    """The picture of a card, as a browser would decode it."""
    return Image.open(io.BytesIO(buffers[card["buffers"][0]]))


# -- boxes ------------------------------------------------------------------------------------------------


def blood_cells(real, n: int) -> dict[str, list[dict]]:
    """Boxes of the first ``n`` pictures (PASCAL VOC), by file name."""
    truth = {}
    for path in sorted((real("bccd") / "Annotations").glob("*.xml"))[:n]:
        boxes = []
        for thing in ElementTree.parse(path).getroot().iter("object"):
            left, top, right, bottom = (
                float(thing.findtext(f"bndbox/{side}")) for side in ("xmin", "ymin", "xmax", "ymax")
            )
            place = {"x": left, "y": top, "width": right - left, "height": bottom - top}
            boxes.append({"label": thing.findtext("name"), **place})
        truth[f"{path.stem}.jpg"] = boxes
    return truth


def test_boxes_around_blood_cells(tmp_path, real):
    truth = blood_cells(real, 40)
    root = copied([real("bccd") / "JPEGImages" / name for name in truth], tmp_path / "cells")
    s = opened(tmp_path, root, spin.Boxes(["RBC", "WBC", "Platelets"]))
    assert s.pool.ids == list(truth)
    cards, buffers = cards_of(s, 12)
    for card in cards:
        assert card["size"] == [640, 480], "the editor draws in pixels of the original"
        assert picture(card, buffers).size == (640, 480), "and sees every one of them"
        assert card["suggestion"] is None, "no model of ours learns boxes"
    labelled_and_found_again(s, truth, cards)


# -- keypoints --------------------------------------------------------------------------------------------


def mouse(real) -> tuple[list[str], dict[str, dict]]:
    """Names of the points, and the points of every picture by file name."""
    with (real("mirror_mouse") / "CollectedData.csv").open(newline="") as file:
        _, names, _, *rows = csv.reader(file)
    names = names[1::2]
    places = {Path(row[0]).name: zip(names, row[1::2], row[2::2], strict=True) for row in rows}
    return names, {
        file: {name: [float(x), float(y)] if x else None for name, x, y in points}
        for file, points in places.items()
    }


def pictures_of_mouse(real, truth, tmp_path: Path) -> Path:
    """Folder of the 90 pictures that are labelled; three are not."""
    return copied([real("mirror_mouse") / "labeled-data" / name for name in truth], tmp_path / "mouse")


def test_points_of_a_mouse(tmp_path, real):
    names, truth = mouse(real)
    s = opened(tmp_path, pictures_of_mouse(real, truth, tmp_path), spin.Keypoints(names))
    assert set(s.pool.ids) == set(truth)
    cards, buffers = cards_of(s, 12)
    for card in cards:
        assert card["size"] == list(MOUSE_SIZE)
        assert picture(card, buffers).size == MOUSE_SIZE
    labelled_and_found_again(s, truth, cards)


def people(real, n: int, folder: Path) -> dict[str, dict]:
    """Write the pictures of the first ``n`` people; their joints by file name."""
    frame = pl.read_parquet(real("lspet96") / "lspet96.parquet", n_rows=n)
    folder.mkdir()
    truth = {}
    for id, jpeg, joints in frame.select("id", "jpeg", "keypoints").iter_rows():
        (folder / f"{id}.jpg").write_bytes(jpeg)
        rows = np.reshape(joints, (14, 3))
        truth[f"{id}.jpg"] = {
            name: [float(x), float(y)] if visible > 0.5 else None
            for name, (x, y, visible) in zip(POSE, rows, strict=True)
        }
    return truth


def test_joints_of_people(tmp_path, real):
    truth = people(real, 60, tmp_path / "people")
    skeleton = [*pairwise(POSE[:6]), *pairwise(POSE[6:12]), ("neck", "head top")]
    s = opened(tmp_path, tmp_path / "people", spin.Keypoints(POSE, skeleton=skeleton))
    cards, buffers = cards_of(s, 12)
    for card in cards:
        assert card["size"] == list(POSE_SIZE)
        assert picture(card, buffers).size == POSE_SIZE
    labelled_and_found_again(s, truth, cards)


def error(said, truth) -> list[float]:
    """Distance in pixels of every point that can be seen."""
    return [np.hypot(*np.subtract(said[name], at)) for name, at in truth.items() if at is not None]


def test_suggested_points_of_a_mouse_beat_the_mean_pose(tmp_path, real):
    names, truth = mouse(real)
    s = opened(tmp_path, pictures_of_mouse(real, truth, tmp_path), spin.Keypoints(names))
    s.audit.share = 0
    s._live.pool_model.wait()
    first = [s.pool.ids[row] for row in np.random.default_rng(0).permutation(len(s.pool))[:40]]
    s.label({id: truth[id] for id in first})
    poses = np.array([[truth[id][name] or (np.nan, np.nan) for name in names] for id in first])
    mean = dict(zip(names, np.nanmean(poses, axis=0).tolist(), strict=True))
    found = []
    for id in sorted(set(truth) - set(first)):
        said, p = s._suggestions.of(s.pool.row(id))
        assert 0 < p < 1
        extent = s.pool.extent(s.pool.row(id))
        found.append(
            [
                [np.mean(error(pose, truth[id])), s.task.score(pose, truth[id], extent)]
                for pose in (said, mean)
            ]
        )
    (ours, right), (theirs, right_mean) = np.mean(found, axis=0)
    print(f"\nmirror_mouse, 40 labels, {len(found)} others: mean error {ours:.1f} px, PCK@0.05 {right:.3f};")
    print(f"mean pose {theirs:.1f} px, {right_mean:.3f}")
    assert ours < 0.7 * theirs
    assert right > 1.5 * right_mean


# -- texts ------------------------------------------------------------------------------------------------


def intents(real, every: int) -> pl.DataFrame:
    """Every so many'th question of customers, and what they want."""
    with (real("banking77") / "test.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[::every]
    return pl.DataFrame(
        {
            "id": [f"q{i}" for i in range(len(rows))],
            "text": [row["text"] for row in rows],
            "intent": [row["category"] for row in rows],
        }
    )


def test_seventy_seven_intents(tmp_path, real):
    frame = intents(real, 5)
    truth = dict(frame.select("id", "intent").iter_rows())
    texts = dict(frame.select("id", "text").iter_rows())
    names = sorted(set(truth.values()))
    assert len(names) == 77
    s = opened(tmp_path, frame.drop("intent"), spin.Classes(names))
    cards, _ = cards_of(s, 20)
    for card in cards:
        assert (card["mime"], card["data"]) == ("text/plain", texts[card["id"]])
    labelled_and_found_again(s, truth, cards)


def test_spans_in_questions_of_customers(tmp_path, real):
    frame = intents(real, 20)
    texts = dict(frame.select("id", "text").iter_rows())
    task = spin.Spans(["money", "card"])
    words = {
        "money": r"\b(?:money|cash|refund|payment|transfer)\w*",
        "card": r"\b(?:card|visa|mastercard)\w*",
    }
    truth = {
        id: sorted(
            (
                {"label": label, "start": hit.start(), "end": hit.end()}
                for label, pattern in words.items()
                for hit in re.finditer(pattern, text, re.I)
            ),
            key=lambda span: (span["start"], span["end"]),
        )
        for id, text in texts.items()
    }
    s = opened(tmp_path, frame.drop("intent"), task)
    cards, _ = cards_of(s, 20)
    for card in cards:
        assert card["data"] == texts[card["id"]], "offsets count in the very text that is shown"
        for span in truth[card["id"]]:
            assert re.fullmatch(words[span["label"]], card["data"][span["start"] : span["end"]], re.I)
    assert sum(len(truth[card["id"]]) for card in cards) > 5
    labelled_and_found_again(s, truth, cards)


# -- sounds -----------------------------------------------------------------------------------------------


def test_spoken_digits(tmp_path, real):
    files = sorted((real("fsdd") / "recordings").glob("*_[01].wav"))[::2]
    assert 20 <= len(files) <= 60
    root = copied(files, tmp_path / "digits")
    truth = {file.name: file.name[0] for file in files}
    s = opened(tmp_path, root, spin.Classes(list("0123456789")))
    cards, buffers = cards_of(s, 10)
    for card in cards:
        with wave.open(str(root / card["id"])) as original:
            seconds = original.getnframes() / original.getframerate()
        heard, seen = (buffers[at] for at in card["buffers"])
        with wave.open(io.BytesIO(heard)) as sound:
            assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 8000)
            assert sound.getnframes() / sound.getframerate() == pytest.approx(seconds)
        assert card["mime"] == "audio/wav"
        assert card["data"]["seconds"] == pytest.approx(seconds)
        assert (card["data"]["rate"], card["data"]["top"], card["data"]["cut"]) == (8000, 4000, False)
        assert Image.open(io.BytesIO(seen)).format == "PNG"
    labelled_and_found_again(s, truth, cards)


# -- series -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "channels"), [("GunPoint", 1), ("BasicMotions", 6)])
def test_time_series(tmp_path, real, name, channels):
    with np.load(real("ucr_subset") / f"{name}.npz") as kept:
        values, names = kept["x_train"], [str(word) for word in kept["y_train"]]
    series = spin.TimeSeries(values, step=0.1, unit="s")
    s = opened(tmp_path, series, spin.Classes(sorted(set(names))))
    truth = dict(zip(s.pool.ids, names, strict=True))
    cards, buffers = cards_of(s, 10)
    for card in cards:
        drawn = np.frombuffer(buffers[card["buffers"][0]], "<f4").reshape(channels, -1)
        assert np.array_equal(drawn, values[s.pool.row(card["id"])].astype(np.float32))
        facts = card["data"]
        assert (len(facts["channels"]), facts["points"]) == (channels, values.shape[2])
        assert (facts["step"], facts["start"], facts["unit"]) == (0.1, 0.0, "s")
    labelled_and_found_again(s, truth, cards)


# -- rows -------------------------------------------------------------------------------------------------


def machines(real, n: int) -> pl.DataFrame:
    """``n`` machines, evenly spaced, and all of those that failed."""
    frame = pl.read_csv(real("ai4i2020") / "ai4i2020.csv")
    failed = pl.any_horizontal([pl.col(mode) == 1 for mode in AI4I_MODES])
    picked = frame.filter((pl.col("UDI") % (len(frame) // n) == 0) | failed)
    return picked.with_columns(pl.col("UDI").cast(pl.String).alias("id")).drop("UDI", "Product ID")


def as_text(value) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def test_several_ways_to_fail_of_a_machine(tmp_path, real):
    frame = machines(real, 200)
    truth = {row["id"]: [mode for mode in AI4I_MODES if row[mode]] for row in frame.iter_rows(named=True)}
    seen = frame.drop("Machine failure", *AI4I_MODES)
    s = opened(tmp_path, seen, spin.MultiLabel(AI4I_MODES))
    cards, _ = cards_of(s, 20)
    for card in cards:
        row = seen.row(s.pool.row(card["id"]), named=True)
        assert card["mime"] == "application/json"
        assert card["data"] == {name: as_text(value) for name, value in row.items() if name != "id"}
    assert sum(bool(truth[card["id"]]) for card in cards) > 2
    labelled_and_found_again(s, truth, cards)


def test_suggested_temperatures_beat_the_mean(tmp_path, real):
    column = "Process temperature [K]"
    frame = machines(real, 500)
    truth = dict(frame.select("id", column).iter_rows())
    s = opened(tmp_path, frame.drop(column), spin.Number(300, 320, step=0.1, unit="K"))
    s.audit.share = 0
    cards, _ = cards_of(s, 60)
    answer(s, cards, truth)
    first = {card["id"] for card in cards}
    others = [id for id in truth if id not in first]
    mean = np.mean([truth[id] for id in first])
    said = [s._suggestions.of(s.pool.row(id)) for id in others]
    assert all(0 < p < 1 for _, p in said)
    ours, theirs = (
        np.mean([abs(value - truth[id]) for value, id in zip(values, others, strict=True)])
        for values in ([value for value, _ in said], [mean] * len(others))
    )
    print(
        f"\nai4i2020, 60 labels, {len(others)} others: {column} off by {ours:.2f}, the mean by {theirs:.2f}"
    )
    assert ours < 0.8 * theirs
    s.undo()
    s.redo()
    s.close()
    again = spin.open(s.folder, annotator="ada")
    again._live.pool_model.wait()
    assert again.values == {card["id"]: truth[card["id"]] for card in cards}
    assert again._suggestions.of(again.pool.row(others[0])) == said[0], "and it suggests what it did"


# -- videos -----------------------------------------------------------------------------------------------


def test_videos_of_a_street(tmp_path, real):
    pytest.importorskip("cv2", reason="videos need opencv-python-headless")
    sizes = {
        "car-detection.mp4": ([768, 432], 377),
        "dashcam_highway.mp4": ([1280, 720], 38),
        "one-by-one-person-detection.mp4": ([768, 432], 1394),
    }
    s = opened(tmp_path, real("street_videos"), spin.MultiLabel(["car", "person"]))
    assert s.pool.ids == sorted(sizes)
    cards, buffers = cards_of(s, 3)
    truth = {id: ["person" if "person" in id else "car"] for id in sizes}
    for card in cards:
        size, frames = sizes[card["id"]]
        facts = card["data"]
        assert (card["mime"], card["size"]) == ("video/x-frames", size)
        assert abs(facts["frames"] - frames) <= 1
        assert facts["seconds"] == pytest.approx(facts["frames"] / facts["rate"])
        assert len(facts["at"]) == len(card["buffers"]) == 24
        assert facts["at"] == sorted(facts["at"])
        for at in card["buffers"]:
            drawn = Image.open(io.BytesIO(buffers[at]))
            assert drawn.format == "JPEG"
            assert drawn.size[0] / drawn.size[1] == pytest.approx(size[0] / size[1], rel=0.02)
        frame, bytes_ = s._channel.frame(card["id"], facts["at"][5])
        assert Image.open(io.BytesIO(bytes_[frame["buffers"][0]])).size == tuple(size)
    labelled_and_found_again(s, truth, cards)
