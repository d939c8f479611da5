"""Sentence encoders and word vectors of the hub: the libraries' numbers, cut by tokens, wrong folders refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import spin_nb as spin
from spin_nb.errors import PoolError
from spin_nb.pool.encoders.hub.hub_encoder import unit_length
from spin_nb.pool.encoders.text_side import encode_texts
from spin_nb.pool.encoders.weights_file import MissingWeightsError
from spin_nb.testing import check_encoder
from tests.pool.encoders.hub.conftest import (
    REASON,
    WORDS,
    into_cache,
    save_sentences,
    save_vectors,
    write_json,
)

transformers = pytest.importorskip("transformers", reason=REASON.format("transformers"))
pytest.importorskip("sentence_transformers", reason=REASON.format("sentence-transformers"))
pytest.importorskip("model2vec", reason=REASON.format("model2vec"))

TEXTS = ["a red car", "the green bike of one", "two", "", "a car " * 300, "not a car", "three four"] * 6
NUMBERS = {word: number for number, word in enumerate(WORDS)}


def by_hand(folder, text: str, most: int, pooling: str) -> np.ndarray:
    """First token, or the mean of all, of a text that is cut so that its end stays."""
    words = [NUMBERS[word] for word in text.split()][: most - 2]
    ids = torch.tensor([[2, *words, 3]])
    with torch.no_grad():
        states = transformers.BertModel.from_pretrained(folder).eval()(input_ids=ids).last_hidden_state[0]
    row = states[0] if pooling == "cls" else states.mean(dim=0)
    return unit_length(row.numpy()[None])[0]


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_features_are_those_of_the_library_whatever_the_company(tmp_path, pooling):
    folder = save_sentences(tmp_path / "bge", pooling=pooling)
    encoder = spin.encoders.BGESmall(weights=folder)
    rows = encoder.encode(TEXTS)
    for row, text in zip(rows[:7], TEXTS[:7], strict=True):
        np.testing.assert_allclose(row, by_hand(folder, text, 8, pooling), atol=1e-5)
    np.testing.assert_allclose(rows[7:14], rows[:7], atol=1e-5)
    check_encoder(lambda: spin.encoders.BGESmall(weights=folder), TEXTS)
    assert len(encoder.encode([])) == 0


def test_it_says_once_how_many_texts_were_cut(tmp_path, capsys):
    folder = save_sentences(tmp_path / "bge")
    encoder = spin.encoders.BGESmall(weights=folder)
    assert encoder.remarks() == []
    with spin.open(tmp_path / "x.spin", pool=TEXTS[:7], classes=["a", "b"], encoder=encoder):
        lines = capsys.readouterr().out.splitlines()
    assert lines == [str(encoder.pretrained[0]), "bge-small of bge: texts cut after 8 tokens: 1."]
    with spin.open(tmp_path / "x.spin", encoder=encoder):
        assert capsys.readouterr().out == ""


def test_texts_are_searched_by_texts(tmp_path):
    encoder = spin.encoders.BGESmall(weights=save_sentences(tmp_path / "bge"))
    np.testing.assert_array_equal(encode_texts(encoder, TEXTS[:3]), encoder.encode(TEXTS[:3]))
    encoder.encode_texts(["a car " * 300])
    assert encoder.remarks() == []


@pytest.mark.parametrize("name", ["sentence-transformers:small", "hf:sentence-transformers/small"])
def test_models_without_a_word_are_named_after_their_library(cache, tmp_path, name):
    folder = into_cache(save_sentences(tmp_path / "m"), cache, "sentence-transformers/small")
    path = tmp_path / "x.spin"
    with spin.open(path, pool=TEXTS[:7], classes=["a", "b"], encoder=name) as s:
        s.label({item: "ab"[row % 2] for row, item in enumerate(s.ask(4))})
    (folder / "model.safetensors").unlink()
    with spin.open(path) as s, pytest.raises(MissingWeightsError, match="not on this machine"):
        s.predict(["a red car of another"])
    save_sentences(folder)
    with spin.open(path) as s:
        assert len(s) == 7


def test_a_model_without_a_pooling_of_its_own_gives_the_mean(tmp_path):
    folder = save_sentences(tmp_path / "bert", most=16)
    (folder / "modules.json").unlink()
    encoder = spin.encoders.HubModel("hf:ann/bert", weights=folder).encoder_for("text")
    np.testing.assert_allclose(
        encoder.encode(["a red car"])[0], by_hand(folder, "a red car", 16, "mean"), atol=1e-5
    )


def test_word_vectors_are_averaged(tmp_path):
    from safetensors.torch import load_file

    folder = save_vectors(tmp_path / "potion")
    table = load_file(folder / "model.safetensors")["embeddings"].numpy()
    encoder = spin.encoders.Potion(weights=folder)
    rows = encoder.encode(TEXTS)
    expected = table[[NUMBERS[word] for word in ("a", "red", "car")]].mean(axis=0)
    np.testing.assert_allclose(rows[0], unit_length(expected[None])[0], atol=1e-5)
    assert encoder.remarks() == ["potion of potion: texts cut after 512 tokens: 6."]
    check_encoder(lambda: spin.encoders.Potion(weights=folder), TEXTS)
    assert len(encoder.encode([])) == 0


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / "tokenizer.json").unlink(), "has no tokenizer"),
        (lambda folder: (folder / "config.json").unlink(), "has no config.json"),
        (lambda folder: (folder / "modules.json").write_text("["), "modules.json in 'm' cannot be read"),
        (lambda folder: (folder / "model.safetensors").unlink(), "has no model.safetensors"),
        (
            lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"),
            "as a pickle",
        ),
        (
            lambda folder: write_json(folder / "config.json", {"model_type": "distilbert"}),
            "are not those of the model",
        ),
    ],
)
def test_a_wrong_folder_of_a_sentence_encoder_says_so(tmp_path, damage, words):
    damage(save_sentences(tmp_path / "m"))
    with pytest.raises(PoolError, match=words):
        spin.encoders.BGESmall(weights=tmp_path / "m")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / "tokenizer.json").unlink(), "has no tokenizer.json"),
        (lambda folder: (folder / "tokenizer.json").write_text("{"), "holds no model"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"1234567890"), "holds no model"),
    ],
)
def test_a_wrong_folder_of_word_vectors_says_so(tmp_path, damage, words):
    damage(save_vectors(tmp_path / "m"))
    with pytest.raises(PoolError, match=words):
        spin.encoders.Potion(weights=tmp_path / "m")


def test_another_kind_of_item_says_so(tmp_path):
    with pytest.raises(PoolError, match="is no text"):
        spin.encoders.Potion(weights=save_vectors(tmp_path / "m")).encode([np.zeros((3, 3), np.uint8)])
