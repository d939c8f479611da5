"""Arguments that make no sense: refused in words, whatever they are."""

from __future__ import annotations

import logging

import numpy as np
import polars as pl
import pytest

import spin_nb as spin
from spin_nb.errors import (
    ExportError,
    LabelError,
    ModelError,
    PoolError,
    ProjectError,
    QueryError,
    SettingError,
    SpinError,
)

ODD = [None, 5, 1.5, np.array(3), np.zeros((2, 2)), [], [[1]], {}, {"a": {}}, object(), int, len, b"x"]


class Evil:
    __hash__ = None

    def __repr__(self):
        raise RuntimeError("evil repr")

    def __eq__(self, other):
        raise RuntimeError("evil eq")


class EvilMapping(dict):
    def items(self):
        raise RuntimeError("evil items")


@pytest.fixture(scope="module")
def s(tmp_path_factory):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 4)).astype(np.float32)
    s = spin.open(tmp_path_factory.mktemp("bad") / "p.spin", pool=rows, classes=["a", "b"])
    s.label({id: "ab"[int(rows[n, 0] > 0)] for n, id in enumerate(s.pool.ids[:12])})
    yield s
    s.close()


def refused(error, call, *args, **kwargs):
    with pytest.raises(error) as caught:
        call(*args, **kwargs)
    assert len(str(caught.value)) < 1000
    assert "evil repr" not in str(caught.value)
    assert caught.value.do


@pytest.mark.parametrize(
    "value", [*ODD, Evil(), EvilMapping(a=1), "x" * 1_000_000], ids=lambda v: type(v).__name__
)
def test_every_command_refuses_what_is_no_item(s, value):
    calls = [s.label, s.skip, s.unsure, s.flag, s._channel.card, s.explain, s.model.suggestion]
    for call in calls:
        refused(SpinError, call, value, *(["a"] if call == s.label and not isinstance(value, dict) else []))
    if not isinstance(value, str):
        refused(LabelError, s._view_data.value, value)
    refused(LabelError, s.label, s.pool.ids[0], value)


@pytest.mark.parametrize("value", [*ODD[1:], Evil(), EvilMapping(a=1)], ids=lambda v: type(v).__name__)
def test_strategies_targets_heads_and_pools_of_the_wrong_kind_are_refused(s, tmp_path, value):
    refused(QueryError, s.ask, 1, strategy=value)
    refused(ModelError, s.predict, s.pool.ids[:2], head=value)
    refused(SpinError, s.export, tmp_path / "bundle", target=value)
    for name in ("read_only", "trusted"):
        refused(
            ProjectError,
            spin.open,
            tmp_path / "new.spin",
            pool=["a", "b"],
            classes=["a", "b"],
            **{name: value},
        )


@pytest.mark.parametrize("value", [np.zeros(2), 1, "yes", Evil()], ids=lambda v: type(v).__name__)
def test_to_show_a_model_is_yes_or_no(s, value):
    refused(ModelError, s.train, "mlp", show=value)


@pytest.mark.parametrize("value", [np.zeros(2), 1, "yes", None, Evil()], ids=lambda v: type(v).__name__)
def test_to_wait_is_yes_or_no_before_anything_has_started(s, value):
    n = len(s.pool.ids)
    refused(PoolError, s.watch, np.zeros((2, 4), np.float32), wait=value)
    refused(ModelError, s.train, wait=value)
    assert s.ask(1)
    assert len(s.pool.ids) == n


@pytest.mark.parametrize("value", ["soon", [1], Evil()], ids=lambda v: type(v).__name__)
def test_a_handle_waits_for_a_number_of_seconds(s, value):
    refused(LabelError, s.train().result, value)


@pytest.mark.parametrize("box", [print, None, [1], [1, 2, 3, "x"], [[1], 2, 3, 4], Evil()])
def test_a_piece_of_a_picture_is_four_numbers(s, box):
    refused(LabelError, s._channel.detail, s.pool.ids[0], box, 10)
    refused(LabelError, s._channel.detail, s.pool.ids[0], [0, 0, 1, 1], box)
    if box is not None:
        refused(LabelError, s._channel.detail, s.pool.ids[0], [0, 0, 1, 1], 10, box)
        refused(LabelError, s._channel.frame, s.pool.ids[0], 0, box)


@pytest.mark.parametrize("value", [print, 5, [Evil()], (1 / 0 for _ in [1])], ids=lambda v: type(v).__name__)
def test_names_of_series_are_texts(value):
    for word in ("channels", "ids"):
        refused(PoolError, spin.TimeSeries, np.zeros((2, 1, 5)), **{word: value})


@pytest.mark.parametrize("model", [print, None, 5, [], Evil(), "\0", "~nobody-at-all/x"])
def test_an_onnx_file_is_a_path(model):
    refused(PoolError, spin.encoders.OnnxOutput, model, "features")


@pytest.mark.parametrize("encoder", [np.array(3), np.zeros((2, 2)), int, type, len, Evil(), 5])
def test_encoders_of_the_wrong_kind_are_refused(tmp_path, encoder):
    refused(PoolError, spin.open, tmp_path / "p.spin", pool=["a", "b"], classes=["a", "b"], encoder=encoder)


@pytest.mark.parametrize("path", ["x" * 300, "\0", "~nobody-at-all/x"])
def test_paths_that_no_system_takes_are_refused(s, tmp_path, path):
    refused(ExportError, s.export, path)
    refused(PoolError, spin.open, tmp_path / "p.spin", pool=path, classes=["a", "b"])
    refused(ProjectError, spin.open, path, pool=["a", "b"], classes=["a", "b"])


