"""What may be passed as a model or a posterior, and what is refused before anything is trained."""

from __future__ import annotations

import pytest

from spin_nb.bayes import MCDropout
from spin_nb.errors import ModelError, UnknownWordError
from spin_nb.models.model_spec import parse_model_spec
from spin_nb.models.network import Network

torch = pytest.importorskip("torch")


def test_what_is_no_posterior_is_refused_at_once():
    from sklearn.linear_model import LinearRegression
    from sklearn.svm import LinearSVC

    with pytest.raises(UnknownWordError, match="did you mean 'ensemble'"):
        parse_model_spec(posterior="ensembl")
    with pytest.raises(UnknownWordError, match="did you mean 'ensemble'"):
        parse_model_spec("mlp", "ensembl")
    with pytest.raises(ModelError, match="no posterior"):
        parse_model_spec(posterior=3)
    for spec in ({"posterior": LinearSVC()}, {"model": LinearSVC()}):
        with pytest.raises(ModelError, match="predict_proba"):
            parse_model_spec(**spec)
    for spec in ({"posterior": LinearRegression()}, {"model": LinearRegression()}):
        with pytest.raises(ModelError, match="is a regressor"):
            parse_model_spec(**spec)
    with pytest.raises(ModelError, match=r"s.train\(model=net\)"):
        parse_model_spec(posterior=torch.nn.Linear(5, 3))
    assert parse_model_spec() is None


def test_a_function_that_fails_is_named():
    def mine():
        return 1 / 0

    for asked in (parse_model_spec(posterior=mine), parse_model_spec(mine)):
        with pytest.raises(ModelError, match="mine raised ZeroDivisionError") as caught:
            asked.begin()
        assert "without arguments" in caught.value.do
    with pytest.raises(ModelError, match="own model raised ZeroDivisionError"):
        parse_model_spec(posterior=lambda: 1 / 0).begin()


def test_what_is_no_model_is_refused_at_once():
    from sklearn.ensemble import RandomForestClassifier

    with pytest.raises(UnknownWordError, match="did you mean 'cnn'"):
        parse_model_spec("cn")
    with pytest.raises(UnknownWordError, match=r"'dropout' is a posterior(.|\n)*posterior='dropout'"):
        parse_model_spec("dropout")
    with pytest.raises(UnknownWordError, match=r"'cnn' is a network(.|\n)*model='cnn'"):
        parse_model_spec(posterior="cnn")
    with pytest.raises(ModelError, match="3 is no model"):
        parse_model_spec(3)
    for brings in (RandomForestClassifier(), Network("mlp"), MCDropout()):
        with pytest.raises(ModelError, match="brings its own posterior"):
            parse_model_spec(brings, "laplace")


def test_a_network_begins_every_time_where_it_was_when_first_passed():
    net, beginnings = torch.nn.Linear(2, 2), {}
    first = [value.clone() for value in net.state_dict().values()]
    parse_model_spec(net, beginnings=beginnings)
    with torch.no_grad():
        net.weight.zero_()
    begun = parse_model_spec(net, beginnings=beginnings).begin()._begin((2,), 2)
    assert all(torch.equal(a, b) for a, b in zip(first, begun.state_dict().values(), strict=True))


def test_what_becomes_of_the_persons_object_does_not_matter():
    mine = MCDropout(n_hidden=8)
    want = parse_model_spec(mine)
    mine.n_hidden = 99
    assert want.begin().n_hidden == 8
    assert want.begin() is not want.begin()


def test_what_cannot_be_copied_may_come_from_a_function():
    import threading

    class Locked(MCDropout):
        def __init__(self):
            super().__init__()
            self.lock = threading.Lock()

    with pytest.raises(ModelError, match="cannot be copied") as caught:
        parse_model_spec(Locked())
    assert "function" in caught.value.do
    assert parse_model_spec(Locked).begin() is not None


def test_a_function_makes_the_same_network_every_time_and_leaves_torch_alone():
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    want = parse_model_spec(lambda: torch.nn.Linear(2, 2), seed=3)
    a, b = (want.begin()._begin((2,), 2).weight for _ in range(2))
    assert torch.equal(a, b)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("cnn", "cnn"),
        (torch.nn.Linear(2, 2), "Linear"),
        (torch.nn.Linear, "Linear"),
        (lambda: torch.nn.Linear(2, 2), "own model"),
        (type("graph", (MCDropout,), {})(), "own graph"),
    ],
)
def test_its_name_says_what_it_is_and_is_no_heads(spec, name):
    assert parse_model_spec(spec).name == name
