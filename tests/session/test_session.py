"""The loop, through the public calls: open, ask, label, train, predict, reopen."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import spin_nb as spin
from spin_nb.errors import (
    ContradictionError,
    LabelError,
    NotTrainedError,
    PoolError,
    ProjectError,
    QueryError,
    ReadOnlyError,
    SpinError,
)
from spin_nb.types import Picked
from tests.waiting import until


def test_opening_twice_adds_nothing(project, digits):
    first = project()
    n = len(first.items)
    second = project(pool=digits.images, classes=digits.classes)
    assert len(second.items) == n == 400
    assert second.labels.is_empty()


def test_a_label_is_on_disk_when_the_call_returns_and_is_there_after_reopening(project, digits):
    s = project()
    asked = s.ask(6)
    digits.label(s, asked.ids)
    kept = s.labels.select("item", "value", "annotator").rows()
    assert [row[0] for row in kept] == list(asked.ids)
    again = project()
    assert again.labels.select("item", "value", "annotator").rows() == kept


def test_undo_and_redo_are_events_and_survive_reopening(project, digits):
    s = project()
    asked = s.ask(3)
    digits.label(s, asked.ids)
    assert s.undo() == asked.ids[2]
    assert s.labels["item"].to_list() == list(asked.ids[:2])
    again = project()
    assert again.redo() == asked.ids[2]
    assert again.labels["item"].to_list() == list(asked.ids)
    assert again.history["kind"].to_list() == ["label", "label", "label", "undo", "redo"]


def test_nothing_to_undo_is_said(project):
    with pytest.raises(LabelError, match="nothing to undo"):
        project().undo()


def test_the_live_head_follows_every_label_and_every_undo(project, digits):
    s = project()
    asked = s.ask(12)
    digits.label(s, asked.ids)
    before = s.model.predictive.mean.copy()
    s.label(s.ask(1).ids[0], "3")
    assert not np.allclose(s.model.predictive.mean, before)
    s.undo()
    assert np.allclose(s.model.predictive.mean, before, atol=1e-3)


def test_audits_never_train_and_alone_judge_accuracy(project, digits):
    s = project()
    for _ in range(4):
        digits.label(s, s.ask(10).ids)
    audits = set(s.asks.filter(s.asks["audit"])["item"])
    assert len(audits) == 4
    rows = {s.pool.row(id) for id in audits}
    assert not rows & set(s._live.pool_model.learner.graph.rows.tolist())
    assert s.accuracy.n == 4
    assert s.accuracy.value is None
    assert len(s.labels) == 40
    assert s.audit.curve[-1].n_labels == 40


def test_many_labels_at_once_are_one_solve_and_come_to_the_same(project, digits, monkeypatch):
    s = project()
    ids = s.pool.ids[:150]
    for id in ids:
        s.label(id, digits.truth(s, id))
    one_by_one = s.model.predictive.mean.copy()
    for _ in ids:
        s.undo()
    monkeypatch.setattr(
        s._live.pool_model.learner, "label", lambda row, y: pytest.fail("a step for each label")
    )
    s.label({id: digits.truth(s, id) for id in ids})
    np.testing.assert_allclose(s.model.predictive.mean, one_by_one, atol=2e-3)


def test_an_audit_label_can_be_undone_and_given_again(project, digits):
    s = project()
    s.audit.share = 0.5
    asked = s.ask(2)
    audit = s.asks.filter(s.asks["audit"])["item"][0]
    digits.label(s, [id for id in asked.ids if id != audit])
    digits.label(s, [audit])
    assert s.accuracy.n == 1
    assert s.undo() == audit
    assert s.accuracy.n == 0
    digits.label(s, [audit])
    assert s.accuracy.n == 1


def test_released_audits_train_and_stop_judging(project, digits):
    s = project()
    s.audit.share = 0.5
    digits.label(s, s.ask(10).ids)
    assert s.accuracy.n == 5
    assert s.audit.release() == 5
    assert s.accuracy.n == 0
    assert len(s._live.pool_model.learner.graph.rows) == 10
    again = project()
    again._live.pool_model.wait()
    assert len(again._live.pool_model.learner.graph.rows) == 10


def test_the_share_of_audits_is_kept(project):
    project().audit.share = 0.25
    assert project().audit.share == 0.25


@pytest.mark.parametrize("strategy", ["auto", "entropy", "margin", "bald", "random"])
def test_every_strategy_asks_new_items_with_a_probability(project, digits, strategy):
    s = project()
    digits.label(s, s.ask(10).ids)
    asked = s.ask(8, strategy=strategy)
    assert asked.strategy == strategy
    assert len(set(asked.ids)) == 8
    assert not set(asked.ids) & set(s.labels["item"])
    assert all(0 < q <= 1 for q in asked.q)
    assert s.asks.tail(8)["item"].to_list() == list(asked.ids)


def test_training_reports_its_head_and_keeps_a_model(project, digits):
    s = project()
    digits.label(s, s.ask(30).ids)
    report = s.train(wait=True)
    assert report.head in ("graph", "linear", "mean")
    assert s.model.head == report.head
    assert report.n_labels == 27
    assert (s.folder / "models" / report.model_id / "card.json").exists()
    assert [at.n_labels for at in s.audit.curve] == list(range(1, 31))
    assert [at.n_labels for at in project().audit.curve] == list(range(1, 31))


def test_the_curve_follows_every_label_and_forgets_what_was_undone(project, digits):
    s = project()
    digits.label(s, s.ask(5).ids)
    s.undo()
    assert [at.n_labels for at in s.audit.curve] == [1, 2, 3, 4]


def test_a_reopened_project_answers_as_before(project, digits):
    s = project()
    digits.label(s, s.ask(30).ids)
    s.train(wait=True)
    before = s.predict(s.pool.ids[:50])
    again = project()
    again._live.pool_model.wait()
    after = again.predict(again.pool.ids[:50])
    assert again._training.model_id == s._training.model_id
    assert again.model.head == s.model.head
    assert np.allclose(before.mean, after.mean, atol=1e-4)


def test_predicting_items_of_the_pool_and_new_ones(project, digits):
    s = project()
    for _ in range(6):
        digits.label(s, s.ask(10).ids)
    known = s.predict(s.pool.ids)
    assert known.mean.shape == (400, 10)
    assert known.classes == digits.classes
    assert (np.array(known.labels) == digits.names).mean() > 0.85
    fresh = spin.samples.digits()
    new = s.predict(fresh.items[400:600])
    assert new.mean.shape == (200, 10)
    assert (np.array(new.labels) == np.array(fresh.labels[400:600])).mean() > 0.75
    assert new.draws(5).shape == (5, 200, 10)


def test_skipped_unsure_and_flagged_items_are_not_asked_again(project, digits):
    s = project()
    a, b, c = s.ask(3).ids
    s.skip(a)
    s.unsure(b)
    s.flag(c)
    asked: set[str] = set()
    for _ in range(5):
        ids = s.ask(10).ids
        digits.label(s, ids)
        asked |= set(ids)
    assert not {a, b, c} & asked
    assert s.history["kind"].to_list()[:3] == ["skip", "unsure", "flag"]


def test_two_sessions_see_each_others_labels(project, digits):
    s, other = project(), project(annotator="bob")
    asked = s.ask(4)
    digits.label(s, asked.ids)
    assert not set(other.ask(4).ids) & set(asked.ids)
    with pytest.raises(LabelError, match="nothing to undo"):
        other.undo()


def test_arrivals_are_scored_watched_and_asked(project, digits):
    s = project()
    for _ in range(4):
        digits.label(s, s.ask(10).ids)
    fresh = spin.samples.digits().items[400:640]
    calm = s.watch(fresh, wait=True)
    assert calm.n == 240
    assert len(s.pool) == 640 == len(s._view_data.layout) == len(s.model.predictive.mean)
    rng = np.random.default_rng(0)
    loud = s.watch(np.clip(255 - fresh + rng.normal(0, 60, fresh.shape), 0, 255).astype(np.uint8), wait=True)
    assert loud.alarms
    assert len(s.stream.points) == 480
    assert any(id in set(loud.ids) for id in s.ask(40).ids)
    again = project()
    assert len(again.pool) == 880
    again._live.pool_model.wait()
    assert len(again.model.predictive.mean) == 880


def test_selecting_tells_the_views(project):
    s, seen = project(), []
    s.events.selection.connect(lambda ids: seen.append(ids))
    s.selected = s.pool.ids[:2]
    assert s.selected == s.pool.ids[:2]
    assert seen == [tuple(s.pool.ids[:2])]


class TestBadInput:
    """Each is a SpinError that says what to do, and nothing is lost."""

    def said(self, caught) -> str:
        assert caught.value.what
        assert caught.value.do
        return str(caught.value)

    def test_a_missing_folder(self, tmp_path):
        with pytest.raises(PoolError) as caught:
            spin.open(tmp_path / "p.spin", pool=tmp_path / "fotos", classes=["a", "b"])
        assert "fotos" in self.said(caught)
        assert not (tmp_path / "p.spin").exists()

    def test_an_empty_folder(self, tmp_path):
        (tmp_path / "photos").mkdir()
        with pytest.raises(PoolError) as caught:
            spin.open(tmp_path / "p.spin", pool=tmp_path / "photos", classes=["a", "b"])
        self.said(caught)

    def test_a_corrupt_image_is_kept_out_and_listed_and_the_rest_goes_on(self, tmp_path):
        from PIL import Image

        (tmp_path / "photos").mkdir()
        rng = np.random.default_rng(0)
        for i in range(12):
            Image.fromarray(rng.integers(0, 255, (80, 80, 3), dtype=np.uint8)).save(
                tmp_path / f"photos/{i:02}.png"
            )
        (tmp_path / "photos/bad.png").write_bytes((tmp_path / "photos/00.png").read_bytes()[:200])
        (tmp_path / "photos/worse.jpg").write_bytes(b"no picture at all")
        s = spin.open(tmp_path / "p.spin", pool=tmp_path / "photos", classes=["a", "b"])
        assert len(s.pool) == 12
        broken = s.items.filter(s.items["broken"].is_not_null())
        assert set(broken["item"]) == {"bad.png", "worse.jpg"}
        s.label(s.ask(1).ids[0], "a")
        s.close()

    def test_an_unknown_class(self, project):
        s = project()
        with pytest.raises(LabelError) as caught:
            s.label(s.pool.ids[0], "eleven")
        assert "0, 1, 2" in self.said(caught)
        assert s.labels.is_empty()

    def test_duplicate_class_names(self, tmp_path, digits):
        with pytest.raises(LabelError) as caught:
            spin.open(tmp_path / "p.spin", pool=digits.images, classes=["a", "b", "a"])
        self.said(caught)

    def test_a_class_list_that_contradicts_the_project(self, project):
        project()
        with pytest.raises(ContradictionError) as caught:
            project(classes=["cat", "dog"])
        assert "cat" in self.said(caught)

    def test_another_pool_under_the_same_ids(self, project, digits):
        project()
        with pytest.raises(ContradictionError) as caught:
            project(pool=digits.images[::-1].copy())
        self.said(caught)

    def test_nan_features(self, tmp_path):
        table = np.random.default_rng(0).normal(size=(30, 4))
        table[3, 1] = np.nan
        with pytest.raises(PoolError) as caught:
            spin.open(tmp_path / "p.spin", pool=table, classes=["a", "b"])
        self.said(caught)

    def test_features_that_a_function_makes_nan(self, tmp_path, digits):
        with pytest.raises(PoolError) as caught:
            spin.open(
                tmp_path / "p.spin",
                pool=digits.images,
                classes=digits.classes,
                encoder=lambda items: np.full((len(items), 3), np.nan),
            )
        assert "NaN" in self.said(caught)

    def test_an_item_that_does_not_exist_stores_nothing_of_the_call(self, project):
        s = project()
        with pytest.raises(LabelError) as caught:
            s.label({s.pool.ids[0]: "3", "item-9999999": "4"})
        self.said(caught)
        assert s.labels.is_empty()

    def test_exporting_before_training(self, project, tmp_path, digits):
        s = project()
        with pytest.raises(NotTrainedError) as caught:
            s.export(tmp_path / "bundle")
        assert "s.train" in self.said(caught)
        assert not (tmp_path / "bundle").exists()

    def test_training_and_predicting_before_labelling(self, project):
        s = project()
        for act in (s.train, lambda: s.predict(s.pool.ids[:1])):
            with pytest.raises(NotTrainedError) as caught:
                act()
            self.said(caught)

    def test_a_project_opened_read_only(self, project, digits):
        s = project()
        digits.label(s, s.ask(3).ids)
        reader = project(read_only=True)
        assert reader.labels["item"].to_list() == s.labels["item"].to_list()
        for act in (
            lambda: reader.label(s.pool.ids[9], "1"),
            reader.undo,
            lambda: reader.ask(1),
            reader.train,
        ):
            with pytest.raises(ReadOnlyError) as caught:
                act()
            self.said(caught)

    def test_a_project_that_is_not_there(self, tmp_path):
        with pytest.raises(ProjectError) as caught:
            spin.open(tmp_path / "none.spin")
        assert "pool=" in self.said(caught)

    def test_no_classes(self, tmp_path, digits):
        with pytest.raises(LabelError) as caught:
            spin.open(tmp_path / "p.spin", pool=digits.images)
        assert "classes=" in self.said(caught)

    @pytest.mark.parametrize("k", [0, -3, 10**9, 1.5, "3", None, True])
    def test_asking_for_no_number_of_items(self, project, k):
        with pytest.raises(QueryError) as caught:
            project().ask(k)
        self.said(caught)

    def test_an_unknown_strategy(self, project):
        with pytest.raises(SpinError, match="did you mean 'entropy'") as caught:
            project().ask(1, strategy="entropi")
        assert "auto" in caught.value.do

    @pytest.mark.parametrize(
        "strategy",
        [
            None,
            5,
            lambda probs, draws, k, *, seed: 1 / 0,
            lambda probs, draws, k, *, seed: None,
            lambda probs, draws, k: None,
            lambda probs, draws, k, *, seed: Picked(np.zeros(k, int), np.zeros(k), np.full(k, 0.5)),
            lambda probs, draws, k, *, seed: Picked(np.arange(k) + 10**6, np.zeros(k), np.full(k, 0.5)),
            lambda probs, draws, k, *, seed: Picked(np.arange(k), np.zeros(k), np.zeros(k)),
        ],
    )
    def test_a_strategy_that_breaks_its_contract_loses_nothing(self, project, digits, strategy):
        s = project()
        digits.label(s, s.ask(3).ids)
        with pytest.raises(QueryError) as caught:
            s.ask(2, strategy=strategy)
        self.said(caught)
        assert len(s.labels) == 3
        assert len(s.ask(2).ids) == 2

    def test_what_is_no_share_no_selection_no_folder_no_label(self, project, digits):
        s = project()
        digits.label(s, s.ask(3).ids)
        acts = (
            lambda: setattr(s.audit, "share", "x"),
            lambda: setattr(s.audit, "share", None),
            lambda: setattr(s, "selected", None),
            lambda: setattr(s, "selected", 5),
            lambda: s.export(None),
            lambda: s.label({s.pool.ids[0]: "6"}, "7"),
            lambda: s.label([s.pool.ids[0], 7], "7"),
            lambda: s.predict(None),
            lambda: s.watch(None, wait=True),
            lambda: s.watch("one thing", wait=True),
        )
        for act in acts:
            with pytest.raises(SpinError) as caught:
                act()
            self.said(caught)
        assert len(s.labels) == 3

    def test_an_item_of_a_stream_that_cannot_be_read_is_kept_out_and_the_rest_goes_on(self, project, digits):
        s = project()
        digits.label(s, s.ask(10).ids)
        report = s.watch([digits.images[0], "nonsense", digits.images[1]], wait=True)
        assert report.n == 2
        assert report.broken[0].id == "number 1 of the stream"
        assert len(s.pool) == 402

    def test_a_stream_that_fails_keeps_what_came_before(self, project, digits):
        s = project()
        digits.label(s, s.ask(10).ids)

        def stream():
            yield digits.images[0]
            yield digits.images[1]
            raise ValueError("the camera is gone")

        with pytest.raises(PoolError, match="after 2 items: ValueError: the camera is gone") as caught:
            s.watch(stream(), wait=True)
        self.said(caught)
        assert len(s.pool) == 402

    def test_after_closing_every_command_says_so(self, project, digits):
        s = project()
        digits.label(s, s.ask(10).ids)
        s.close()
        for act in (
            lambda: s.label(s.pool.ids[0], "1"),
            lambda: s.watch([digits.images[0]], wait=True),
            s.train,
        ):
            with pytest.raises(ProjectError) as caught:
                act()
            assert "closed" in self.said(caught)


def test_a_script_may_poll_a_handle(project, digits):
    s = project()
    digits.label(s, s.ask(10).ids)
    run = s.train()
    until(lambda: run.done)
    assert run.status == "done"
    assert s.model.head == run.result().head


def test_an_endless_stream_can_be_cancelled(project, digits):
    s = project()
    digits.label(s, s.ask(10).ids)
    watching = s.watch(itertools.cycle(digits.images[:50]), wait=False)
    until(lambda: len(s.stream.points) >= 32 or watching.status not in ("queued", "running"))
    assert watching.status == "running"
    watching.cancel()
    with pytest.raises(SpinError, match="was cancelled"):
        watching.result(120)
    assert len(s.pool) == 400 + len(s.stream.points)


def test_what_was_trained_is_there_at_once_after_reopening(project, digits, tmp_path):
    s = project()
    digits.label(s, s.ask(20).ids)
    s.train(wait=True)
    assert project().model.head == s.model.head
    assert project().model.predictive is not None
    assert project().export(tmp_path / "bundle").agreement > 0.5


def test_before_a_training_predictions_stay_until_a_label_changes(project, digits):
    s = project()
    digits.label(s, s.pool.ids[:6])
    before = s.model.predictive
    assert s.model.predictive is before
    digits.label(s, s.pool.ids[6:7])
    assert s.model.predictive is not before
