"""The store: what goes in comes out, in order, once."""

from __future__ import annotations

import json
import sqlite3
import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb.errors import LabelError, ProjectError, QueryError
from spin_nb.project import NewAsk, NewEvent, NewItem, State, Store, fold


def undo(annotator="ada", **more):
    return NewEvent("undo", annotator=annotator, **more)


def redo(annotator="ada", **more):
    return NewEvent("redo", annotator=annotator, **more)


class TestItems:
    def test_adding_twice_adds_nothing(self, store):
        again = [NewItem("i0", "elsewhere.png", "image"), NewItem("new", "new.png", "image")]
        assert store.add_items(again) == 1
        assert store.add_items(again) == 0
        frame = store.items()
        assert frame.filter(pl.col("item") == "i0")["source"].item() == '"i0.png"'
        assert frame["row"].to_list() == list(range(61))

    def test_columns(self, store):
        store.add_items(
            [
                NewItem("bad", {"a": [1]}, "image", broken="truncated"),
                NewItem("late", 1, "table", is_arrival=True),
            ]
        )
        assert store.items().columns == ["row", "item", "modality", "source", "broken", "arrived"]
        assert store.items().tail(2).rows() == [
            (60, "bad", "image", '{"a":[1]}', "truncated", False),
            (61, "late", "table", "1", None, True),
        ]

    def test_no_items_yet(self, folder):
        with Store.create(folder, {}) as store:
            assert store.items().shape == (0, 6)
            assert store.items().schema["arrived"] == pl.Boolean

    @pytest.mark.parametrize("name", ["", "  ", None, 3, "\ud800"])
    def test_an_id_is_text(self, store, name):
        with pytest.raises(LabelError):
            store.add_items([NewItem("fine", 0, "image"), NewItem(name, 0, "image")])
        assert len(store.items()) == 60

    @pytest.mark.parametrize(
        "name", ["../../etc/passwd", "<script>", "'; DROP TABLE items; --", "日本", "a\0b"]
    )
    def test_hostile_ids_are_only_text(self, store, label, name):
        store.add_items([NewItem(name, 0, "image")])
        store.append([label(name)])
        assert store.labels()["item"].to_list() == [name]


