"""BLAS and torch are held to few threads while we compute, and only then."""

from __future__ import annotations

import threading

import pytest

from spin_nb.threads import _libraries, _set, one_thread, torch_threads


@pytest.fixture(autouse=True)
def two_threads():
    """Whatever the environment says, there is a number that can come back."""
    before = tuple(library.num_threads for library in _libraries().lib_controllers)
    _set((2,) * len(before))
    yield
    _set(before)


def counts() -> set[int]:
    return {library.num_threads for library in _libraries().lib_controllers}


def test_one_thread_inside_and_the_old_number_after():
    before = counts()
    with one_thread():
        assert counts() == {1}
        with one_thread():
            assert counts() == {1}
        assert counts() == {1}
    assert counts() == before


def test_threads_that_overlap_leave_the_old_number():
    before, inside, leave = counts(), threading.Event(), threading.Event()

    def other():
        with one_thread():
            inside.set()
            leave.wait(60)

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait(60)
    with one_thread():
        pass
    assert counts() == {1}
    leave.set()
    thread.join()
    assert counts() == before


def test_the_first_may_leave_before_the_second():
    before, first, second = counts(), one_thread(), one_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert counts() == {1}
    second.__exit__(None, None, None)
    assert counts() == before


def test_an_exception_gives_the_threads_back():
    before = counts()
    try:
        with one_thread():
            raise KeyError
    except KeyError:
        pass
    assert counts() == before


@pytest.fixture
def torch():
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield torch
    torch.set_num_threads(before)


def in_a_new_thread(work):
    results = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    thread.join()
    return results[0]


def test_torch_has_fewer_threads_inside_and_the_old_number_after(torch):
    with torch_threads(1):
        assert torch.get_num_threads() == 1
        with torch_threads(2):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2


def test_torch_threads_that_overlap_leave_the_old_number_everywhere(torch):
    first = torch_threads(1)
    first.__enter__()

    def second():
        with torch_threads(1):
            first_ends.set()
            second_may_end.wait(60)
        return torch.get_num_threads()

    first_ends, second_may_end, results = threading.Event(), threading.Event(), []
    thread = threading.Thread(target=lambda: results.append(second()))
    thread.start()
    first_ends.wait(60)
    first.__exit__(None, None, None)
    second_may_end.set()
    thread.join()
    assert results == [2]
    assert torch.get_num_threads() == 2
    assert in_a_new_thread(torch.get_num_threads) == 2


@pytest.mark.parametrize("word", ["dropout", "ensemble", "laplace-all"])
def test_our_own_heads_are_trained_on_one_thread(torch, word, monkeypatch):
    import numpy as np

    from spin_nb.registry import resolve

    seen, step = set(), torch.optim.Adam.step
    monkeypatch.setattr(
        torch.optim.Adam, "step", lambda *args: (seen.add(torch.get_num_threads()), step(*args))[1]
    )
    x = np.random.default_rng(0).standard_normal((8, 3)).astype(np.float32)
    resolve("posterior", word)().fit(x, np.arange(8) % 2, n_classes=2)
    assert seen == {1}
    assert torch.get_num_threads() == 2
