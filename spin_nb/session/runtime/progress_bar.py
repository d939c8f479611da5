"""A progress line for long work, only where a person may see it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

from spin_nb.session.runtime.jobs import Job

Result = TypeVar("Result")
DELAY_SECONDS = 1.0
REDRAW_SECONDS = 0.05
BAR_CHARACTERS = 100  # room for two encoders, their items and the time that is left
BAR_FORMAT = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}"


class _CellLine:
    """File that tqdm writes into a cell's output.

    tqdm's own notebook bar is three widgets in a box.  A box that closes before a busy page has drawn it is an
    error there, and a saved notebook shows "model not found" where it was.
    """

    encoding = "utf-8"

    def __init__(self) -> None:
        self.output: Any = None

    def write(self, text: str) -> None:
        from IPython.display import display

        if not (line := text.strip()):
            return
        if self.output is None:
            self.output = display({"text/plain": line}, raw=True, display_id=True)
        else:
            self.output.update({"text/plain": line}, raw=True)

    def flush(self) -> None:
        """Every line is sent at once."""


def progress_bar(what: str) -> Callable[[float, str], None] | None:
    """Make a progress line for work over a second.

    It is called ``show(fraction, words)``.

    Parameters
    ----------
    what : str
        What is worked at, until the first words come.

    Returns
    -------
    callable or None
        None where nobody looks: neither a notebook nor a terminal.
    """
    in_kernel = "JPY_PARENT_PID" in os.environ
    if not in_kernel and not sys.stderr.isatty():
        return None
    bar: Any = None

    def show(fraction: float, words: str) -> None:
        nonlocal bar
        if bar is None:
            from tqdm import tqdm

            where = {"file": _CellLine(), "ncols": BAR_CHARACTERS} if in_kernel else {"leave": False}
            bar = tqdm(total=1.0, desc=what, bar_format=BAR_FORMAT, delay=DELAY_SECONDS, miniters=0, **where)
        bar.set_description_str(words, refresh=False)
        bar.update(fraction - bar.n)
        if fraction >= 1:
            bar.close()

    return show


def result_in_sight(job: Job[Result], what: str) -> Result:
    """Wait for a job's result on the main thread, with a progress line."""
    show = progress_bar(what)
    while not job.done:
        if show is not None:
            show(min(job.progress, 0.99), job.message)
        time.sleep(REDRAW_SECONDS)
    if show is not None:
        show(1.0, job.message)
    return job.result()
