"""Small models with random weights, laid out as the Hugging Face hub does."""

from __future__ import annotations

import hashlib
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

REASON = 'the package {} is not installed: pip install "spin_nb[hub]"'
WHOLE_WORDS = ["a", "red", "green", "car", "bike", "the", "of", "not", "one", "two", "three", "four"]
WORDS = ("[PAD]", "[UNK]", "[BOS]", "[EOS]", *WHOLE_WORDS)
SIDE, RESIZED = 28, 32


def picture_preparation(kind: str) -> dict[str, object]:
    """A preprocessor_config.json: the shorter side to 32, the middle 28 x 28, ImageNet's colours."""
    return {
        "image_processor_type": kind,
        "do_convert_rgb": True,
        "do_resize": True,
        "size": {"shortest_edge": RESIZED},
        "resample": 3,
        "do_center_crop": True,
        "crop_size": {"height": SIDE, "width": SIDE},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.485, 0.456, 0.406],
        "image_std": [0.229, 0.224, 0.225],
    }


def write_json(path: Path, facts: object) -> None:
    path.write_text(json.dumps(facts), encoding="utf-8")


def write_tokenizer(folder: Path, most: int) -> None:
    """A tokenizer of whole words, as a folder of the hub has it."""
    tokenizers = pytest.importorskip("tokenizers", reason=REASON.format("tokenizers"))
    table = {word: number for number, word in enumerate(WORDS)}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(table, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="[BOS] $A [EOS]", special_tokens=[("[BOS]", 2), ("[EOS]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    marks = {"pad_token": "[PAD]", "unk_token": "[UNK]", "bos_token": "[BOS]", "eos_token": "[EOS]"}
    facts = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": most, **marks}
    write_json(folder / "tokenizer_config.json", facts)


def save_dinov2(folder: Path, seed: int = 0, **facts: object) -> Path:
    """DINOv2 of two layers."""
    import torch

    transformers = pytest.importorskip("transformers", reason=REASON.format("transformers"))
    torch.manual_seed(seed)
    sizes = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "mlp_ratio": 2}
    config = transformers.Dinov2Config(**sizes, image_size=SIDE, patch_size=14, **facts)
    transformers.Dinov2Model(config).save_pretrained(folder)
    write_json(folder / "preprocessor_config.json", picture_preparation("BitImageProcessor"))
    return folder


def save_clip(folder: Path, seed: int = 0) -> Path:
    """CLIP of two layers a side, in a space of 16 numbers."""
    import torch

    transformers = pytest.importorskip("transformers", reason=REASON.format("transformers"))
    torch.manual_seed(seed)
    sizes = {"hidden_size": 24, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = {**sizes, "vocab_size": len(WORDS), "max_position_embeddings": 8, "eos_token_id": 3}
    vision = {**sizes, "image_size": SIDE, "patch_size": 14}
    config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=16)
    transformers.CLIPModel(config).save_pretrained(folder)
    write_json(folder / "preprocessor_config.json", picture_preparation("CLIPImageProcessor"))
    write_tokenizer(folder, 8)
    return folder


def into_cache(folder: Path, cache: Path, repository: str) -> Path:
    """The folder as the hub's cache holds it; the snapshot."""
    home = cache / f"models--{repository.replace('/', '--')}"
    snapshot = home / "snapshots" / ("0" * 40)
    snapshot.parent.mkdir(parents=True)
    folder.rename(snapshot)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("0" * 40)
    return snapshot


@pytest.fixture(scope="session")
def dinov2(tmp_path_factory):
    """Folder of a small DINOv2."""
    return save_dinov2(tmp_path_factory.mktemp("hub") / "dinov2-small")


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """Folder of a small CLIP."""
    return save_clip(tmp_path_factory.mktemp("hub") / "clip-small")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of the hub."""
    constants = pytest.importorskip("huggingface_hub.constants", reason=REASON.format("huggingface_hub"))
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    return folder


class Hub(BaseHTTPRequestHandler):
    """The hub on this machine: one model's files, or a status for everything."""

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        server: Any = self.server
        server.paths.append(self.path)
        if server.status != 200:
            return self.send(server.status, b"{}", {"X-Error-Code": server.error})
        if self.path.startswith("/api/models/"):
            names = [path.relative_to(server.folder).as_posix() for path in server.folder.rglob("*.*")]
            if "/tree/" in self.path:
                tree = [
                    {"type": "file", "path": name, "size": (server.folder / name).stat().st_size, "oid": name}
                    for name in names
                ]
                return self.send(200, json.dumps(tree).encode(), {})
            siblings = [{"rfilename": name} for name in names]
            facts = {"id": "ann/x", "modelId": "ann/x", "sha": "1" * 40, "siblings": siblings}
            return self.send(200, json.dumps(facts).encode(), {})
        data = (server.folder / self.path.partition("/resolve/")[2].partition("/")[2]).read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        return self.send(200, data, {"ETag": f'"{digest}"', "X-Repo-Commit": "1" * 40})

    def send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def hub(cache, monkeypatch):
    """A hub that answers on this machine, and is asked; ``hub.folder`` holds its model's files."""
    from huggingface_hub import constants

    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.paths, server.status, server.error, server.folder = [], 200, "", None
    place = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", place)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", place + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr("huggingface_hub.hf_api.ENDPOINT", place, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def save_sentences(folder: Path, seed: int = 0, most: int = 8, pooling: str = "cls") -> Path:
    """A sentence encoder of two layers that takes the first token, as BGE does, or the mean."""
    import torch

    transformers = pytest.importorskip("transformers", reason=REASON.format("transformers"))
    torch.manual_seed(seed)
    sizes = {"hidden_size": 24, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = transformers.BertConfig(**sizes, vocab_size=len(WORDS), max_position_embeddings=16)
    transformers.BertModel(config).save_pretrained(folder)
    write_tokenizer(folder, most)
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": most, "do_lower_case": False})
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
    ]
    write_json(folder / "modules.json", modules)
    (folder / "1_Pooling").mkdir(exist_ok=True)
    modes = {f"pooling_mode_{mode}": mode == pooling for mode in ("cls_token", "mean_tokens", "max_tokens")}
    modes["pooling_mode_cls_token"] = pooling == "cls"
    modes["pooling_mode_mean_tokens"] = pooling == "mean"
    write_json(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": 24, **modes})
    return folder


def save_vectors(folder: Path, seed: int = 0) -> Path:
    """One vector a word, as model2vec lays them out."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    write_tokenizer(folder, 512)
    table = torch.randn(len(WORDS), 12, generator=torch.Generator().manual_seed(seed))
    save_file({"embeddings": table}, folder / "model.safetensors")
    write_json(folder / "config.json", {"model_type": "model2vec", "hidden_dim": 12, "normalize": True})
    return folder
