"""Audio models of the hub: the library's numbers at the model's rate, long sounds in pieces, nothing at random."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import spin_nb as spin
from spin_nb.errors import PoolError
from spin_nb.pool.encoders.hub.hub_encoder import unit_length
from spin_nb.pool.encoders.hub.sounds import pieces_of
from spin_nb.pool.encoders.text_side import encode_texts
from spin_nb.pool.media.audio import Sound
from spin_nb.testing import check_encoder
from tests.pool.encoders.hub.conftest import REASON, WORDS, write_tokenizer

transformers = pytest.importorskip("transformers", reason=REASON.format("transformers"))
RATE = 48_000


def noise(seconds: float, rate: int = RATE, seed: int = 0) -> Sound:
    return Sound(np.random.default_rng(seed).normal(size=int(seconds * rate)).astype(np.float32) / 4, rate)


def save_clap(folder, *, is_fused: bool = False):
    """A small CLAP with random weights."""
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    marks = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
    text = {**sizes, **marks, "vocab_size": len(WORDS), "max_position_embeddings": 32, "projection_dim": 16}
    audio = {
        "spec_size": 256,
        "hidden_size": 32,
        "depths": [1, 1],
        "num_attention_heads": [2, 2],
        "num_hidden_layers": 2,
        "patch_embeds_hidden_size": 16,
        "projection_dim": 16,
        "enable_fusion": is_fused,
        "fusion_type": None,
        "aff_block_r": 2,
    }
    config = transformers.ClapConfig(text_config=text, audio_config=audio, projection_dim=16)
    transformers.ClapModel(config).save_pretrained(folder)
    truncation = "fusion" if is_fused else "rand_trunc"
    transformers.ClapFeatureExtractor(truncation=truncation).save_pretrained(folder)
    write_tokenizer(folder, 30)
    return folder


@pytest.fixture(scope="module")
def clap(tmp_path_factory):
    """Folder of a small CLAP."""
    return save_clap(tmp_path_factory.mktemp("hub") / "clap")


def by_hand(folder, samples: list[np.ndarray]) -> np.ndarray:
    net = transformers.ClapModel.from_pretrained(folder).eval()
    extractor = transformers.ClapFeatureExtractor.from_pretrained(folder)
    with torch.no_grad():
        output = net.get_audio_features(**extractor(samples, sampling_rate=RATE, return_tensors="pt"))
    return np.asarray(getattr(output, "pooler_output", output))


def test_features_are_those_of_the_library(clap):
    encoder = spin.encoders.CLAP(weights=clap)
    short, long = noise(3), noise(25, seed=1)
    np.testing.assert_allclose(
        encoder.encode([short])[0], unit_length(by_hand(clap, [short.samples]))[0], atol=1e-4
    )
    pieces = pieces_of(long, RATE)
    assert [len(piece) for piece in pieces] == [400_000] * 3
    expected = by_hand(clap, pieces).mean(axis=0, keepdims=True)
    np.testing.assert_allclose(encoder.encode([short, long])[1:], unit_length(expected), atol=1e-4)
    check_encoder(lambda: spin.encoders.CLAP(weights=clap), [noise(1, 8_000, seed) for seed in range(4)])
    assert len(encoder.encode([])) == 0


def test_sounds_are_brought_to_the_models_rate():
    time = np.arange(8_000) / 8_000
    piece = pieces_of(Sound(np.sin(2 * np.pi * 100 * time).astype(np.float32), 8_000), 16_000)[0]
    expected = np.sin(2 * np.pi * 100 * np.arange(16_000) / 16_000)
    np.testing.assert_allclose(piece[500:-500], expected[500:-500], atol=0.01)
    assert len(pieces_of(noise(0.1, 8_000), 16_000)[0]) == 16_000


def test_a_fused_model_hears_the_same_each_time(tmp_path):
    encoder = spin.encoders.HubModel("hf:ann/fused", weights=save_clap(tmp_path / "fused", is_fused=True))
    encoder = encoder.encoder_for("audio")
    sound = noise(25)
    np.testing.assert_array_equal(encoder.encode([sound]), encoder.encode([sound]))


def test_sounds_and_texts_lie_in_one_space(clap):
    net = transformers.ClapModel.from_pretrained(clap).eval()
    with torch.no_grad():
        output = net.get_text_features(
            input_ids=torch.tensor([[2, 4, 5, 7, 3]]), attention_mask=torch.ones(1, 5, dtype=torch.long)
        )
    expected = np.asarray(getattr(output, "pooler_output", output))
    texts = encode_texts(spin.encoders.CLAP(weights=clap), ["a red car", "a green bike of one two"])
    np.testing.assert_allclose(texts[:1], unit_length(expected), atol=1e-5)
    assert texts.shape == (2, 16)


def test_a_model_of_speech_gives_the_mean_over_time(tmp_path):
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    layers = {
        "conv_dim": (16, 16),
        "conv_stride": (5, 2),
        "conv_kernel": (10, 3),
        "num_feat_extract_layers": 2,
    }
    positions = {"num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2}
    net = transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(**sizes, **layers, **positions)).eval()
    net.save_pretrained(tmp_path)
    transformers.Wav2Vec2FeatureExtractor().save_pretrained(tmp_path)
    sound = noise(1.5, 16_000)
    normal = (sound.samples - sound.samples.mean()) / np.sqrt(sound.samples.var() + 1e-7)
    with torch.no_grad():
        expected = net(torch.from_numpy(normal[None])).last_hidden_state.mean(dim=1).numpy()
    encoder = spin.encoders.HubModel("hf:ann/speech", weights=tmp_path).encoder_for("audio")
    np.testing.assert_allclose(encoder.encode([sound]), unit_length(expected), atol=1e-3)


def test_another_kind_of_item_and_of_model_say_so(clap, dinov2):
    with pytest.raises(PoolError, match="is no sound"):
        spin.encoders.CLAP(weights=clap).encode(["a text"])
    with pytest.raises(PoolError, match=r"holds no model that .* can use"):
        spin.encoders.CLAP(weights=dinov2)
