"""Libraries that report on what they load, kept quiet meanwhile: what a person should know is said in an error."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_LOGGERS = ("transformers", "sentence_transformers", "timm", "open_clip", "huggingface_hub", "root")


@contextmanager
def quiet() -> Iterator[None]:
    """No log lines below errors, no bars, no warnings of these libraries within the block.

    Examples
    --------
    >>> with quiet():
    ...     logging.getLogger("transformers").warning("a report")
    """
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), _no_bars():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _no_bars() -> Iterator[None]:
    import sys

    reports = getattr(sys.modules.get("transformers"), "logging", None) or getattr(
        getattr(sys.modules.get("transformers"), "utils", None), "logging", None
    )
    has_bars = getattr(reports, "is_progress_bar_enabled", lambda: False)()
    if has_bars:
        reports.disable_progress_bar()  # type: ignore[union-attr]
    try:
        yield
    finally:
        if has_bars:
            reports.enable_progress_bar()  # type: ignore[union-attr]
