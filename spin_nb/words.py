"""Values in messages: short, on one line, and safe whatever a person, a page or a file hands over."""

from __future__ import annotations

import html
import re
import reprlib
from collections.abc import Iterable

_TOO_LONG_TO_READ = 10_000  # characters of a foreign repr that are looked at


def shown(value: object, limit: int = 60) -> str:
    """``repr`` of about ``limit`` characters, on one line.

    It never raises.

    Examples
    --------
    >>> shown("crack"), shown("x" * 1000, 20), shown([[1], 2])
    ("'crack'", "'xxxxxxx...xxxxxxxx'", '[[1], 2]')
    >>> class Broken:
    ...     def __repr__(self): raise RuntimeError
    >>> shown(Broken())[:16]
    '<Broken instance'
    """
    short_repr = reprlib.Repr()
    short_repr.maxstring = short_repr.maxother = short_repr.maxlong = limit
    short_repr.maxlevel = 2
    try:
        text = short_repr.repr(value)[:_TOO_LONG_TO_READ]
        text.encode("utf-8")
    except Exception:  # of objects that cannot even say what they are, and of numbers too long to be written
        text = f"<{type(value).__name__}>"
    line = re.sub(r"\s*\n\s*", " ", text)
    most = limit + 2 if isinstance(value, str) else 3 * limit
    return line if len(line) <= most else line[: most - 1] + "…"


def said_by(error: BaseException, limit: int = 200) -> str:
    r"""Kind and words of an error, on one line.

    It never raises, whatever somebody's code raised.

    Examples
    --------
    >>> said_by(ValueError("no such\n  column")), said_by(KeyError())
    ('ValueError: no such column', 'KeyError')
    """
    try:
        words = short(str(error), limit)
    except Exception:
        words = ""
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def short(words: str, most: int = 60) -> str:
    """One line of at most ``most`` characters."""
    line = " ".join(words[: 20 * most].split())
    return line if len(line) <= most else line[: most - 1] + "…"


def listing(words: Iterable[str], most: int = 20) -> str:
    """``words`` with commas between, the first ``most`` of them."""
    every = [short(word) for word in words]
    rest = len(every) - most
    return ", ".join(every[:most]) + (f" and {rest:,} more" if rest > 0 else "")


class HtmlRepr:
    r"""Shows a result in a notebook as its repr, the first line in bold.

    All of it is text: class names and ids may come from somebody else, and none of them becomes markup.  It has no
    colours of its own, so it can be read in a light and in a dark page.

    Examples
    --------
    >>> class Answer(HtmlRepr):
    ...     def __repr__(self): return "2 items\n  <b>: 7"
    >>> Answer()._repr_html_()
    '<pre style="white-space: pre-wrap"><strong>2 items</strong>\n  &lt;b&gt;: 7</pre>'
    """

    __slots__ = ()

    def _repr_html_(self) -> str:
        head, newline, rest = html.escape(repr(self)).partition("\n")
        return f'<pre style="white-space: pre-wrap"><strong>{head}</strong>{newline}{rest}</pre>'


def duration(seconds: float) -> str:
    """A time as a person says it, in no more than two units.

    Examples
    --------
    >>> duration(0.2), duration(48), duration(200), duration(4000)
    ('1 s', '48 s', '3 min', '1 h 7 min')
    """
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    return f"{minutes} min" if not hours else f"{hours} h {rest} min"
