"""``s.where``: a part of the pool that follows what is known, narrows, judges itself, and may be asked of."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import spin_nb as spin
from spin_nb.errors import QueryError
from spin_nb.session.table.slice import Slice

N = 300
CAMERA = np.arange(N) % 3  # of "b" and "c" every second item is hard to tell


@pytest.fixture
def open_(tmp_path):
    """Open (again) a project of table rows; every second ask audits."""
    opened = []

    def open_(name="t.spin", **options):
        x = np.random.default_rng(0).normal(size=N) + 8 * (np.arange(N) % 2)
        pool = pl.DataFrame({"x": x, "y": x[::-1], "camera": np.array(["a", "b", "<b>c"])[CAMERA]})
        first = {} if (tmp_path / name).exists() else {"pool": pool, "classes": ["a", "b"]}
        opened.append(spin.open(tmp_path / name, **{"annotator": "ada", **first, **options}))
        opened[-1]._live.pool_model.wait()
        return opened[-1]

    yield open_
    for s in opened:
        s.close()


def label(s, ids):
    s.label({id: "ab"[s.pool.row(id) % 2] for id in ids})


def test_a_slice_has_the_ids_and_rows_that_pass_in_the_order_of_the_pool(open_):
    s = open_()
    part = s.where(pl.col("camera") == "b")
    assert part.ids == [id for id, camera in zip(s.pool.ids, CAMERA, strict=True) if camera == 1]
    assert (len(part), list(part)) == (100, part.ids)
    assert part.table.equals(s.table.filter(pl.col("camera") == "b"))
    assert len(s.where()) == N


def test_a_slice_follows_labels(open_):
    s = open_()
    unlabelled = s.where(pl.col("label").is_null())
    label(s, s.pool.ids[:6])
    assert unlabelled.ids == s.pool.ids[6:]
    s.undo()
    assert len(unlabelled) == N
    doubtful = s.where(pl.col("margin") < 0.2)
    assert doubtful.ids == []
    label(s, s.pool.ids[:2])
    assert doubtful.ids == [
        id for id, (p, _) in zip(s.pool.ids, s.model.predictive.mean, strict=True) if abs(2 * p - 1) < 0.2
    ]


def test_a_slice_is_narrowed_and_written_as_data(open_):
    s = open_()
    narrow = s.where(pl.col("camera") == "b").where(pl.col("x") > 4, pl.col("label").is_null())
    assert narrow == s.where(pl.col("camera") == "b", pl.col("x") > 4, pl.col("label").is_null())
    assert len(narrow.filters) == 3
    assert all(isinstance(text, str) for text in narrow.filters)
    again = open_("other.spin").where(*narrow.filters)
    assert (again, again.ids) == (narrow, narrow.ids)
    assert s.where(s.where(pl.col("camera") == "b"), pl.col("x") > 4).ids == again.where().ids
    with pytest.raises(AttributeError):
        narrow.filters = ()


def test_a_slice_says_what_it_is(open_):
    s = open_()
    part = s.where(pl.col("camera") == "<b>c")
    assert repr(part).splitlines()[:2] == [
        "Slice of 100 of 300 items (33.3%)",
        '  where [(col("camera")) == ("<b>c")]',
    ]
    assert "<b>" not in part._repr_html_().replace("<strong>", "").replace("</strong>", "")
    assert "\n" not in repr(s.where(pl.col("camera") != "x\ny")).splitlines()[1]
    assert repr(s.where()).startswith("Slice of 300 of 300 items (100.0%)\n  audited accuracy")


def test_a_filter_that_nothing_passes_says_so_and_cannot_be_asked_of(open_):
    s = open_()
    none = s.where(pl.col("x") > 1e9)
    assert (len(none), none.ids, none.table.height) == (0, [], 0)
    assert repr(none).startswith("Slice without items: none of 300 passes\n  where")
    with pytest.raises(QueryError, match="no item passes") as refusal:
        s.ask(3, where=none)
    assert "Widen the filter" in refusal.value.do
    assert s.asks.height == 0


def test_what_cannot_be_filtered_by_is_refused_when_it_is_said(open_):
    s = open_()
    part = s.where(pl.col("camera") == "b")
    for where in (s.where, part.where, lambda condition: s.ask(1, where=condition)):
        with pytest.raises(QueryError, match="did you mean 'camera'"):
            where(pl.col("camra") == "b")
        with pytest.raises(QueryError, match="not true or false"):
            where(pl.col("x"))
        with pytest.raises(QueryError, match="no filter"):
            where(["a"])


def test_the_accuracy_of_a_slice_is_that_of_its_audits(open_):
    s = open_()
    s.audit.share = 0.5
    for _ in range(4):
        label(s, s.ask(40).ids)
    audits = s.table.filter("audit")
    assert audits.height == 80
    for camera in ("a", "b", "<b>c"):
        part = s.where(pl.col("camera") == camera)
        rows = audits.filter(pl.col("camera") == camera)
        assert part.accuracy.n == rows.height
        assert part.accuracy.value == pytest.approx((rows["label"] == rows["predicted"]).mean())
        assert part.accuracy.low <= part.accuracy.value <= part.accuracy.high
    whole = s.where().accuracy
    assert (whole.n, whole.value, whole.low, whole.high) == (80, *_numbers(s.accuracy))


def _numbers(estimate):
    return estimate.value, estimate.low, estimate.high


def test_an_accuracy_says_where_it_goes_by_labels_and_where_items_are_too_few(open_):
    s = open_()
    s.audit.share = 0.5
    label(s, s.ask(60).ids)
    by_label = s.where(pl.col("label") == "a")
    audits = s.table.filter("audit", pl.col("label") == "a")
    assert by_label.accuracy.n == audits.height > 0
    assert "of items that their label puts here" in repr(by_label)
    few = s.where(pl.col("item").is_in(s.pool.ids[:19]))
    assert (few.accuracy.n, few.accuracy.value, few.accuracy.low, few.accuracy.high) == (0, None, 0.0, 1.0)
    assert "fewer than 20 items" in few.accuracy.method


def test_of_an_audit_put_aside_only_its_slice_says_so(open_):
    s = open_()
    s.audit.share = 0.5
    asked = s.ask(60).ids
    audits = s.asks.filter("audit")["item"].to_list()
    put_aside = audits[0]
    s.skip(put_aside)
    label(s, [id for id in asked if id != put_aside])
    camera = s.table.row(by_predicate=pl.col("item") == put_aside, named=True)["camera"]
    assert s.where(pl.col("camera") == camera).accuracy.unanswered == 1
    assert s.where(pl.col("camera") != camera).accuracy.unanswered == 0
    assert put_aside not in s.where(pl.col("audit")).ids


def test_slices_without_classes_are_judged_by_their_suggestions(tmp_path):
    x = np.linspace(0, 1, N, dtype=np.float32)
    pool = pl.DataFrame({"x": x, "side": ["left" if v < 0.5 else "right" for v in x]})
    with spin.open(tmp_path / "n.spin", pool=pool, task=spin.Number(0, 1), annotator="ada") as s:
        s.audit.share = 0.5
        s._live.pool_model.wait()
        for id in s.ask(100).ids:
            s.label(id, float(x[s.pool.row(id)]))
        left, right = (s.where(pl.col("side") == side).accuracy for side in ("left", "right"))
        assert left.n + right.n == s.accuracy.n == 50
        mean = (left.n * left.value + right.n * right.value) / 50
        assert mean == pytest.approx(s.accuracy.value)


def test_slices_of_one_filter_are_one_key(open_):
    s = open_()
    one, other = s.where(pl.col("x") > 0), s.where(pl.col("x") > 0)
    assert len({one, other}) == 1
    assert isinstance(one, Slice)
    assert one != s.where(pl.col("x") > 1)