class TestLabels:
    def test_a_label_with_all_that_is_known_about_it(self, store, label):
        before = datetime.now(UTC)
        token = store.propose([NewAsk("i3", "entropy", 0.25, suggest=True, model_id="m-1")])[0]
        (event,) = store.append(
            [label("i3", "y", suggestion=("x", 0.75), is_accepted=False, ask=token, shown_ms=812.5)]
        )
        assert before - timedelta(seconds=1) <= event.time <= datetime.now(UTC)
        row = store.labels().row(0, named=True)
        assert row.pop("time") == event.time
        assert row == {
            "item": "i3", "value": "y", "annotator": "ada", "kind": "label", "ask": token, "audit": False,
            "suggested": "x", "suggested_p": 0.75, "accepted": False, "shown_ms": 812.5, "flagged": False,
            "seq": 1,
        }  # fmt: skip

    def test_a_relabelled_item_keeps_its_history(self, store, label):
        store.append([label("i1", "x")])
        store.append([label("i1", "y")])
        assert store.labels()["value"].to_list() == ["y"]
        assert store.history()["previous"].to_list() == [None, "x"]

    def test_an_undo_says_what_it_changed(self, store, label):
        store.append([label("i1", "x"), label("i1", "y"), undo(), undo(), redo()])
        changed = store.history().select("kind", "item", "previous", "value", "target").rows()[2:]
        assert changed == [
            ("undo", "i1", "y", "x", 2),
            ("undo", "i1", "x", None, 1),
            ("redo", "i1", None, "x", 1),
        ]

    def test_several_labels_are_one_action(self, store, label):
        with pytest.raises(LabelError, match="'nowhere'"):
            store.append([label("i1"), label("nowhere"), label("i2")])
        assert store.events() == []
        assert store.state().current == {}

    def test_labels_survive_reopening_in_the_same_order(self, store, folder, label):
        for item in ("i9", "i2", "i5", "i2"):
            store.append([label(item)])
        store.append([undo()])
        kept, state = store.labels(), store.state()
        store.close()
        with Store.open(folder) as again:
            assert again.labels().equals(kept)
            assert again.state().current == state.current
            assert again.labels()["item"].to_list() == ["i9", "i2", "i5"]

    def test_values_may_be_any_json(self, store, label):
        boxes = [{"box": [0, 1, 2, 3], "class": "x"}]
        (event,) = store.append([label("i1", boxes)])
        assert event.value == boxes == store.events()[0].value
        assert json.loads(store.labels()["value"].item()) == boxes

    def test_no_labels_yet(self, store):
        assert store.labels().shape == (0, 13)
        assert store.history().shape == (0, 17)
        assert store.labels().schema["time"] == pl.Datetime("us", "UTC")

    def test_nothing_to_undo_stores_nothing(self, store, label):
        assert store.append([undo()]) == []
        assert store.append([redo()]) == []
        store.append([label("i1", annotator="bob")])
        assert store.append([undo("ada")]) == []

    def test_undo_of_a_named_event(self, store, label):
        store.append([label("i1"), label("i2")])
        store.append([undo(target=1)])
        assert store.labels()["item"].to_list() == ["i2"]

    @pytest.mark.parametrize("target", [1, 2, 99, -1])
    def test_undo_of_what_is_not_ones_own_or_undone_is_refused(self, store, label, target):
        store.append([label("i1", annotator="bob"), label("i2"), undo()])
        with pytest.raises(LabelError, match="not one that 'ada' can undo"):
            store.append([undo(target=target)])

    @pytest.mark.parametrize(
        ("event", "says"),
        [
            (NewEvent("label", "i0", annotator="ada"), "has no value"),
            (NewEvent("label", "i0", float("nan"), annotator="ada"), "cannot be stored"),
            (NewEvent("label", "i0", np.arange(3), annotator="ada"), "cannot be stored"),
            (NewEvent("label", None, "x", annotator="ada"), "item id None"),
            (NewEvent("label", "i99", "x", annotator="ada"), "no item is called 'i99'"),
            (NewEvent("label", "\ud800", "x", annotator="ada"), "is not valid"),
            (NewEvent("label", "broken", "x", annotator="ada"), "cannot be labelled: truncated"),
            (NewEvent("skip", "i0", "x", annotator="ada"), "takes no value"),
            (NewEvent("erase", "i0", annotator="ada"), "no event is called 'erase'"),
            (NewEvent("label", "i0", "x", annotator=""), "annotator ''"),
            (NewEvent("label", "i0", "x", annotator="ada", ask={"a": 1}), "ask token"),
            (NewEvent("label", "i0", "x", annotator="ada", suggestion=("x",)), "pair"),
            (NewEvent("label", "i0", "x", annotator="ada", suggestion=("x", "high")), "pair"),
            (
                NewEvent("label", "i0", "x", annotator="ada", suggestion=("x", float("nan"))),
                "cannot be stored",
            ),
        ],
    )
    def test_what_is_refused(self, store, event, says):
        store.add_items([NewItem("broken", 0, "image", broken="truncated")])
        with pytest.raises(LabelError, match=says) as caught:
            store.append([event])
        assert caught.value.do
        assert store.events() == []

    @pytest.mark.parametrize("shown", [-1, float("nan"), float("inf"), "soon"])
    def test_a_clock_gone_wrong_does_not_cost_a_label(self, store, label, shown):
        assert store.append([label("i0", shown_ms=shown)])[0].shown_ms is None