def test_items_that_fail_while_they_are_read_are_refused(s):
    refused(PoolError, s.predict, (1 / 0 for _ in [1]))
    refused(PoolError, s.watch, EvilMapping(a=1))


def test_names_of_a_megabyte_are_not_repeated(s):
    refused(ModelError, s.predict, s.pool.ids[:2], head="x" * 1_000_000)
    refused(PoolError, spin.encoders.OnnxOutput, "x" * 1_000_000, "features")


def test_a_strategy_that_asks_for_what_there_is_not_is_told_what_there_is(s):
    for strategy in (lambda X: X, lambda probs, X: probs, lambda probs, /: probs):
        with pytest.raises(QueryError, match="cannot be called") as caught:
            s.ask(2, strategy=strategy)
        assert "it may name" in caught.value.do


def test_what_the_queue_is_asked_for_is_checked(s):
    for n in (None, 1.5, np.array(3), [], {}, object(), "3", -1, float("nan"), True, Evil()):
        refused(LabelError, s._channel.queue_cards, n)
        refused(LabelError, s._channel.past, "undo", n)
    for tokens in (None, 5, "abc", Evil(), {1}):
        refused(LabelError, s._channel.queue_cards, 1, tokens)
        refused(LabelError, s._channel.suggestions, tokens)
        refused(LabelError, s._channel.apply, "c", tokens)
    assert s._channel.suggestions([[], {}, None, 5]) == {}
    refused(LabelError, s._channel.apply, "x" * 1000, [])
    refused(LabelError, s._channel.apply, None, [])


def test_a_selection_that_fails_while_it_is_read_is_refused(s):
    before = s.selected
    for ids in ((1 / 0 for _ in [1]), EvilMapping(a=1), 5, "item"):
        with pytest.raises(SettingError):
            s.selected = ids
    for ids in ([Evil()], ["no such"]):
        with pytest.raises(LabelError):
            s.selected = ids
    assert s.selected == before


def test_a_target_of_ones_own_that_fails_is_an_export_error(s, tmp_path):
    s.train(wait=True)
    with pytest.raises(ExportError, match="ZeroDivisionError"):
        s.export(tmp_path / "bundle", target=lambda *_: 1 / 0)


def test_what_a_page_says_wrongly_is_answered_in_words_and_not_logged(s, caplog):
    answers = []
    labeller = s.labeller
    labeller.send = lambda content, buffers=None: answers.append(content)
    wrong = [
        {"verb": verb} for verb in ("apply", "card", "frame", "detail", "bind", "zz", None, {}, "x" * 100_000)
    ]
    wrong += [{"verb": "past", "kind": "zz"}, {"verb": "past", "n": "x"}, {"verb": "cards", "n": None}]
    wrong += [
        {"verb": "cards", "have": 5},
        {"verb": "suggestions", "tokens": 5},
        {"verb": "bind", "bindings": 5},
    ]
    wrong += [{"verb": "detail", "id": s.pool.ids[0], "box": box} for box in (5, [1], [1, 2, 3, "x"])]
    wrong += [{"verb": "apply", "client": {}, "entries": []}, {"verb": "apply", "client": "c", "entries": 5}]
    with caplog.at_level(logging.ERROR):
        for call, message in enumerate(wrong):
            labeller._receive(labeller, {"call": call, **message}, [])
    assert [answer["reply"] for answer in answers] == list(range(len(wrong)))
    for answer in answers:
        assert answer["problem"]["do"]
        assert len(answer["problem"]["what"]) < 500
        assert "Error" not in answer["problem"]["what"]
    assert caplog.records == []


@pytest.mark.parametrize(
    "value",
    [*(value for value in ODD if not isinstance(value, dict)), {"a": {}}, Evil(), EvilMapping(a=1)],
    ids=lambda v: type(v).__name__,
)
def test_keys_of_the_labeller_that_are_none_are_refused(s, value):
    refused(SettingError, setattr, s.labeller, "bindings", value)
    assert s.labeller.bindings == s._view_data.key_bindings.get() == {}


def test_what_a_page_sets_wrongly_is_said_and_put_back(s):
    labeller, told = s.labeller, []
    labeller.send = lambda content, buffers=None: told.append(content)
    for bindings in (5, {"skip": "not a key"}, {"zz": "s"}):
        labeller.set_state({"bindings": bindings})
        assert labeller.bindings == s._view_data.key_bindings.get()
    assert [content["push"] for content in told] == ["problem"] * 3


def test_whole_numbers_as_classes_are_their_text(tmp_path):
    frame = pl.DataFrame({"x": [0.0, 1.0, 2.0, 3.0], "y": [0, 1, None, None]})
    s = spin.open(tmp_path / "p.spin", pool=frame, classes=[0, 1], labels_from="y")
    assert s.classes == ["0", "1"]
    s.label(s.pool.ids[2], 1)
    s.label({s.pool.ids[3]: np.int64(0)})
    assert list(s.values.values()) == ["0", "1", "1", "0"]
    assert s.suggest({s.pool.ids[0]: (1, 0.5)}) == 1
    assert s.model.suggestion(s.pool.ids[0]) == ("1", 0.5)
    for value in (1.0, True):
        with pytest.raises(LabelError, match="is not a class"):
            s.label(s.pool.ids[2], value)
    s.close()
    spin.open(tmp_path / "p.spin", classes=np.array([0, 1])).close()
