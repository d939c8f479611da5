"""Everything registered passes the contract of its kind."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import numpy as np
import pytest

import spin_nb
from spin_nb import registry, testing
from spin_nb.errors import SettingError, UnknownWordError
from spin_nb.monitor.drift import adwin
from spin_nb.pool.media.audio import Sound
from spin_nb.pool.media.extras import MissingPackageError
from spin_nb.registry import WORDS, register, resolve, words

PICTURE = (np.arange(64).reshape(8, 8) * 4).astype(np.uint8)
WAVE = np.sin(np.arange(60, dtype=np.float32))
SOURCES = {
    "image": [PICTURE, np.stack([PICTURE] * 3, axis=2)],
    "text": ["a plain text", "<script>alert(1)</script>"],
    "table": [{"speed": 3.5, "kind": "drill"}, np.array([1.0, 2.0], np.float32)],
    "series": [WAVE, np.stack([WAVE, WAVE])],
    "audio": [Sound(np.sin(np.arange(4000) * 0.1).astype(np.float32), 8000)],
    "video": [np.stack([np.stack([PICTURE] * 3, axis=2)] * 4)],
    "several": [{"photo": PICTURE, "words": "a text"}],
}


def pictures(side: int, n: int = 40, colours: bool = False) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [
        rng.integers(0, 255, (side, side, 3) if colours else (side, side), dtype=np.uint8) for _ in range(n)
    ]


ITEMS = {
    "pixels-pca": pictures(8),
    "photo": pictures(96, 12, colours=True),
    "tfidf-svd": [
        f"{a} {b} {a}" for a in ("red", "green", "blue", "dark") for b in ("car", "bike", "bus", "ship")
    ],
    "columns": [{"speed": float(i), "kind": "ab"[i % 2], "hole": None if i % 5 else 1.0} for i in range(30)],
    "convolutions": [np.sin(np.arange(60, dtype=np.float32) * (1 + n / 9))[None] for n in range(12)],
    "log-mel": [Sound(np.sin(np.arange(4000) * 0.05 * (n + 1)).astype(np.float32), 8000) for n in range(12)],
    "sound": [Sound(np.sin(np.arange(4000) * 0.05 * (n + 1)).astype(np.float32), 8000) for n in range(12)],
    "clap": [Sound(np.sin(np.arange(4000) * 0.05 * (n + 1)).astype(np.float32), 8000) for n in range(5)],
    "panns": [Sound(np.sin(np.arange(4000) * 0.05 * (n + 1)).astype(np.float32), 8000) for n in range(5)],
    "frames": list(np.random.default_rng(0).integers(0, 256, (6, 4, 16, 16, 3), dtype=np.uint8)),
    "efficientnet-lite": pictures(96, 5, colours=True),
    "dinov2": pictures(96, 5, colours=True),
    "siglip2": pictures(96, 5, colours=True),
    "clip": pictures(96, 5, colours=True),
    "bge-small": ["red car", "green bike", "blue bus", "dark ship"],
    "potion": ["red car", "green bike", "blue bus", "dark ship"],
    "minilm": ["red car", "green bike", "blue bus", "dark ship"],
    "parts": [{"words": f"{'ab'[n % 2]} word", "row": {"n": float(n)}} for n in range(12)],
}


@pytest.mark.parametrize("word", sorted(words("posterior")))
def test_posteriors_keep_their_contract(word):
    testing.check_posterior(resolve("posterior", word))


@pytest.mark.parametrize("word", sorted(words("strategy")))
def test_strategies_keep_their_contract(word):
    testing.check_strategy(resolve("strategy", word))


@pytest.mark.parametrize("word", sorted(words("modality")))
def test_modalities_keep_their_contract(word):
    testing.check_modality(resolve("modality", word)(), SOURCES[word])


@pytest.mark.parametrize("word", sorted(words("encoder")))
def test_encoders_keep_their_contract(word):
    make = resolve("encoder", word)
    try:
        make()
    except MissingPackageError as problem:
        pytest.skip(str(problem))
    testing.check_encoder(make, ITEMS[word])


def test_the_detector_of_drift_keeps_its_contract():
    testing.check_detector(adwin)


@pytest.mark.parametrize("kind", sorted(WORDS))
def test_every_word_leads_somewhere(kind):
    for word in words(kind):
        assert callable(resolve(kind, word))


def test_an_unknown_word_lists_the_known_ones_and_the_closest():
    with pytest.raises(UnknownWordError) as caught:
        resolve("strategy", "entropi")
    assert "did you mean 'entropy'" in str(caught.value)
    assert "bald, batchbald" in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "spec", "word"),
    [
        ("encoder", "PANNs", "panns"),
        ("encoder", "MiniLM", "minilm"),
        ("encoder", "efficientnet_lite", "efficientnet-lite"),
        ("encoder", "EfficientNet Lite0", "efficientnet-lite"),
        ("strategy", "Least-Confident", "least_confident"),
        ("posterior", "LAPLACE_ALL", "laplace-all"),
        ("network", "CNN", "cnn"),
        ("target", "Jetson", "jetson"),
        ("task", "FreeText", "freetext"),
        ("modality", "IMAGE", "image"),
        ("view", "Map", "map"),
    ],
)
def test_a_word_written_another_way_is_hinted_at(kind, spec, word):
    with pytest.raises(UnknownWordError, match=f"did you mean '{word}'"):
        resolve(kind, spec)


def test_auto_written_another_way_is_hinted_at(tmp_path):
    with pytest.raises(UnknownWordError, match="did you mean 'auto'"):
        spin_nb.open(tmp_path / "x.spin", pool=["a text", "another"], classes=["a", "b"], encoder="Auto")


def test_a_word_that_people_expect_says_what_there_is_instead():
    for word in ("minirocket", "MiniRocket", "MINIROCKET", "rocket"):
        with pytest.raises(UnknownWordError, match="'convolutions' is this method, built in"):
            resolve("encoder", word)
    for (kind, word), hint in registry.EXPECTED_WORDS.items():
        assert word not in words(kind)
        assert any(f"'{name}'" in hint for name in words(kind))


def test_an_unknown_kind_lists_the_known_ones():
    for ask in (
        lambda: words("colour"),
        lambda: resolve("colour", "red"),
        lambda: register("colour", "red", len),
    ):
        with pytest.raises(UnknownWordError, match="no kind 'colour' of parts") as caught:
            ask()
        assert "encoder, modality, task" in str(caught.value)


class TestRegister:
    def test_a_word_of_ones_own_stands_for_it_and_may_be_given_anew(self, monkeypatch):
        monkeypatch.setattr(registry, "_registered", {})
        for part in (testing.check_task, testing.check_strategy):
            register("strategy", "mine", part)
            assert resolve("strategy", "mine") is part
        assert words("strategy")["mine"] == "spin_nb.testing:check_strategy"
        assert "mine" not in words("encoder")

    def test_a_word_that_is_taken_is_refused(self, monkeypatch, package):
        monkeypatch.setattr(registry, "_registered", {})
        package("strategy", "theirs", "spin_nb.query.scores:margin")
        for word in ("entropy", "theirs"):
            with pytest.raises(SettingError, match=f"a strategy is called '{word}' already"):
                register("strategy", word, len)

    @pytest.mark.parametrize(("word", "part"), [("mine", "margin"), ("", len), (5, len)])
    def test_what_is_no_part_is_refused(self, word, part):
        with pytest.raises(SettingError, match="cannot be registered"):
            register("strategy", word, part)


@pytest.fixture
def package(monkeypatch):
    """Let a package of somebody else add one word."""

    def add(kind, word, place):
        entries = [EntryPoint(name=word, value=place, group=f"spin_nb.{kind}")]
        monkeypatch.setattr(
            registry, "entry_points", lambda group: entries if group == f"spin_nb.{kind}" else []
        )
        registry._added_by_packages.cache_clear()

    yield add
    registry._added_by_packages.cache_clear()


def test_a_package_adds_a_word(package):
    package("strategy", "theirs", "spin_nb.query.scores:margin")
    assert resolve("strategy", "theirs") is resolve("strategy", "margin")


def test_a_package_that_adds_a_word_of_ours_is_named_and_ours_is_used(package):
    package("strategy", "entropy", "spin_nb.query.scores:margin")
    with pytest.warns(UserWarning, match="'entropy', which spin_nb has already: spin_nb's is used"):
        assert resolve("strategy", "entropy").__name__ == "entropy"


@pytest.mark.parametrize("kind", sorted(WORDS["task"]))
def test_every_task_is_stored_under_its_word(kind):
    assert resolve("task", kind).kind == kind


def test_a_spec_may_be_the_object_itself():
    assert resolve("strategy", len) is len


@pytest.mark.parametrize(
    ("check", "broken"),
    [
        (testing.check_strategy, lambda probs, draws, k, *, seed: None),
        (
            testing.check_detector,
            lambda: type("Deaf", (), {"update": lambda s, x: None, "drift_detected": False})(),
        ),
        (testing.check_posterior, object),
    ],
)
def test_a_part_that_breaks_its_contract_is_found_out(check, broken):
    with pytest.raises(AssertionError):
        check(broken)
