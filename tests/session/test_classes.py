"""Classes change while a project is open: ``s.classes`` and what follows from it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import spin_nb as spin
from spin_nb.errors import LabelError, NotTrainedError, ReadOnlyError

NAMES = ["ok", "crack", "dent"]


def frame(n=60):
    rng = np.random.default_rng(3)
    y = np.arange(n) % 3
    x = (rng.normal(size=(n, 4)) + 4 * np.eye(4)[y]).astype(np.float32)
    return pl.DataFrame({f"x{j}": x[:, j] for j in range(4)})


def truth(id):
    return NAMES[int(id.split("-")[1]) % 3]


def opened(folder, annotator="ada", **settings):
    return spin.open(folder, pool=frame(), classes=NAMES, annotator=annotator, seed=5, **settings)


@pytest.fixture
def s(tmp_path):
    with opened(tmp_path / "parts.spin") as s:
        yield s


def labelled(s, n=30):
    ids = [id for id in s.pool.ids if not s._live.label_log.plan.reserved_mask[s.pool.row(id)]][:n]
    for id in ids:
        s.label(id, truth(id))
    return ids


def stored(s):
    return dict(s.labels.select("item", "value").iter_rows())


def test_it_reads_like_a_list(s):
    assert s.classes == NAMES
    assert list(s.classes) == NAMES
    assert (len(s.classes), s.classes[0], s.classes[-1:], s.classes.index("dent")) == (3, "ok", ["dent"], 2)
    assert "dent" in s.classes
    assert s.classes.__add__(["x"]) == [*NAMES, "x"]
    assert repr(s.classes) == "['ok', 'crack', 'dent']"


def test_a_class_that_is_added_can_be_given_at_once_and_is_learnt(s):
    ids = labelled(s)
    s.classes.add("scratch")
    assert s.classes == [*NAMES, "scratch"]
    assert s.predict(s.pool.ids).mean.shape == (60, 4)
    s.label(dict.fromkeys(ids[:3], "scratch"))
    assert [stored(s)[id] for id in ids[:3]] == ["scratch"] * 3
    assert s.predict(s.pool.ids).labels[s.pool.row(ids[0])] == "scratch"
    assert s.table.filter(pl.col("label") == "scratch").height == 3
    assert "scratch" in s.task.spec()["names"]


def test_a_rename_keeps_labels_and_model(s):
    ids = labelled(s)
    s.train(wait=True)
    before, head = s.model.predictive.mean, s.model.head
    s.classes.rename("crack", "Riss")
    assert s.classes == ["ok", "Riss", "dent"]
    assert s.model.head == head == "mean"
    np.testing.assert_allclose(s.model.predictive.mean, before, atol=1e-4)
    assert stored(s) == {id: "Riss" if truth(id) == "crack" else truth(id) for id in ids}
    assert set(s.table["predicted"].to_list()) == {"ok", "Riss", "dent"}
    assert s.history.filter(pl.col("kind") == "label")["value"].to_list() == [truth(id) for id in ids]
    assert s.predict(s.pool.ids[:3]).classes == ["ok", "Riss", "dent"]


def test_a_renamed_class_and_its_model_are_there_after_a_restart(tmp_path):
    with opened(tmp_path / "parts.spin") as s:
        labelled(s)
        s.train(wait=True)
        s.classes.rename("crack", "Riss")
        mean = s.model.predictive.mean
    with spin.open(tmp_path / "parts.spin") as s:
        assert s.classes == ["ok", "Riss", "dent"]
        assert s.model.head == "mean"
        np.testing.assert_allclose(s.model.predictive.mean, mean, atol=1e-4)
        assert s.problem is None


def test_a_merge_counts_everywhere(s):
    ids = labelled(s)
    s.classes.merge(["crack", "dent"], into="dent")
    assert s.classes == ["ok", "dent"]
    n_dents = sum(truth(id) != "ok" for id in ids)
    assert list(stored(s).values()).count("dent") == n_dents
    assert s.predict(s.pool.ids).mean.shape == (60, 2)
    _, y = s._live.label_log.training_set.training
    assert (y == 1).sum() == n_dents
    assert s.table["label"].drop_nulls().to_list().count("dent") == n_dents
    assert s._view_data.label_index.max() == 1


def test_undo_takes_a_change_back_and_redo_brings_it_again_after_a_restart_too(tmp_path):
    with opened(tmp_path / "parts.spin") as s:
        ids = labelled(s)
        s.classes.merge(["crack"], into="dent")
    with spin.open(tmp_path / "parts.spin", annotator="ada") as s:
        assert s.undo() == ""
        assert s.classes == NAMES
        assert stored(s) == {id: truth(id) for id in ids}
        assert s.redo() == ""
        assert s.classes == ["ok", "dent"]
        assert s.predict(s.pool.ids).mean.shape == (60, 2)


def test_a_retired_class_neither_trains_nor_is_offered_and_its_items_are_asked_again(s):
    ids = labelled(s, 54)
    dents = {id for id in ids if truth(id) == "dent"}
    s.classes.retire("dent")
    assert s.classes == ["ok", "crack"]
    assert stored(s) == {id: truth(id) for id in ids if id not in dents}
    assert len(s._live.label_log.training_set.training[0]) == len(ids) - len(dents)
    assert dents <= set(s.ask(24).ids)
    with pytest.raises(LabelError, match="'dent' is not a class of this project"):
        s.label(ids[0], "dent")
    assert s.history["value"].to_list().count("dent") == len(dents)


def test_a_split_moves_the_items_that_are_listed(s):
    ids = labelled(s, 54)
    dents = [id for id in ids if truth(id) == "dent"]
    s.classes.split("dent", {"small": dents[:3], "large": dents[3:5]})
    assert s.classes == ["ok", "crack", "small", "large"]
    assert [stored(s).get(id) for id in dents[:6]] == ["small"] * 3 + ["large"] * 2 + [None]
    assert set(dents[5:]) <= set(s.ask(24).ids)


def test_a_split_of_items_with_another_label_is_refused(s):
    ids = labelled(s)
    with pytest.raises(LabelError, match=f"'{ids[0]}' is labelled 'ok', not 'dent'"):
        s.classes.split("dent", {"small": [ids[0]], "large": []})
    with pytest.raises(LabelError, match="nobody"):
        s.classes.split("dent", {"small": ["nobody"], "large": []})
    assert s.classes == NAMES


def test_a_model_that_was_trained_before_says_so(s):
    labelled(s)
    s.train(wait=True)
    s.classes.add("scratch")
    assert "what was trained before the classes changed does not know them" in repr(s.model)
    assert s.model.head == "graph"
    with pytest.raises(NotTrainedError, match="the classes have changed since"):
        s.export("bundle")
    s.train(wait=True)
    assert "does not know" not in repr(s.model)
    assert s.model.head == "mean"
    assert s.predict(s.pool.ids).mean.shape == (60, 4)


def test_a_training_under_way_when_the_classes_change_is_not_shown(s):
    labelled(s)
    job = s.train()
    s.classes.add("scratch")
    job.result()
    assert s.predict(s.pool.ids).mean.shape == (60, 4)
    s.train(wait=True)
    assert s.problem is None


def test_audited_accuracy_counts_a_class_that_no_model_knows_as_an_error(s):
    for _ in range(8):
        for id in s.ask(5).ids:
            s.label(id, truth(id))
    s.train(wait=True)
    audits, y = s._live.label_log.training_set.audits
    s.classes.add("scratch")
    right = audits[s.model.predictive.mean[audits].argmax(1) == y]
    before = s.accuracy
    s.label(s.pool.ids[int(right[0])], "scratch")
    after = s.accuracy
    assert (before.n, after.n) == (len(audits), len(audits))
    assert (after.low, after.high) < (before.low, before.high)


def test_another_session_follows_and_its_old_names_mean_what_became_of_them(tmp_path):
    with opened(tmp_path / "p.spin") as ada, spin.open(tmp_path / "p.spin", annotator="bo") as bo:
        labelled(ada, 6)
        assert len(bo.values) == 6
        ada.classes.merge(["crack"], into="dent")
        bo.label(bo.pool.ids[40], "crack")
        assert stored(ada)[ada.pool.ids[40]] == stored(bo)[bo.pool.ids[40]] == "dent"
        assert bo.history["value"].to_list()[-1] == "crack"
        assert bo.classes == ["ok", "dent"]
        ada.classes.retire("dent") if len(ada.classes) > 2 else ada.classes.add("x")
        ada.classes.retire("dent")
        with pytest.raises(LabelError, match="'dent' is not a class"):
            bo.label(bo.pool.ids[41], "dent")
        assert bo.predict(bo.pool.ids).mean.shape[1] == len(ada.classes)


def test_a_page_of_another_session_that_labels_with_a_retired_class_hears_of_it(tmp_path):
    with opened(tmp_path / "p.spin") as ada, spin.open(tmp_path / "p.spin", annotator="bo") as bo:
        id = bo.pool.ids[40]
        ada.classes.retire("dent")
        answer = bo._channel.apply("page", [{"seq": 1, "kind": "label", "id": id, "value": "dent"}])
        assert answer["ack"] == 1
        assert "'dent' is not a class" in answer["refused"][0]["what"]
        assert stored(bo) == {}


def test_both_the_first_classes_and_those_in_force_open_a_project(tmp_path):
    with opened(tmp_path / "p.spin") as s:
        s.classes.add("scratch")
    with opened(tmp_path / "p.spin") as s:
        assert s.classes == [*NAMES, "scratch"]
    with spin.open(tmp_path / "p.spin", classes=[*NAMES, "scratch"]) as s:
        assert s.classes == [*NAMES, "scratch"]
    with pytest.raises(spin.errors.ContradictionError):
        spin.open(tmp_path / "p.spin", classes=["a", "b"])


def test_labels_that_come_with_a_pool_are_read_by_its_own_names(tmp_path):
    pool = frame().with_columns(kind=pl.Series([truth(f"item-{i}") for i in range(60)]))
    with spin.open(tmp_path / "p.spin", pool=pool, labels_from="kind", classes=NAMES) as s:
        s.classes.rename("ok", "fine")
        s.classes.retire("dent")
        labels = stored(s)
        assert set(labels.values()) == {"fine", "crack"}
    with spin.open(tmp_path / "p.spin", pool=pool, labels_from="kind", classes=NAMES) as s:
        assert stored(s) == labels
        assert len(s.history) == 62


def test_the_history_of_classes_says_what_stands(s):
    s.classes.add("scratch")
    s.classes.merge(["crack"], into="dent")
    s.undo()
    table = s.classes.history
    assert table["change"].to_list() == ["add", "merge"]
    assert table["names"].to_list() == [[], ["crack"]]
    assert table["to"].to_list() == [["scratch"], ["dent"]]
    assert table["stands"].to_list() == [True, False]
    assert table["annotator"].to_list() == ["ada", "ada"]


def test_views_hear_of_a_change_once_it_holds(tmp_path):
    with opened(tmp_path / "p.spin") as ada, spin.open(tmp_path / "p.spin", annotator="bo") as bo:
        heard = []
        for name, session in (("ada", ada), ("bo", bo)):
            session.events.classes.connect(lambda names, name=name: heard.append((name, names)))
        ada.classes.add("scratch")
        bo.label(bo.pool.ids[0], "ok")
        assert heard == [("ada", (*NAMES, "scratch")), ("bo", (*NAMES, "scratch"))]


@pytest.mark.parametrize(
    "name", ["<img src=x onerror=alert(1)>", "a\u202eb", "ok\ncrack", "'; DROP TABLE events"]
)
def test_hostile_names_are_text(s, name):
    s.classes.add(name)
    s.label(s.pool.ids[0], name)
    assert stored(s) == {s.pool.ids[0]: name}
    assert "<img" not in s.classes._repr_html_()


@pytest.mark.parametrize("verb", ["add", "retire"])
def test_nothing_to_change_is_refused(s, verb):
    with pytest.raises(LabelError):
        getattr(s.classes, verb)()
    assert len(s.history) == 0


def test_a_project_that_may_only_be_read_keeps_its_classes(tmp_path):
    opened(tmp_path / "p.spin").close()
    with spin.open(tmp_path / "p.spin", read_only=True) as s, pytest.raises(ReadOnlyError):
        s.classes.add("x")


def test_names_of_boxes_change_and_suggestions_are_learnt_anew(tmp_path):
    pool = spin.samples.digits()
    with spin.open(tmp_path / "p.spin", pool=pool, task=spin.MultiLabel(["a", "b"])) as s:
        ids = s.pool.ids[:30]
        s.label({id: ["a"] if i % 2 else ["b"] for i, id in enumerate(ids)})
        assert s.model.suggestion(ids[1]) is not None
        s.classes.add("c")
        s.classes.rename("a", "A")
        assert s.task == spin.MultiLabel(["A", "b", "c"])
        assert s.values[ids[1]] == ["A"]
        assert s.model.suggestion(ids[1])[0] == ["A"]
    with spin.open(tmp_path / "t.spin", pool=pool, task=spin.FreeText()) as s:
        with pytest.raises(LabelError, match="no names that may change"):
            s.classes.add("c")
        assert s.classes == []


def test_what_no_class_fits_is_listed_until_it_has_a_label(s):
    ids = labelled(s, 12)
    s.classes.none_fits(ids[:3])
    assert s.classes.unfit == ids[:3]
    assert set(stored(s)) == set(ids[3:])
    assert s.history["kind"].to_list()[-3:] == ["none"] * 3
    assert not set(ids[:3]) & set(s.ask(40).ids)
    s.classes.add("scratch")
    s.label(ids[0], "scratch")
    assert s.classes.unfit == ids[1:3]
    s.undo(), s.undo(), s.undo()
    assert s.classes.unfit == []
    assert stored(s) == {id: truth(id) for id in ids}


def test_what_no_class_fits_is_grouped_by_what_it_looks_like(s):
    ids = s.pool.ids[:40]
    s.classes.none_fits([id for id in ids if truth(id) != "ok"])
    groups = s.classes.proposals()
    assert [len({truth(id) for id in group}) for group in groups] == [1] * len(groups)
    assert {truth(group[0]) for group in groups} == {"crack", "dent"}
    assert sum(map(len, groups)) >= 20
    s.classes.add("scratch")
    s.label(groups[0], "scratch")
    assert set(groups[0]).isdisjoint(s.classes.unfit)


def test_without_such_items_nothing_is_proposed(s):
    assert s.classes.proposals() == []
    s.classes.none_fits(s.pool.ids[0])
    assert s.classes.proposals() == []


def test_an_audit_that_no_class_fits_counts_as_an_error(s):
    for _ in range(8):
        for id in s.ask(5).ids:
            s.label(id, truth(id))
    audits, y = s._live.label_log.training_set.audits
    right = audits[s.model.predictive.mean[audits].argmax(1) == y]
    before = s.accuracy
    s.classes.none_fits(s.pool.ids[int(right[0])])
    after = s.accuracy
    assert (before.n, after.n) == (len(audits), len(audits))
    assert (after.low, after.high) < (before.low, before.high)


def test_the_page_says_that_no_class_fits_where_labels_are_classes(s, tmp_path):
    id = s.pool.ids[0]
    answer = s._channel.apply("page", [{"seq": 1, "kind": "none", "id": id, "value": None}])
    assert (answer["ack"], answer["refused"]) == (1, [])
    assert s.classes.unfit == [id]
    with spin.open(tmp_path / "t.spin", pool=frame(), task=spin.Number(0, 1)) as numbers:
        answer = numbers._channel.apply("page", [{"seq": 1, "kind": "none", "id": id, "value": None}])
        assert "nothing the labeller may say" in answer["refused"][0]["what"]
        with pytest.raises(LabelError, match="labels here are 'number'"):
            numbers.classes.none_fits(id)


def test_keys_of_a_person_follow_their_classes(s):
    s.labeller.bindings = {"class:crack": "c", "class:dent": "d", "skip": "s"}
    s.classes.rename("crack", "Riss")
    assert s.labeller.bindings == {"class:Riss": "c", "class:dent": "d", "skip": "s"}
    s.classes.retire("dent")
    assert s.labeller.bindings == {"class:Riss": "c", "skip": "s"}
    assert s.labeller.spec["names"] == s.grid.spec["names"] == s.map.panel.names == ["ok", "Riss"]


def test_a_grid_sorted_by_a_class_that_goes_is_in_the_order_of_the_pool(s):
    labelled(s)
    s.grid.show().sort("class:dent")
    s.classes.retire("dent")
    assert s.grid.sorted_by == "pool"
    assert "class:dent" not in [choice["word"] for choice in s.grid.choices]


def test_a_label_that_was_reviewed_stays_reviewed_when_its_class_is_called_otherwise(s):
    ids = labelled(s, 12)
    from spin_nb.session.labels.reviews import is_reviewed

    s.classes.rename(truth(ids[0]), "between")
    s._project.store.append([spin.project.NewEvent("keep", ids[0], "between", annotator="ada")])
    s.classes.rename("between", "other")
    state = s._project.store.state()
    assert is_reviewed(state.decision(ids[0]), state.active[ids[0]], state.classes)
