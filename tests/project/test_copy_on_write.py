"""Dictionaries whose copies share pages: each is a dictionary of its own all the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spin_nb.project.copy_on_write import N_PAGES, CopyOnWriteDict, SeqDict

KEYS = st.one_of(st.integers(0, 5), st.integers(0, 20 * N_PAGES))
STEPS = st.lists(st.tuples(st.sampled_from(["set", "set", "set", "del", "copy"]), KEYS), max_size=60)


@pytest.mark.parametrize("kind", [CopyOnWriteDict, SeqDict])
@given(steps=STEPS)
def test_every_copy_is_the_dictionary_it_was(kind, steps):
    pairs = [(kind(), {})]
    for number, (do, key) in enumerate(steps):
        paged, plain = pairs[number % len(pairs)]
        if do == "copy":
            pairs.append((paged.copy(), dict(plain)))
        elif do == "set":
            paged[key] = plain[key] = number
        elif key in plain:
            del paged[key], plain[key]
    for paged, plain in pairs:
        assert (dict(paged), len(paged)) == (plain, len(plain))
        if kind is SeqDict:
            assert list(paged) == sorted(plain)
            assert list(paged.newest()) == sorted(plain.items(), reverse=True)


def test_what_is_not_there_is_a_key_error():
    paged = CopyOnWriteDict()
    with pytest.raises(KeyError):
        paged["a"]
    with pytest.raises(KeyError):
        del paged["a"]
    assert (len(paged), paged.get("a")) == (0, None)
    paged["a"] = 1  # the page a failed deletion left is none
    assert dict(paged) == {"a": 1}
