"""``s.table``: one row an item, columns that say what labels, asks and models say; nothing hidden shows."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

import spin_nb as spin
from spin_nb.errors import QueryError

N = 60
CAMERAS = ["north", "south", "<script>alert(1)</script>"]
PREDICTION = ["predicted", "probability", "margin", "epistemic", "aleatoric"]
SAID = ["label", "annotator", "tags", "note"]
OWN = [*SAID, *PREDICTION]
REST = ["last_asked", "audit", "split", "broken"]


def frame(**more):
    """Two clusters, and columns about the items."""
    x = np.random.default_rng(0).normal(size=(N, 2)) + 8 * (np.arange(N) % 2)[:, None]
    camera = [CAMERAS[i % 3] for i in range(N)]
    return pl.DataFrame({"x": x[:, 0], "y": x[:, 1], "camera": camera, **more})


@pytest.fixture
def open_(tmp_path):
    """Open (again) a project of table rows."""
    opened = []

    def open_(pool=None, **options):
        first = {"classes": ["a", "b"]} if "task" not in options else {}
        new = {} if (tmp_path / "t.spin").exists() else {"pool": frame() if pool is None else pool, **first}
        opened.append(spin.open(tmp_path / "t.spin", **{"annotator": "ada", **new, **options}))
        opened[-1]._live.pool_model.wait()
        return opened[-1]

    yield open_
    for s in opened:
        s.close()


def truth(s, id):
    return "ab"[s.pool.row(id) % 2]


def label(s, ids):
    s.label({id: truth(s, id) for id in ids})


def row_of(s, id):
    return s.table.row(by_predicate=pl.col("item") == id, named=True)


def test_there_is_one_row_an_item_in_the_order_of_the_pool_with_the_columns_it_came_with(open_):
    s = open_()
    assert s.table["item"].to_list() == s.pool.ids
    assert s.table.columns == ["item", "x", "y", "camera", *OWN, *REST]
    assert s.table["camera"].to_list() == frame()["camera"].to_list()


def test_before_the_first_label_nothing_is_predicted_and_the_columns_are_there(open_):
    empty = open_().table
    assert empty.select("label", "annotator", "note", *PREDICTION).null_count().row(0) == (N,) * 8
    assert empty["tags"].to_list() == [[]] * N
    assert not empty["audit"].any()
    assert empty.schema["probability"] == pl.Float32


def test_labels_say_what_who_and_what_for(open_):
    s = open_()
    one, other = s.pool.ids[:2]
    label(s, [one, other])
    assert (row_of(s, one)["label"], row_of(s, one)["annotator"], row_of(s, one)["split"]) == (
        "a",
        "ada",
        "train",
    )
    s.undo()
    assert (row_of(s, one)["label"], row_of(s, one)["split"]) == (None, None)
    s.redo()
    s.flag(other)
    assert (row_of(s, other)["label"], row_of(s, other)["split"]) == ("b", None), "a bad item trains nothing"
    s.skip(one)
    assert row_of(s, one)["label"] is None, "put aside after a label: the label is taken back"


def test_predictions_are_those_of_the_model_row_by_row(open_):
    s = open_()
    label(s, s.pool.ids[:6])
    table, said = s.table, s.model.predictive
    two = np.sort(said.mean, axis=1)[:, ::-1]
    assert table["predicted"].to_list() == [s.classes[c] for c in said.mean.argmax(axis=1)]
    np.testing.assert_array_equal(table["probability"], two[:, 0])
    np.testing.assert_allclose(table["margin"], two[:, 0] - two[:, 1], atol=1e-6)
    np.testing.assert_array_equal(table["epistemic"], said.epistemic)
    np.testing.assert_array_equal(table["aleatoric"], said.aleatoric)


def test_a_prediction_has_the_same_columns_of_the_same_values(open_):
    s = open_()
    label(s, s.pool.ids[:6])
    ids = [s.pool.ids[at] for at in (5, 2, 50)]
    table = s.predict(ids).table
    assert table.columns == ["item", *PREDICTION]
    assert table["item"].to_list() == ids
    same = pl.DataFrame({"item": ids}).join(s.table, on="item", maintain_order="left").select(table.columns)
    assert table.equals(same)
    rows = frame().head(3).to_dicts()
    new = s.predict([{name: row[name] for name in ("x", "y", "camera")} for row in rows]).table
    assert new["item"].to_list() == [None] * 3, "new items have no id"
    assert set(new["predicted"]) <= {"a", "b"}


def test_tags_and_notes_come_and_go_and_are_filtered_by(open_):
    s = open_()
    north = s.where(pl.col("camera") == "north")
    hostile = "<b>night</b> 🌙"
    s.tag(north, hostile, "cold")
    s.note(s.pool.ids[1], "two\n<i>lines</i>")
    assert s.table["tags"].to_list()[:3] == [[hostile, "cold"], [], []]
    assert s.table["note"].to_list()[:3] == [None, "two\n<i>lines</i>", None]
    cold = s.where(pl.col("tags").list.contains("cold"))
    assert cold.ids == north.ids
    s.untag(north.ids[0], "cold")
    assert cold.ids == north.ids[1:]
    s.undo()
    assert cold.ids == north.ids
    s.note(s.pool.ids[1], "")
    assert len(s.where(pl.col("note").is_not_null())) == 0


def test_when_an_item_was_asked_last(open_):
    s = open_()
    before = datetime.now(UTC)
    id = s.ask(1).ids[0]
    assert before <= row_of(s, id)["last_asked"] <= datetime.now(UTC)
    assert s.table["last_asked"].drop_nulls().len() == 1
    apart = s.table["last_asked"].drop_nulls()[0] - s.asks["time"][0]
    assert abs(apart.total_seconds()) < 1
    s.close()
    assert open_().table["last_asked"].drop_nulls().len() == 1, "it is there after reopening"


def test_what_audits_shows_with_its_label_and_not_before(open_):
    s = open_()
    s.audit.share = 0.5
    asked = s.ask(20).ids
    audits = set(s.asks.filter("audit")["item"])
    assert len(audits) == 10
    unlabelled = s.table
    assert not unlabelled["audit"].any()
    assert unlabelled["split"].null_count() == N
    hidden, answered = sorted(audits)[0], sorted(audits)[1:]
    put_aside = answered[0]
    s.skip(put_aside)
    label(s, [id for id in asked if id not in (hidden, put_aside)])
    table = s.table
    assert set(table.filter("audit")["item"]) == set(answered[1:])
    assert set(table.filter(pl.col("split") == "audit")["item"]) == set(answered[1:])
    assert table.filter(pl.col("split") == "train").height == 10
    for column in table.drop("item", "x", "y", "camera", "tags", *PREDICTION):
        seen = {row[0] for row in table.filter(pl.col("item").is_in([hidden])).select(column.name).rows()}
        assert not seen & {True, "audit"}, "what is being asked looks like any other item"
    s.audit.release()
    assert not s.table["audit"].any()
    assert s.table.filter(pl.col("split") == "train").height == 18


def test_labels_of_another_session_are_there(open_):
    one, other = open_(), open_(annotator="bob")
    label(other, other.pool.ids[:1])
    assert row_of(one, one.pool.ids[0])["annotator"] == "bob"


def test_a_column_of_the_pool_called_like_one_of_the_tables_is_meta(open_):
    pool = frame(label=["z"] * N, item=["i"] * N, tags=[1] * N).with_columns(
        pl.lit("p").alias("meta.label"), pl.lit(7).alias("</td><b>")
    )
    s = open_(pool)
    assert s.table.columns[1:9] == [
        *("x", "y", "camera", "meta.meta.label", "meta.item", "meta.tags", "meta.label", "</td><b>"),
    ]
    assert set(s.table["meta.meta.label"]) == {"z"}
    assert set(s.table["meta.label"]) == {"p"}
    assert s.table["label"].null_count() == N
    assert len(s.where(pl.col("</td><b>") == 7)) == N


def test_arrivals_have_rows_with_what_came_with_them(open_):
    s = open_()
    label(s, s.pool.ids[:6])
    s.watch([{"x": 0.0, "y": 1.0, "camera": "new"}, {"x": 9.0, "y": 9.0}], wait=True)
    assert s.table.height == N + 2
    assert s.table["camera"].to_list()[-2:] == ["new", None]
    assert s.table["predicted"].null_count() == 0


def test_a_number_has_its_prediction_and_its_standard_deviation_in_its_unit(open_):
    s = open_(task=spin.Number(0, 100, unit="mm"))
    s.label({id: float(90 if s.pool.row(id) % 2 else 10) for id in s.pool.ids[:20]})
    table = s.table
    assert table.columns == ["item", "x", "y", "camera", *SAID, "predicted", "sd", *REST]
    assert table["label"].to_list()[:2] == [10.0, 90.0]
    rest = table.tail(N - 20)
    even = pl.int_range(pl.len()) % 2 == 0
    assert rest.filter(even)["predicted"].max() < 40 < 60 < rest.filter(~even)["predicted"].min()
    assert (table["sd"] > 0).all()
    assert (table["sd"] < 50).all()
    assert len(s.where(pl.col("label") > 50)) == 10


@pytest.mark.parametrize(
    ("task", "value", "words", "columns"),
    [
        (spin.MultiLabel(["a", "b"]), ["b"], "b", ["sd"]),
        (spin.Pairs(), "first", "first", PREDICTION),
        (spin.FreeText(), "two  words", "“two words”", []),
    ],
    ids=["several classes", "pairs", "text"],
)
def test_other_labels_are_text_as_the_task_describes_them(open_, task, value, words, columns):
    pool = [f"text {i} of {'wind' if i % 2 else 'sea'}" for i in range(N)]
    s = open_(pool, task=task)
    s.label(dict.fromkeys(s.pool.ids[:8], value))
    assert s.table.columns == ["item", *SAID, *columns, *REST]
    assert s.table["label"].to_list()[:9] == [words] * 8 + [None]
    if columns == ["sd"]:
        assert s.table["sd"].null_count() == 0


def test_a_file_that_is_gone_says_so(tmp_path):
    from PIL import Image

    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(12):
        Image.fromarray(np.full((8, 8), 20 * i, np.uint8)).save(folder / f"{i:02d}.png")
    spin.open(tmp_path / "p.spin", pool=folder, classes=["a", "b"], annotator="ada").close()
    (folder / "03.png").unlink()
    with spin.open(tmp_path / "p.spin", annotator="ada") as s:
        gone = s.table.filter(pl.col("broken").is_not_null())
        assert gone["item"].to_list() == ["03.png"]
        assert "file is gone" in gone["broken"][0]
        assert s.items.filter(pl.col("item") == "03.png")["broken"].to_list() == gone["broken"].to_list()


def test_a_closed_project_still_shows_what_it_knew(open_):
    s = open_()
    label(s, s.pool.ids[:6])
    before = s.table
    s.close()
    assert s.table.equals(before)


def test_a_column_is_computed_when_something_names_it(open_, monkeypatch):
    s = open_()
    label(s, s.pool.ids[:6])
    computed = []
    from spin_nb.session.table import prediction_source

    make = prediction_source.class_column
    monkeypatch.setattr(
        prediction_source, "class_column", lambda name, *a: (computed.append(name), make(name, *a))[1]
    )
    s.where(pl.col("camera") == "north", pl.col("label").is_null())
    assert computed == []
    near = s.where(pl.col("margin") < 0.5)
    assert near.ids == s.where(pl.col("margin") < 0.5).ids
    assert computed == ["margin"], "once, until labels or the model change"
    label(s, s.pool.ids[6:8])
    _ = near.ids
    assert computed == ["margin", "margin"]


def test_an_unknown_name_is_refused(open_):
    with pytest.raises(QueryError, match="did you mean 'camera'"):
        open_()._table.frame(["camer"])
