"""BLAS is held to one thread while we compute, and only then."""

from __future__ import annotations

import threading

from spin_nb.threads import _libraries, one_thread


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
