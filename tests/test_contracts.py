"""Everything registered passes the contract of its kind."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb import testing
from spin_nb.errors import UnknownWordError
from spin_nb.pool.media.audio import Sound
from spin_nb.registry import WORDS, resolve, words

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
    "frames": list(np.random.default_rng(0).integers(0, 256, (6, 4, 16, 16, 3), dtype=np.uint8)),
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
    testing.check_encoder(resolve("encoder", word), ITEMS[word])


@pytest.mark.parametrize("word", sorted(words("detector")))
def test_detectors_keep_their_contract(word):
    testing.check_detector(resolve("detector", word))


@pytest.mark.parametrize("kind", sorted(WORDS))
def test_every_word_leads_somewhere(kind):
    for word in words(kind):
        assert callable(resolve(kind, word))


def test_an_unknown_word_lists_the_known_ones_and_the_closest():
    with pytest.raises(UnknownWordError) as caught:
        resolve("strategy", "entropi")
    assert "did you mean 'entropy'" in str(caught.value)
    assert "bald, batchbald" in str(caught.value)


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
