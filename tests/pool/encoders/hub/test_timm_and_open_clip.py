"""timm and open_clip: their numbers on pictures prepared as they say; they need a torchvision that fits torch."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

import spin_nb as spin
from spin_nb.errors import PoolError
from spin_nb.pool.encoders.hub.hub_encoder import unit_length
from spin_nb.pool.encoders.hub.library import load_library
from spin_nb.pool.encoders.text_side import encode_texts
from spin_nb.pool.media.extras import MissingPackageError
from spin_nb.testing import check_encoder
from tests.pool.encoders.hub.conftest import into_cache, write_json

TINY = {"embed_dim": 32, "layers": 2, "image_size": 32, "patch_size": 8}


@pytest.fixture(scope="module")
def timm():
    """The library; the reason is printed where it cannot be imported."""
    try:
        return load_library("timm", "timm:resnet10t")
    except MissingPackageError as problem:
        pytest.skip(str(problem))


@pytest.fixture(scope="module")
def open_clip():
    """The library; the reason is printed where it cannot be imported."""
    try:
        return load_library("open_clip", "open_clip:RN50/openai")
    except MissingPackageError as problem:
        pytest.skip(str(problem))


def save_timm(timm, folder):
    """A small network with random weights, as timm's repositories are laid out."""
    from safetensors.torch import save_file

    torch.manual_seed(0)
    folder.mkdir()
    net = timm.create_model("test_resnet", num_classes=7)
    save_file(net.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
    facts = {"input_size": [3, 40, 40], "crop_pct": 1.0, "interpolation": "bilinear", "num_classes": 7}
    colours = {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4], "first_conv": "conv1.0", "classifier": "fc"}
    write_json(
        folder / "config.json",
        {
            "architecture": "test_resnet",
            "num_classes": 7,
            "pretrained_cfg": {**facts, **colours, "fixed_input_size": False, "pool_size": [2, 2]},
        },
    )
    return net.eval()


def test_timms_features_are_those_before_its_classifier(timm, tmp_path, photos):
    net = save_timm(timm, tmp_path / "net")
    image = Image.fromarray(photos[0])
    scale = 40 / min(image.size)
    image = image.resize([round(length * scale) for length in image.size], Image.Resampling.BILINEAR)
    left, top = round((image.width - 40) / 2), round((image.height - 40) / 2)
    values = np.asarray(image.crop((left, top, left + 40, top + 40)), np.float32) / 255
    x = ((values - [0.5, 0.4, 0.3]) / [0.2, 0.3, 0.4]).transpose(2, 0, 1)[None].astype(np.float32)
    with torch.no_grad():
        expected = net.forward_head(net.forward_features(torch.from_numpy(x)), pre_logits=True).numpy()
    model = spin.encoders.HubModel("timm:test_resnet.random", weights=tmp_path / "net")
    encoder = model.encoder_for("image")
    np.testing.assert_allclose(encoder.encode(photos[:1]), unit_length(expected), atol=1e-3)
    check_encoder(lambda: model.encoder_for("image"), photos[:9])
    with pytest.raises(PoolError, match="has no text side"):
        encode_texts(encoder, ["a red car"])


def test_a_name_of_timm_leads_to_its_repository(timm, cache, tmp_path, photos):
    save_timm(timm, tmp_path / "net")
    into_cache(tmp_path / "net", cache, "timm/test_resnet.r160_in1k")
    for name in ("timm:test_resnet.r160_in1k", "timm:test_resnet"):
        encoder = spin.encoders.HubModel(name).encoder_for("image")
        assert (encoder.name, encoder.encode(photos[:2]).shape[0]) == (name, 2)
    with pytest.raises(PoolError, match="timm has no weights for 'dinosaur'"):
        spin.encoders.HubModel("timm:dinosaur").encoder_for("image")


def test_weights_of_another_model_of_timm_say_so(timm, tmp_path):
    save_timm(timm, tmp_path / "net")
    facts = json.loads((tmp_path / "net" / "config.json").read_text())
    write_json(tmp_path / "net" / "config.json", {**facts, "architecture": "test_vit"})
    with pytest.raises(PoolError, match="holds no model"):
        spin.encoders.HubModel("timm:test_resnet", weights=tmp_path / "net").encoder_for("image")


def save_open_clip(open_clip, folder):
    """A small CLIP with random weights, as the hub's repositories of open_clip are laid out."""
    from safetensors.torch import save_file

    torch.manual_seed(0)
    folder.mkdir()
    vision = {"image_size": 32, "layers": 2, "width": 64, "patch_size": 8}
    text = {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}
    model = {"embed_dim": 24, "vision_cfg": vision, "text_cfg": text}
    net = open_clip.model.CLIP(embed_dim=24, vision_cfg=vision, text_cfg=text).eval()
    save_file(net.state_dict(), folder / "open_clip_model.safetensors")
    colours = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "size": [32, 32]}
    write_json(folder / "open_clip_config.json", {"model_cfg": model, "preprocess_cfg": colours})
    return net


def test_open_clips_pictures_and_texts_lie_in_one_space(open_clip, tmp_path, photos):
    net = save_open_clip(open_clip, tmp_path / "net")
    model = spin.encoders.HubModel("open_clip:ann/small", weights=tmp_path / "net")
    encoder = model.encoder_for("image")
    square = photos[0][:32, :32]
    with torch.no_grad():
        x = torch.from_numpy(square.transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1)
        expected = net.encode_image(x, normalize=True).numpy()
        tokens = open_clip.get_tokenizer("ViT-B-32", context_length=16)(["a red car"])
        expected_text = net.encode_text(tokens, normalize=True).numpy()
    np.testing.assert_allclose(encoder.encode([square]), expected, atol=1e-4)
    np.testing.assert_allclose(encode_texts(encoder, ["a red car"]), expected_text, atol=1e-4)
    check_encoder(lambda: model.encoder_for("image"), photos[:9])


def test_a_name_of_open_clip_leads_to_its_repository(open_clip, cache, tmp_path, photos):
    save_open_clip(open_clip, tmp_path / "net")
    into_cache(tmp_path / "net", cache, "laion/CLIP-ViT-B-32-laion2B-s34B-b79K")
    encoder = spin.encoders.HubModel("open_clip:ViT-B-32/laion2b_s34b_b79k").encoder_for("image")
    assert encoder.encode(photos[:2]).shape == (2, 24)
    for name, words in (("ViT-B-32/none", "no weights 'none'"), ("dinosaur", "is no model of open_clip")):
        with pytest.raises(PoolError, match=words):
            spin.encoders.HubModel(f"open_clip:{name}").encoder_for("image")


def test_a_folder_without_open_clips_files_says_so(open_clip, tmp_path):
    save_open_clip(open_clip, tmp_path / "net")
    (tmp_path / "net" / "open_clip_config.json").unlink()
    with pytest.raises(PoolError, match=r"has no open_clip_config\.json"):
        spin.encoders.HubModel("open_clip:ann/small", weights=tmp_path / "net").encoder_for("image")
