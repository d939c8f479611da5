"""Several things at once, and a label that is drawn on one of them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import spin_nb as spin
from spin_nb.errors import LabelError

N = 8
WIDTH, HEIGHT = 2000, 1000
WORDS = [f"Plate {i}: a crack near the edge. " * 900 for i in range(N)]  # 29,000 characters and more
ROWS = {"torque": np.arange(N, dtype=np.float32)}
BOX = [{"label": "crack", "x": 1900.0, "y": 10.0, "width": 90.0, "height": 50.0}]


@pytest.fixture
def plates(tmp_path):
    folder = tmp_path / "plates"
    folder.mkdir()
    for i in range(N):
        Image.fromarray(np.full((HEIGHT, WIDTH), 20 * i, np.uint8)).save(folder / f"{i}.png")
    return folder


def opened(tmp_path, plates, task):
    import polars as pl

    pool = spin.Multimodal(words=WORDS, photo=plates, row=pl.DataFrame(ROWS))
    return spin.open(tmp_path / "p.spin", pool=pool, task=task, annotator="ada")


def test_boxes_are_drawn_on_the_picture_beside_its_words_and_row(tmp_path, plates):
    s = opened(tmp_path, plates, spin.Boxes(["crack"]))
    (card,), buffers = s._channel.queue_cards(1)
    photo = next(part for part in card["parts"] if part["name"] == "photo")
    assert photo["size"] == [WIDTH, HEIGHT]
    assert max(Image.open(io.BytesIO(buffers[photo["buffers"][0]])).size) == 1600
    s.label(card["id"], BOX)
    assert s.values == {card["id"]: BOX}
    with pytest.raises(LabelError, match="ends at 2000"):
        s.label(card["id"], [{**BOX[0], "x": 1990.0}])


def test_spans_are_marked_in_the_whole_text_beside_the_picture(tmp_path, plates):
    s = opened(tmp_path, plates, spin.Spans(["part"]))
    card = s._channel.queue_cards(1)[0][0]
    shown = next(part for part in card["parts"] if part["name"] == "words")["data"]
    assert shown == WORDS[s.pool.row(card["id"])]
    last = [{"label": "part", "start": len(shown) - 6, "end": len(shown) - 1}]
    s.label(card["id"], last)
    assert s.values == {card["id"]: last}


def test_a_task_that_no_part_fits_is_refused_with_what_there_is(tmp_path):
    pool = spin.Multimodal(words=WORDS, more=WORDS)
    with pytest.raises(LabelError, match="'several' of 'text', 'text'"):
        spin.open(tmp_path / "p.spin", pool=pool, task=spin.Polygons(["leaf"]))
