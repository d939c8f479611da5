"""The grid's Python half: what it shows, in which order, what it answers, and what bulk labels do to a project."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

import spin_nb as spin
from spin_nb.errors import LabelError, ReadOnlyError, SettingError, SpinError, UnknownWordError
from spin_nb.types import Broken
from spin_nb.views.grid.order import column_keys
from spin_nb.views.grid.view import Grid
from tests.views.grid.conftest import GridSession

HOSTILE = "<script>alert(1)</script>\u202e${x}"


def ask(grid: Grid, verb: str, **fields):
    """What a page hears of a question."""
    sent = []
    grid.send = lambda content, buffers=None: sent.append((content, buffers or []))
    grid._receive(grid, {"call": 1, "verb": verb, **fields}, [])
    answers = [message for message in sent if message[0].get("reply") == 1]
    assert len(answers) == 1
    json.dumps(answers[0][0])
    return answers[0]


def shown_ids(grid: Grid) -> list[str]:
    answer, (rows,) = ask(grid, "order")
    ids = grid._session.pool.ids
    assert answer["n"] == len(rows) // 4
    return [ids[row] for row in np.frombuffer(rows, "<u4")]


def decide(grid: Grid, *ranges, kind="label", value="crack"):
    return ask(
        grid, "decide", version=grid.version, ranges=[list(r) for r in ranges], kind=kind, value=value
    )[0]


# -- what is shown --------------------------------------------------------------------------------------------


def test_it_shows_the_pool_then_what_is_selected_then_what_it_is_told_to_show(session):
    grid = Grid(session)
    assert shown_ids(grid) == session.pool.ids
    assert (grid.title, grid.is_whole_pool) == ("The whole pool: 60 items", True)
    session.selected = ["img_7", "img_3"]
    assert shown_ids(grid) == ["img_7", "img_3"]
    assert (grid.title, grid.is_whole_pool) == ("2 of 60 items, selected", False)
    assert grid.show(["img_1", "img_1", "img_2"]) is grid
    assert shown_ids(grid) == ["img_1", "img_2"]
    grid.show(SimpleNamespace(ids=["img_9"]))
    assert grid.title == "1 of 60 items, chosen in a cell"
    grid.show()
    assert len(shown_ids(grid)) == 60
    session.selected = []
    assert len(shown_ids(grid)) == 60


def test_a_filter_that_finds_nothing_shows_nothing(session):
    grid = Grid(session).show(SimpleNamespace(ids=[]))
    assert shown_ids(grid) == []
    assert grid.title == "0 of 60 items, chosen in a cell"
    assert decide(grid, [0, 60])["notice"] == "Nothing is marked."


@pytest.mark.parametrize("items", ["img_1", 3, SimpleNamespace(ids="img_1")])
def test_what_is_no_list_of_ids_is_refused_and_what_was_shown_stays(session, items):
    grid = Grid(session).show(["img_1"])
    with pytest.raises(SettingError, match="no list of item ids"):
        grid.show(items)
    assert shown_ids(grid) == ["img_1"]


def test_arrivals_join_the_whole_pool(session):
    grid = Grid(session)
    session.pool.ids.append("late")
    session.events.watched.emit(1)
    assert shown_ids(grid)[-1] == "late"


# -- more like one ----------------------------------------------------------------------------------------------


def test_more_like_this_shows_what_is_similar_and_goes_back_step_by_step(session):
    session.train()
    session.selected = ["img_9", "img_8"]
    grid = Grid(session).sort("epistemic")
    before = shown_ids(grid)
    assert ask(grid, "similar", version=grid.version, at=before.index("img_9"))[0].get("problem") is None
    assert (grid.title, grid.behind) == ("48 of 60 items, similar to img_9", "selected")
    assert shown_ids(grid) == session.pool.ids[10:58], "nearest first, whatever it was sorted by before"
    grid.similar("img_50")
    assert grid.behind == "similar to img_9"
    decide(grid, [0, 2])
    assert session.source == {"by": "grid", "of": "similar to img_50", "n": 9}
    ask(grid, "back")
    assert shown_ids(grid) == session.pool.ids[10:58]
    ask(grid, "back")
    assert (shown_ids(grid), grid.sorted_by, grid.behind) == (before, "epistemic", "")
    assert "nothing to go back" in ask(grid, "back")[0]["notice"]


def test_another_selection_leaves_nothing_to_go_back_to(session):
    grid = Grid(session).similar("img_1")
    assert grid.behind == "the whole pool"
    session.selected = ["img_3"]
    assert (shown_ids(grid), grid.behind) == (["img_3"], "")


def test_a_gesture_says_what_picked_the_items_of_the_order_it_was_made_in(session):
    grid = Grid(session)
    version = grid.version
    grid.similar("img_1")
    ask(grid, "decide", version=version, ranges=[[0, 2]], kind="flag", value=None)
    assert session.source == {"by": "grid", "of": "the whole pool", "n": 60}


def test_more_like_an_item_in_a_project(opened):
    with opened() as s:
        id = s.pool.ids[3]
        assert shown_ids(s.grid.similar(id)) == list(s.similar(id, 48).ids)
        with pytest.raises(LabelError):
            s.grid.similar("nowhere")
        with pytest.raises(LabelError, match="no text"):
            s.grid.similar(3)


# -- sorting --------------------------------------------------------------------------------------------------


def test_it_sorts_by_what_the_model_says_labels_times_and_columns(session):
    session.train()
    grid, ids, mean = Grid(session), session.pool.ids, session.predictive.mean
    margin = np.sort(mean, 1)[:, -1] - np.sort(mean, 1)[:, -2]
    for word, values, descending in (
        ("epistemic", session.predictive.epistemic, True),
        ("aleatoric", session.predictive.aleatoric, True),
        ("margin", margin, False),
        ("class:dent", mean[:, 2], True),
        ("column:width", session.pool.columns["width"].to_numpy(), False),
    ):
        grid.sort(word)
        expected = np.argsort(-values if descending else values, kind="stable")
        assert (grid.sorted_by, grid.descending) == (word, descending)
        assert shown_ids(grid) == [ids[row] for row in expected], word
    session.label("img_5", "dent")
    session.label("img_4", "ok")
    assert shown_ids(grid.sort("label"))[:3] == ["img_4", "img_5", "img_0"]
    assert shown_ids(grid.sort("time"))[:3] == ["img_4", "img_5", "img_0"]
    assert shown_ids(grid.sort("time", descending=False))[:3] == ["img_5", "img_4", "img_0"]
    assert shown_ids(grid.sort("pool", descending=True))[0] == "img_59"
    assert shown_ids(grid.show(["img_2", "img_9"]).sort("column:line"))[0] == "img_9"


def test_before_the_first_label_it_stays_in_pool_order(session):
    assert shown_ids(Grid(session).sort("epistemic")) == session.pool.ids


def test_what_is_being_asked_comes_last_where_its_place_would_tell_what_the_model_thinks(session):
    session.train()
    session.asked = {"img_0", "img_31"}
    for descending in (True, False):
        assert shown_ids(Grid(session).sort("class:ok", descending=descending))[-2:] == ["img_0", "img_31"]
    assert shown_ids(Grid(session).sort("column:width"))[-2:] != ["img_0", "img_31"]


@pytest.mark.parametrize("word", ["depth", "class:rust", "column:", 3, None, "epistemic "])
def test_a_word_that_sorts_nothing_is_refused(session, word):
    grid = Grid(session)
    with pytest.raises(UnknownWordError, match="is not sorted by"):
        grid.sort(word)
    assert grid.sorted_by == "pool"


def test_a_page_sorts_too_and_hears_of_what_cannot_be(session):
    grid = Grid(session)
    session.train()
    assert ask(grid, "sort", by="epistemic", descending=None)[0]["descending"] is True
    assert "is not sorted by" in ask(grid, "sort", by="x")[0]["problem"]["what"]
    assert "neither True nor False" in ask(grid, "sort", by="label", descending="no")[0]["problem"]["what"]


@pytest.mark.parametrize(
    ("values", "keys"),
    [
        ([True, None, False], [1, np.nan, 0]),
        (["b", None, "a"], [1, np.nan, 0]),
        ([[2], [1]], [1, 0]),
        ([3, None, 1], [3, np.nan, 1]),
    ],
)
def test_columns_of_any_kind_have_an_order(values, keys):
    np.testing.assert_array_equal(column_keys(pl.Series(values)), keys)


def test_times_sort_as_times():
    from datetime import date

    keys = column_keys(pl.Series([date(2026, 1, 2), None, date(2025, 1, 1)]))
    assert keys[0] > keys[2]
    assert np.isnan(keys[1])


# -- what a page asks for --------------------------------------------------------------------------------------


def test_cards_come_by_range_with_their_pictures_in_one_message(session):
    session.train()
    session.asked = {"img_1"}
    session.label("img_0", "dent")
    grid = Grid(session)
    answer, buffers = ask(grid, "cards", version=grid.version, **{"from": 0, "to": 3}, side=136)
    assert [card["id"] for card in answer["cards"]] == ["img_0", "img_1", "img_2"]
    assert [card["buffers"] for card in answer["cards"]] == [[0], [1], [2]]
    assert len(buffers) == 3
    labelled, asked, free = answer["cards"]
    assert (labelled["label"], labelled["class"], labelled["kind"]) == ("dent", 2, "label")
    assert "guess" not in asked, "an opinion would lead the person"
    assert free["guess"] == [
        int(session.predictive.mean[2].argmax()),
        pytest.approx(session.predictive.mean[2].max()),
    ]
    facts = ask(grid, "facts", version=grid.version, **{"from": 58, "to": 99})[0]["facts"]
    assert [fact["id"] for fact in facts] == ["img_58", "img_59"]


def test_tiles_never_wait_for_a_model_that_is_being_prepared(opened, monkeypatch):
    with opened() as s:
        s.label(s.pool.ids[0], "ok")
        grid = s.grid
        monkeypatch.setattr(type(s._live.pool_model), "ready", False)
        monkeypatch.setattr(
            type(s._live), "predictive", property(lambda live: pytest.fail("it was waited for"))
        )
        cards = ask(grid, "cards", version=grid.version, **{"from": 0, "to": 5}, side=80)[0]["cards"]
        assert [card.get("guess") for card in cards] == [None] * 5


def test_no_answer_is_endless(session):
    session = GridSession(1000)
    grid = Grid(session)
    assert (
        len(ask(grid, "cards", version=grid.version, **{"from": 0, "to": 1000}, side=80)[0]["cards"]) == 200
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"from": -1, "to": 3, "side": 80},
        {"from": "0", "to": 3, "side": 80},
        {"from": 0, "to": 3, "side": None},
        {"from": 0, "side": 80},
        {"from": 0, "to": 3, "side": 80, "version": 99},
        {"from": 0, "to": 3, "side": 80, "version": "1"},
    ],
)
def test_questions_that_make_no_sense_are_answered_in_words(session, fields):
    grid = Grid(session)
    assert "problem" in ask(grid, "cards", **{"version": grid.version, **fields})[0]


@pytest.mark.parametrize("ranges", [3, [3], [[1]], [[1, "2"]], [[-1, 4]], [[0, 1, 2]], None])
def test_ranges_that_are_none_store_nothing(session, ranges):
    grid = Grid(session)
    answer = ask(grid, "decide", version=grid.version, ranges=ranges, kind="label", value="ok")[0]
    assert "problem" in answer
    assert session.gestures == []


def test_an_item_looked_at_has_its_prediction_unless_it_is_being_asked(session):
    session.train()
    session.asked = {"img_1"}
    grid = Grid(session)
    card, buffers = ask(grid, "look", version=grid.version, at=0)
    assert card["card"]["bars"][0]["p"] == pytest.approx(session.predictive.mean[0].max())
    assert len(buffers) == 1
    hidden = ask(grid, "look", version=grid.version, at=1)[0]["card"]
    assert "bars" not in hidden
    assert "no item 60" in ask(grid, "look", version=grid.version, at=60)[0]["problem"]["what"]


def test_ranges_mean_the_order_a_page_speaks_of_and_old_orders_are_refused(session):
    grid = Grid(session)
    version = grid.version
    grid.sort("pool", descending=True)
    ask(grid, "decide", version=version, ranges=[[0, 2]], kind="flag")
    assert set(session.gestures[0]) == {"img_0", "img_1"}
    for _ in range(5):
        grid.sort("pool")
    answer = ask(grid, "decide", version=version, ranges=[[0, 2]], kind="flag")[0]
    assert answer["problem"]["what"] == "the grid has changed since."
    assert len(session.gestures) == 1


def test_marks_put_on_the_map_do_not_change_what_the_grid_shows(session):
    grid = Grid(session)
    answer = ask(grid, "select", version=grid.version, ranges=[[3, 5], [9, 10]])[0]
    assert answer["notice"] == "3 items selected on the map."
    assert session.selected == ["img_3", "img_4", "img_9"]
    assert grid.is_whole_pool
    session.selected = ["img_1"]
    assert shown_ids(grid) == ["img_1"]


def test_where_labels_are_no_classes_items_can_be_skipped_and_flagged_only(session):
    session.learns_classes, session.task = False, spin.Boxes(["car"])
    grid = Grid(session)
    assert grid.spec == {"names": [], "colours": [], "kind": "boxes"}
    assert "take one class" in decide(grid, [0, 3])["problem"]["what"]
    assert decide(grid, [0, 3], kind="skip")["notice"] == "Skipped 3 items."


# -- a project --------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(tmp_path):
    """Open the same project, again after it was closed."""

    def of(**how):
        x = np.random.default_rng(0).normal(size=(400, 4)).astype(np.float32)
        return spin.open(tmp_path / "p.spin", pool=x, classes=["ok", "crack", HOSTILE], **how)

    return of


def test_one_gesture_labels_many_and_one_undo_takes_it_back_also_after_a_restart(opened):
    with opened() as s:
        s.selected = s.pool.ids[:300]
        assert decide(s.grid, [0, 100], [103, 300])["notice"] == "Labelled 297 items as crack."
        assert len(s.values) == 297
        assert set(s.labels["item"]) == set(s.pool.ids[:300]) - set(s.pool.ids[100:103])
    with opened() as s:
        assert ask(s.grid, "revert", kind="undo")[0]["notice"] == "Took back 297 items."
        assert s.values == {}
    with opened() as s:
        assert ask(s.grid, "revert", kind="redo")[0]["n"] == 297
        assert len(s.values) == 297
        assert "nothing to redo" in ask(s.grid, "revert", kind="redo")[0]["problem"]["what"]
        assert "neither" in ask(s.grid, "revert", kind="x")[0]["problem"]["what"]


def test_tags_are_one_gesture_suggested_shown_and_undone(opened):
    with opened() as s:

        def tag(kind, *ranges, tag="<b>night</b>"):
            return ask(s.grid, "tag", version=s.grid.version, ranges=list(ranges), kind=kind, tag=tag)[0]

        assert "Tagged 3 items" in tag("tag", [0, 3])["notice"]
        assert tag("tag", [0, 4])["n"] == 1
        assert len(s.grid.tag_names) == 1
        facts = ask(s.grid, "facts", version=s.grid.version, **{"from": 0, "to": 5})[0]["facts"]
        assert [len(fact["tags"]) for fact in facts] == [1, 1, 1, 1, 0]
        assert tag("untag", [1, 4])["n"] == 3
        ask(s.grid, "revert", kind="undo")
        assert s.tags["items"].to_list() == [4]
        assert s.history["source"].drop_nulls().len()
        assert "is no tag" in tag("tag", [0, 1], tag=" ")["problem"]["what"]
        assert "neither 'tag' nor" in tag("label", [0, 1])["problem"]["what"]
        assert s.values == {}


def test_what_is_asked_and_what_audits_is_left_out_and_said(opened):
    with opened() as s:
        s.audit.share = 0.5
        asked = s.ask(8).ids
        for id in asked[:4]:
            s.label(id, "ok")
        audits = set(s.labels.filter(pl.col("audit"))["item"])
        assert audits, "half of what is asked audits"
        n_open = 4
        answer = decide(s.grid, [0, 400])
        n = 400 - len(audits) - n_open
        assert answer["n"] == n
        assert f"Left out: {n_open} being asked, which are answered one by one" in answer["notice"]
        assert f"{len(audits)} audited, whose answers judge the model." in answer["notice"]
        assert all(s.values[id] == "ok" for id in audits)
        assert not set(asked[4:]) & set(s.values)


def test_one_item_that_is_asked_is_answered_as_in_the_labeller(opened):
    with opened() as s:
        (id,) = s.ask(1).ids
        row = s.pool.row(id)
        assert decide(s.grid, [row, row + 1])["n"] == 1
        assert s.values == {id: "crack"}


def test_a_value_that_is_no_class_stores_nothing(opened):
    with opened() as s:
        assert "problem" in decide(s.grid, [0, 400], value="rust")
        assert "nothing that can be said" in decide(s.grid, [0, 3], kind="praise")["problem"]["what"]
        assert s.values == {}


def test_hostile_names_travel_as_data(opened):
    with opened() as s:
        answer = decide(s.grid, [0, 3], value=HOSTILE)
        assert answer["n"] == 3
        card = ask(s.grid, "cards", version=s.grid.version, **{"from": 0, "to": 1}, side=80)[0]["cards"][0]
        assert card["label"] == HOSTILE


def test_a_read_only_project_is_looked_at_only(opened):
    with opened() as s:
        s.label(s.pool.ids[0], "ok")
    with opened(read_only=True) as s:
        assert s.grid.read_only
        assert "read-only" in decide(s.grid, [0, 3])["problem"]["what"]
        with pytest.raises(ReadOnlyError):
            s._view_data.decide_together("flag", s.pool.ids[:2], None, None)


def test_gestures_come_from_another_thread_while_a_cell_is_busy(opened):
    with opened() as s:
        grid, answers = s.grid, []
        thread = threading.Thread(target=lambda: answers.append(decide(grid, [0, 50])))
        thread.start()
        thread.join()
        assert answers[0]["n"] == 50
        assert len(s.values) == 50


def test_items_that_left_the_pool_are_left_out(opened):
    with opened() as s:
        grid = s.grid
        answer, _ = ask(grid, "order")
        s._project.pool.exclude([Broken(s.pool.ids[0], "its file is gone")])
        told = ask(grid, "decide", version=answer["version"], ranges=[[0, 3]], kind="flag")[0]
        assert told["notice"] == "Flagged 2 items. Left out: 1 no longer in the pool."
        with pytest.raises(SpinError):
            grid.show(["gone"])


def test_bulk_labels_count_as_one_call_of_s_label_does(opened):
    with opened() as s:
        decide(s.grid, [0, 200])
        history = s.history
        assert history.height == 200
        assert "whole pool" in str(history["source"][0]), "what the items were picked by"
        with pytest.raises(LabelError, match="nothing to redo"):
            s.redo()
        s.undo()
        assert s.values == {}
