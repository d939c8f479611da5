"""Terms of weights that others trained: what a person reads of them, in a cell and in the documentation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import spin_nb.pool.encoders as encoders
from spin_nb.pool.encoders.hub.terms import HubWeights
from spin_nb.pool.encoders.pretrained import Terms, ZenodoWeights
from spin_nb.registry import resolve, words

GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "open.md"


def all_weights() -> list[Terms]:
    """Of every word."""
    kinds = [resolve("encoder", word) for word in words("encoder")]
    return [weights for kind in kinds for weights in getattr(kind, "pretrained", ())]


def requirement(weights: Terms) -> str:
    """What pip installs: weights in a file that is brought need no more than the toolkit."""
    return "spin_nb" if isinstance(weights, ZenodoWeights) else f"spin_nb[{weights.extra}]"


def place(weights: Terms) -> str:
    if isinstance(weights, ZenodoWeights):
        return weights.origin
    return weights.repository if isinstance(weights, HubWeights) else weights.package


def test_a_licence_against_commercial_use_is_shown():
    weights = replace(all_weights()[0], word="x", licence="CC BY-NC 4.0", commercial=False)
    assert "Licence CC BY-NC 4.0, NOT for commercial use;" in str(weights)
    assert weights.facts()["commercial"] is False


@pytest.mark.parametrize("weights", all_weights(), ids=lambda weights: weights.word)
def test_the_tables_say_what_the_encoder_says(weights):
    commercial = "yes" if weights.commercial else "no"
    row = next(line for line in GUIDE.read_text().splitlines() if line.startswith(f'| `"{weights.word}"`'))
    assert [cell.strip(" `") for cell in row.split("|")[3:-1]] == [
        requirement(weights),
        weights.licence,
        commercial,
        str(weights.megabytes),
    ]
    lines = [line.split() for line in str(encoders.__doc__).splitlines()]
    facts = [
        requirement(weights),
        weights.licence,
        commercial,
        str(weights.megabytes),
        place(weights),
    ]
    assert [weights.word, *facts] in lines


@pytest.mark.parametrize(
    "weights",
    [weights for weights in all_weights() if not isinstance(weights, ZenodoWeights)],
    ids=lambda weights: weights.word,
)
def test_the_extra_brings_the_package(weights):
    project = (GUIDE.parents[2] / "pyproject.toml").read_text()
    if isinstance(weights, HubWeights):  # the weights are no package: a library loads them
        assert f"\n{weights.extra} = [" in project
    else:
        assert f'{weights.extra} = ["{weights.package}>=' in project