class TestAsks:
    def test_proposed_is_not_asked(self, store):
        tokens = store.propose([NewAsk("i0", "auto", 0.5), NewAsk("i1", "auto", 0.5)])
        assert len(set(tokens)) == 2
        assert store.asks().is_empty()
        assert [ask.token for ask in store.pending()] == tokens

    def test_shown_counts_once(self, store):
        token = store.propose([NewAsk("i0", "auto", 0.5)])[0]
        store.mark_shown([token])
        first = store.ask(token).shown_at
        store.mark_shown([token, "never heard of"])
        assert store.ask(token).shown_at == first
        assert store.asks().select("token", "item", "strategy", "q", "audit", "with_suggestion").rows() == [
            (token, "i0", "auto", 0.5, False, False)
        ]

    def test_a_label_shows_its_ask(self, store, label):
        token = store.propose([NewAsk("i0", "auto", 0.5)])[0]
        store.append([label("i0", ask=token)])
        assert store.ask(token).shown_at is not None

    def test_a_client_entry_can_show_and_store_nothing(self, store):
        token = store.propose([NewAsk("i0", "auto", 0.5)])[0]
        assert store.append([], client=("tab", 1), shown_tokens=[token]) == []
        assert (store.last_seq("tab"), len(store.asks())) == (1, 1)

    def test_proposals_survive_a_restart(self, store, folder, label):
        token = store.propose([NewAsk("i0", "auto", 0.125, audit=True)])[0]
        store.close()
        with Store.open(folder) as again:
            again.append([label("i0", ask=token)])
            assert again.labels()["audit"].to_list() == [True]

    def test_a_discarded_ask_that_was_seen_after_all_comes_back(self, store, label):
        token = store.propose([NewAsk("i0", "auto", 0.125, audit=True)])[0]
        store.discard([token])
        assert store.pending() == []
        store.append([label("i0", ask=token)])
        assert store.labels()["audit"].to_list() == [True]
        assert store.asks()["q"].to_list() == [0.125]

    def test_discarding_what_was_shown_changes_nothing(self, store):
        token = store.propose([NewAsk("i0", "auto", 0.5)])[0]
        store.mark_shown([token])
        store.discard([token])
        assert store.asks()["token"].to_list() == [token]

    def test_discarded_asks_do_not_pile_up(self, store):
        for _ in range(40):
            store.discard(store.propose([NewAsk(f"i{n}", "auto", 0.5) for n in range(60)]))
        with store.transaction() as db:
            assert db.execute("SELECT count(*) FROM asks").fetchone()[0] == 2000

    def test_a_corrected_audit_label_stays_an_audit_label(self, store, label):
        token = store.propose([NewAsk("i0", "uniform", 0.01, audit=True)])[0]
        store.append([label("i0", "x", ask=token)])
        store.append([label("i0", "y")])
        assert store.labels().select("value", "audit").rows() == [("y", True)]

    def test_an_audit_label_can_be_undone(self, store, label):
        token = store.propose([NewAsk("i0", "uniform", 0.01, audit=True)])[0]
        store.append([label("i0", "x", ask=token)])
        store.append([undo()])
        assert store.labels().is_empty()

    def test_a_label_outweighs_an_ask_nobody_knows(self, store, label):
        assert store.append([label("i0", ask="made up")])[0].ask is None

    def test_an_answer_to_another_question_is_refused(self, store, label):
        token = store.propose([NewAsk("i0", "auto", 0.5)])[0]
        with pytest.raises(LabelError, match="is about 'i0', not 'i1'"):
            store.append([label("i1", ask=token)])
        assert store.ask(token).shown_at is None

    @pytest.mark.parametrize("q", [0.0, -0.1, 1.01, float("nan")])
    def test_q_is_a_probability_that_is_not_zero(self, store, q):
        with pytest.raises(QueryError, match=r"not in \(0, 1\]"):
            store.propose([NewAsk("i0", "auto", q)])

    def test_asking_about_nothing(self, store):
        with pytest.raises(LabelError, match="no item is called"):
            store.propose([NewAsk("i0", "auto", 0.5), NewAsk("nowhere", "auto", 0.5)])
        assert store.pending() == []


class TestRunsAndModels:
    def test_a_run_from_start_to_end(self, store):
        run = store.start_run({"head": "auto"})
        assert [(r.status, r.ended_at) for r in store.runs()] == [("running", None)]
        store.add_model("m-1", "graph", {"n_labels": 3})
        store.end_run(run, "done", "m-1", {"accuracy": 0.5})
        (ended,) = store.runs()
        assert (ended.settings, ended.status, ended.model_id) == ({"head": "auto"}, "done", "m-1")
        assert ended.metrics == {"accuracy": 0.5}
        assert ended.started_at <= ended.ended_at
        assert [(m.id, m.head, m.card) for m in store.models()] == [("m-1", "graph", {"n_labels": 3})]

    def test_a_run_ends_once(self, store):
        run = store.start_run()
        store.end_run(run, "failed")
        with pytest.raises(ProjectError, match="is not running"):
            store.end_run(run, "done")
        with pytest.raises(ProjectError, match="cannot end as 'perhaps'"):
            store.end_run(store.start_run(), "perhaps")

    def test_a_model_id_is_taken_once(self, store):
        store.add_model("m-1", "graph", {})
        with pytest.raises(ProjectError, match="'m-1' already"):
            store.add_model("m-1", "linear", {})

    def test_models_come_in_the_order_made(self, store):
        for name in ("z", "a", "m"):
            store.add_model(name, "graph", {})
        assert [m.id for m in store.models()] == ["z", "a", "m"]


class TestMeta:
    def test_meta_is_kept_and_can_grow(self, store, folder):
        store.set_meta("encoder", {"name": "pixels-pca", "k": 15})
        store.close()
        with Store.open(folder) as again:
            assert again.meta == {"classes": ["x", "y"], "encoder": {"name": "pixels-pca", "k": 15}}

    def test_what_json_cannot_hold_is_refused(self, store):
        with pytest.raises(LabelError):
            store.set_meta("now", datetime.now(UTC))


