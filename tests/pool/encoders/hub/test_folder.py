"""Where a model's files come from: the cache, the hub, a folder; and what is said at once where there are none."""

from __future__ import annotations

import socket
import time

import pytest

import spin_nb as spin
from spin_nb.errors import PoolError
from spin_nb.pool.encoders.hub import folder as hub_files
from spin_nb.pool.encoders.hub import library
from spin_nb.pool.encoders.hub.names import HubModel, is_hub_name
from spin_nb.pool.encoders.hub.terms import allows_commercial_use, terms_of_folder
from spin_nb.pool.encoders.weights_file import MissingWeightsError
from spin_nb.pool.media.extras import MissingPackageError
from tests.pool.encoders.hub.conftest import REASON, save_dinov2

pytest.importorskip("huggingface_hub", reason=REASON.format("huggingface_hub"))
TEXTS = ["a text", "another"]


def test_what_the_cache_lacks_is_fetched_once_pickles_left_out(hub, tmp_path, photos, capsys):
    hub.folder = save_dinov2(tmp_path / "model")
    (hub.folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    (hub.folder / "pytorch_model.bin").write_bytes(b"pickle")
    (hub.folder / "notes.pdf").write_bytes(b"large")
    encoder = HubModel("hf:ann/x").encoder_for("image")
    assert capsys.readouterr().out == "hf:ann/x: fetching ann/x from the Hugging Face hub, this once.\n"
    assert encoder.encode(photos[:2]).shape == (2, 24)
    assert encoder.pretrained[0].commercial is True
    names = {path.name for path in encoder.folder.iterdir()}
    assert names == {"README.md", "config.json", "model.safetensors", "preprocessor_config.json"}
    hub.paths.clear()
    assert HubModel("hf:ann/x").encoder_for("image").name == "hf:ann/x"
    assert hub.paths == []


@pytest.mark.parametrize(
    ("status", "error", "words", "do"),
    [
        (401, "GatedRepo", "only by who has accepted its terms", "hf auth login"),
        (404, "RepoNotFound", "the hub has no model 'ann/x'", "Check its name"),
        (503, "", "the hub cannot be reached", 'hf download ann/x --local-dir "x"'),
    ],
)
def test_what_the_hub_refuses_says_what_to_do(hub, status, error, words, do):
    hub.status, hub.error = status, error
    with pytest.raises(PoolError, match=words) as caught:
        HubModel("hf:ann/x").encoder_for("image")
    assert do in caught.value.do


def test_a_model_that_is_only_a_pickle_is_not_fetched(hub, tmp_path):
    hub.folder = save_dinov2(tmp_path / "model")
    (hub.folder / "model.safetensors").rename(hub.folder / "pytorch_model.bin")
    with pytest.raises(PoolError, match=r"only as a pickle \(pytorch_model.bin\)"):
        HubModel("hf:ann/x").encoder_for("image")
    assert not any("pytorch_model" in path for path in hub.paths)


def test_without_a_network_it_says_at_once_what_to_bring(hub, tmp_path):
    hub.shutdown()
    hub.server_close()
    started = time.perf_counter()
    with pytest.raises(
        MissingWeightsError, match="are not on this machine, and the hub cannot be reached"
    ) as caught:
        spin.encoders.DINOv2()
    assert time.perf_counter() - started < 10
    assert 'hf download facebook/dinov2-small --local-dir "dinov2-small"' in caught.value.do
    assert 'encoder=spin.encoders.DINOv2(weights="dinov2-small")' in caught.value.do


def test_a_hub_that_never_answers_is_not_waited_for(hub, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(hub_files, "_DEADLINE_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr("huggingface_hub.hf_api.ENDPOINT", constants.ENDPOINT, raising=False)
        with pytest.raises(MissingWeightsError, match="cannot be reached: TimeoutError: no answer within"):
            HubModel("hf:ann/x").encoder_for("image")


def test_offline_by_choice_nothing_is_asked(hub, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(MissingWeightsError, match="HF_HUB_OFFLINE is set") as caught:
        HubModel("hf:ann/x").encoder_for("image")
    assert 'encoder=spin.encoders.HubModel("hf:ann/x", weights="x")' in caught.value.do
    assert hub.paths == []


def test_without_its_library_it_says_which_command_brings_it(monkeypatch):
    monkeypatch.setattr(library, "find_spec", lambda module: None)
    with pytest.raises(MissingPackageError) as caught:
        spin.encoders.DINOv2()
    assert 'pip install "spin_nb[hub]"' in caught.value.do


@pytest.mark.parametrize(
    ("module", "problem", "do"),
    [
        (
            "transformers",
            RuntimeError("operator torchvision::nms does not exist"),
            "pip uninstall torchvision",
        ),
        ("timm", ImportError("No module named 'torchvision'"), "pip install torchvision"),
        ("transformers", ImportError("tokenizers is too old"), "pip install --force-reinstall transformers"),
    ],
)
def test_a_library_that_cannot_be_imported_says_what_mends_it(monkeypatch, module, problem, do):
    def fail(name):
        raise problem

    monkeypatch.setattr(library, "find_spec", lambda name: object())
    monkeypatch.setattr(library, "import_module", fail)
    with pytest.raises(MissingPackageError, match="cannot be imported") as caught:
        library.load_library(module, "x")
    assert do in caught.value.do


@pytest.mark.parametrize("path", ["none", 3, "a\0b", "file"])
def test_a_path_that_is_no_folder_says_so(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(PoolError, match=r"is no folder|is a file"):
        spin.encoders.DINOv2(weights=path)


def test_names_of_models():
    assert is_hub_name("hf:bert-base")
    for name in ("hf:", "hf:a b", "hf:/etc/x", "hf:a/b/c", "hf:a/..", "ftp:a/b", "hf:ann/x of folder", 3):
        assert not is_hub_name(name)
    with pytest.raises(PoolError, match="names no model of the hub"):
        HubModel("dinov2")
    with pytest.raises(PoolError, match="read items of the modality 'image' or 'text' or 'audio'"):
        HubModel("hf:ann/x").encoder_for("table")


@pytest.mark.parametrize(
    ("card", "licence", "commercial"),
    [
        ("---\nlicense: mit\n---\n", "mit", True),
        ("---\ntags:\n- x\nlicense: other\nlicense_name: dinov3-license\n---\n", "dinov3-license", None),
        ("---\nlicense: apple-amlr-research\n---", "apple-amlr-research", False),
        ("---\nlicense: other\n---\n", "other", None),
        ("# A model\nlicense: mit\n", "not stated", None),
        ("", "not stated", None),
    ],
)
def test_terms_are_those_of_the_models_card(tmp_path, card, licence, commercial):
    (tmp_path / "README.md").write_text(card)
    terms = terms_of_folder("hf:ann/x", "ann/x", tmp_path, "hub")
    assert (terms.licence, terms.commercial) == (licence, commercial)
    assert allows_commercial_use("BSD-3-Clause") is True
    words = {
        True: "commercial use allowed",
        False: "NOT for commercial use",
        None: "read it before commercial use",
    }
    assert words[commercial] in str(terms)
