"""Vision models of the hub: the numbers of the library itself, from folders and the cache; what is wrong says so."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from PIL import Image

import spin_nb as spin
from spin_nb.errors import ModelError, PoolError, ProjectError
from spin_nb.pool.encoders.hub.hub_encoder import unit_length
from spin_nb.pool.encoders.text_side import encode_texts
from spin_nb.pool.encoders.weights_file import MissingWeightsError
from spin_nb.pool.features.cache import features
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources.read import read_pool
from spin_nb.testing import check_encoder
from tests.pool.encoders.hub.conftest import (
    REASON,
    RESIZED,
    SIDE,
    into_cache,
    picture_preparation,
    save_clip,
    save_dinov2,
    write_json,
)

transformers = pytest.importorskip("transformers", reason=REASON.format("transformers"))


def prepared(pixels: np.ndarray) -> np.ndarray:
    """What picture_preparation says, written out: float32 (3, 28, 28)."""
    image = Image.fromarray(pixels).convert("RGB")
    scale = RESIZED / min(image.size)
    image = image.resize([int(length * scale) for length in image.size], Image.Resampling.BICUBIC)
    left, top = (image.width - SIDE) // 2, (image.height - SIDE) // 2
    values = np.asarray(image.crop((left, top, left + SIDE, top + SIDE)), np.float32) / 255
    return ((values - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).transpose(2, 0, 1).astype(np.float32)


def as_tensor(photos: list[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.stack([prepared(photo) for photo in photos]))


def test_features_are_those_of_the_library_on_pictures_prepared_as_the_model_says(dinov2, photos):
    net = transformers.Dinov2Model.from_pretrained(dinov2).eval()
    with torch.no_grad():
        expected = net(pixel_values=as_tensor(photos[:5])).pooler_output.numpy()
    encoder = spin.encoders.DINOv2(weights=dinov2)
    np.testing.assert_allclose(encoder.encode(photos[:5]), unit_length(expected), atol=1e-4)
    check_encoder(lambda: spin.encoders.DINOv2(weights=dinov2), photos[:9])
    assert encoder.encode([photos[0][:, :, 0]]).shape == (1, 24)
    assert len(encoder.encode([])) == 0


def test_pictures_and_texts_lie_in_one_space(clip, photos):
    net = transformers.CLIPModel.from_pretrained(clip).eval()
    tokens = torch.tensor([[2, 4, 5, 7, 3], [2, 4, 6, 8, 3]])
    with torch.no_grad():
        output = net(input_ids=tokens, pixel_values=as_tensor(photos[:5]), attention_mask=torch.ones(2, 5))
    encoder = spin.encoders.CLIP(weights=clip)
    np.testing.assert_allclose(encoder.encode(photos[:5]), output.image_embeds, atol=1e-4)
    texts = encode_texts(encoder, ["a red car", "a green bike"])
    np.testing.assert_allclose(texts, output.text_embeds, atol=1e-5)
    assert encode_texts(encoder, ["a red car of one two three four"] * 20).shape == (20, 16)


def test_without_a_text_side_it_says_which_encoder_has_one(dinov2):
    with pytest.raises(PoolError, match="'dinov2 of dinov2-small' has no text side") as error:
        spin.encoders.DINOv2(weights=dinov2).encode_texts(["a red car"])
    assert 'encoder="clip"' in error.value.do


def test_texts_are_projected_as_wide_features_are(tmp_path, photos):
    rng = np.random.default_rng(0)
    pool = Pool.save(tmp_path / "pool", read_pool(rng.integers(0, 256, (60, 20, 20, 3), dtype=np.uint8)))
    torch.manual_seed(0)
    sizes = {"hidden_size": 24, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    folder = save_clip(tmp_path / "clip")
    text = {**sizes, "vocab_size": 16, "max_position_embeddings": 8, "eos_token_id": 3}
    vision = {**sizes, "image_size": SIDE, "patch_size": 14}
    config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=400)
    transformers.CLIPModel(config).save_pretrained(folder)
    encoder, rows = features(pool, spin.encoders.CLIP(weights=folder))
    assert encode_texts(encoder, ["a red car"]).shape == (1, rows.shape[1])
    assert rows.shape[1] < 400


def test_a_pooling_layer_that_was_not_trained_is_left_out(tmp_path, photos):
    torch.manual_seed(0)
    sizes = {"hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    net = transformers.ViTForImageClassification(
        transformers.ViTConfig(**sizes, image_size=SIDE, patch_size=14)
    ).eval()
    net.save_pretrained(tmp_path)
    write_json(tmp_path / "preprocessor_config.json", picture_preparation("CLIPImageProcessor"))
    with torch.no_grad():
        expected = net.vit(as_tensor(photos[:3])).last_hidden_state[:, 0].numpy()
    encoder = spin.encoders.HubModel("hf:ann/vit", weights=tmp_path).encoder_for("image")
    np.testing.assert_allclose(encoder.encode(photos[:3]), unit_length(expected), atol=1e-4)


def test_a_model_of_the_cache_needs_no_network_and_is_reopened_by_the_projects_path(
    cache, tmp_path, photos, capsys
):
    snapshot = into_cache(save_dinov2(tmp_path / "model"), cache, "ann/dinov2-tiny")
    (snapshot / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n# A model\n")
    images = np.stack([photo[:80, :90] for photo in photos])
    path, name = tmp_path / "x.spin", "hf:ann/dinov2-tiny"
    with spin.open(path, pool=images, classes=["a", "b"], encoder=[name, "photo"]) as s:
        lines = capsys.readouterr().out.splitlines()
        assert lines == [
            f"{name}: ann/dinov2-tiny. Licence cc-by-nc-4.0, NOT for commercial use; 1 MB from ann/dinov2-tiny on the "
            "Hugging Face hub."
        ]
        s.label({item: "ab"[row % 2] for row, item in enumerate(s.ask(4))})
    with spin.open(path) as s:
        assert capsys.readouterr().out == ""
        assert s.watch(images[:2] // 2, wait=True).n == 2
    with pytest.raises(ProjectError, match="not run with trusted=False"):
        spin.open(path, trusted=False)


def test_a_project_whose_model_left_the_cache_opens_with_the_features_it_keeps(cache, tmp_path, photos):
    snapshot = into_cache(save_dinov2(tmp_path / "model"), cache, "ann/dinov2-tiny")
    images = np.stack([photo[:80, :90] for photo in photos])
    path, name = tmp_path / "x.spin", "hf:ann/dinov2-tiny"
    with spin.open(path, pool=images, classes=["a", "b"], encoder=name) as s:
        before = np.array(s._live.pool_model.features)
    shutil.rmtree(snapshot)
    for options in ({}, {"encoder": spin.encoders.HubModel(name)}):
        with spin.open(path, **options) as s:
            np.testing.assert_array_equal(s._live.pool_model.features, before)
            s.label(s.pool.ids[0], "a")
            with pytest.raises(MissingWeightsError) as caught:
                s.predict(images[:1] // 2)
    assert "this project's features come from 'hf:ann/dinov2-tiny'" in caught.value.what
    assert "hf download ann/dinov2-tiny" in caught.value.do
    assert "encoder='photo'" in caught.value.do


def test_a_folder_of_the_cache_can_be_brought(cache, tmp_path, photos):
    snapshot = into_cache(save_dinov2(tmp_path / "model"), cache, "facebook/dinov2-small")
    by_word = spin.encoders.DINOv2()
    brought = spin.encoders.DINOv2(weights=snapshot.parents[1])
    assert (by_word.name, brought.name) == ("dinov2", f"dinov2 of {'0' * 40}")
    np.testing.assert_array_equal(by_word.encode(photos[:2]), brought.encode(photos[:2]))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: [path.unlink() for path in folder.iterdir()], "is empty"),
        (lambda folder: (folder / "config.json").unlink(), "has no config.json"),
        (lambda folder: (folder / "preprocessor_config.json").unlink(), "has no preprocessor_config.json"),
        (lambda folder: (folder / "model.safetensors").unlink(), "has no model.safetensors"),
        (
            lambda folder: (folder / "model.safetensors").write_bytes(b"version https://git-lfs"),
            "holds no model",
        ),
        (lambda folder: (folder / "config.json").write_text("{"), "holds no model"),
        (
            lambda folder: write_json(folder / "config.json", {"model_type": "dinosaur"}),
            "holds no model that .* can use",
        ),
        (
            lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"),
            "as a pickle .pytorch_model.bin., which can run code",
        ),
    ],
)
def test_a_wrong_folder_says_so(tmp_path, damage, words):
    damage(save_dinov2(tmp_path / "model"))
    with pytest.raises(PoolError, match=words) as error:
        spin.encoders.DINOv2(weights=tmp_path / "model")
    assert error.value.do


def test_weights_of_another_model_say_so(tmp_path, clip, dinov2):
    folder = save_dinov2(tmp_path / "model")
    (folder / "model.safetensors").write_bytes((clip / "model.safetensors").read_bytes())
    with pytest.raises(PoolError, match=r"are not those of the model its config.json describes: it has no"):
        spin.encoders.DINOv2(weights=folder)
    save_dinov2(tmp_path / "deep", layerscale_value=0.5)
    facts = (folder / "config.json").read_text().replace('"hidden_size": 24', '"hidden_size": 48')
    (tmp_path / "deep" / "config.json").write_text(facts)
    with pytest.raises(PoolError, match=r"are not those of the model its config.json describes"):
        spin.encoders.DINOv2(weights=tmp_path / "deep")
    arrays = spin.encoders.DINOv2(weights=dinov2).to_arrays()
    with pytest.raises(ModelError, match="other weights"):
        spin.encoders.DINOv2.from_arrays(arrays, spin.encoders.DINOv2(weights=save_dinov2(tmp_path / "b", 1)))


def test_code_in_a_folder_is_not_run(tmp_path):
    folder = save_dinov2(tmp_path / "model")
    facts = {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModel": "own.Model"}}
    write_json(folder / "config.json", facts)
    (folder / "own.py").write_text("raise SystemExit('run')")
    with pytest.raises(PoolError, match="holds no model"):
        spin.encoders.DINOv2(weights=folder)


def test_a_text_side_without_its_tokenizer_says_which_files(tmp_path):
    folder = save_clip(tmp_path / "clip")
    (folder / "tokenizer.json").unlink()
    encoder = spin.encoders.CLIP(weights=folder)
    with pytest.raises(PoolError, match="has no tokenizer") as error:
        encoder.encode_texts(["a red car"])
    assert "tokenizer_config.json" in error.value.do


def test_another_kind_of_item_says_so(dinov2, tmp_path):
    with pytest.raises(PoolError, match="is no picture"):
        spin.encoders.DINOv2(weights=dinov2).encode(["a text"])
    with pytest.raises(PoolError, match="reads items of the modality 'image'"):
        spin.open(tmp_path / "x.spin", pool=["a text", "b"], classes=["a", "b"], encoder="dinov2")