class TestTransactions:
    def test_several_appends_are_all_there_or_none(self, store, label):
        def interrupted():
            with store.transaction():
                store.append([label("i0")], client=("tab", 1))
                store.append([label("i1")], client=("tab", 2))
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert (store.events(), store.state().current, store.last_seq("tab")) == ([], {}, 0)
        with store.transaction():
            store.append([label("i0")], client=("tab", 1))
            store.append([label("i1")], client=("tab", 2))
        assert (len(store.events()), len(store.state().current), store.last_seq("tab")) == (2, 2, 2)

    def test_one_refused_inside_takes_only_itself_back(self, store, label):
        with store.transaction():
            store.append([label("i0")], client=("tab", 1))
            with pytest.raises(LabelError):
                store.append([label("i1"), label("nowhere")], client=("tab", 2))
            store.append([], client=("tab", 2))
            store.append([label("i2")], client=("tab", 3))
        assert store.labels()["item"].to_list() == ["i0", "i2"]
        assert store.last_seq("tab") == 3

    def test_threads_share_one_store(self, store, label):
        def work(who):
            for n in range(20):
                store.append([label(f"i{n}", who, annotator=who)])
                store.labels()

        threads = [threading.Thread(target=work, args=(who,)) for who in ("ada", "bob", "cyd")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        events = store.events()
        assert [e.seq for e in events] == list(range(1, 61))
        assert all(
            [e.item for e in events if e.annotator == who] == [f"i{n}" for n in range(20)]
            for who in ("ada", "bob", "cyd")
        )

    def test_a_closed_store_says_so(self, store, label):
        store.close()
        store.close()
        with pytest.raises(ProjectError, match="was closed"):
            store.append([label("i0")])

    def test_every_commit_is_synced(self, store):
        with store.transaction() as db:
            assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
            assert db.execute("PRAGMA synchronous").fetchone()[0] == 2


class TestKept:
    def test_the_label_that_an_item_has_can_be_kept(self, store, label):
        store.append([label("i1", "x")])
        event = store.append([NewEvent("keep", "i1", "x", annotator="bob")])[0]
        assert (event.value, event.previous, store.state().value("i1")) == ("x", "x", "x")
        assert store.labels()["annotator"].to_list() == ["ada"]

    @pytest.mark.parametrize("value", ["y", None])
    def test_no_other_label_can_be(self, store, label, value):
        store.append([label("i1", "x")])
        with pytest.raises(LabelError, match="it is 'x' now"):
            store.append([NewEvent("keep", "i1", value, annotator="bob")])
        assert len(store.events()) == 1

    def test_where_there_is_no_label_none_can_be(self, store):
        with pytest.raises(LabelError, match="cannot be kept"):
            store.append([NewEvent("keep", "i1", "x", annotator="bob")])


def test_the_log_is_only_ever_added_to(store, folder, label):
    store.append([label("i0"), undo(), redo(), label("i0", "y"), undo()])
    store.close()
    with sqlite3.connect(folder / "project.db") as db:
        kinds = [kind for (kind,) in db.execute("SELECT kind FROM events ORDER BY seq")]
    assert kinds == ["label", "undo", "redo", "label", "undo"]


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["ada", "bob"]),
        st.sampled_from(["label", "label", "imported", "skip", "unsure", "flag", "undo", "undo", "redo"]),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["x", "y"]),
    ),
    max_size=25,
)


@settings(max_examples=25, deadline=None)
@given(MOVES, st.sets(st.integers(0, 24)))
def test_any_work_in_two_kernels_reads_back_as_what_every_event_says(tmp_path_factory, moves, in_the_other):
    """Each event's own before and after agree with a replay, whichever of two kernels it came through."""
    at = tmp_path_factory.mktemp("p") / "p.spin"
    with Store.create(at, {}) as one, Store.open(at) as two:
        one.add_items([NewItem(name, 0, "image") for name in "abc"])
        for n, (who, kind, item, value) in enumerate(moves):
            given_value = value if kind in ("label", "imported") else None
            event = NewEvent(kind, None if kind in ("undo", "redo") else item, given_value, annotator=who)
            (two if n in in_the_other else one).append([event])
        assert one.state().current == two.state().current
        kept = one.state().current
    with Store.open(at) as again:
        state = State()
        for event in again.events():
            assert event.previous == state.value(event.item)
            state = fold([event], state)
            if event.kind != "flag":
                assert event.value == state.value(event.item)
        assert state.current == again.state().current == kept
        assert again.labels()["item"].to_list() == [c.item for c in state.labels]
