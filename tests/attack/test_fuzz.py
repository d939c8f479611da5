"""Whatever is passed to a public method, or sent by a page: an error in words, soon, or an answer.

Public methods and what pages may say are found by looking, so new ones are fuzzed too.  ``SPIN_ATTACK=full`` makes
the 50,000 calls of a campaign; run it with ``-s`` to see the counts.
"""

from __future__ import annotations

import datetime
import decimal
import fractions
import inspect
import logging
import os
import pathlib
import random
import signal
import time
import traceback
from collections import Counter
from contextlib import contextmanager
from types import FunctionType

import numpy as np
import pytest

import spin_nb as spin
from spin_nb.errors import SpinError

FULL = os.environ.get("SPIN_ATTACK") == "full"
CALLS = {"methods": (1100, 36_000), "open": (250, 9_000), "pages": (700, 12_000)}
LONGEST_MESSAGE = 1000  # characters
SLOW_S, HANGS_S = 8.0, 240  # the first is counted and printed, only the second fails
CLASSES = ["a", "c"]
PACKAGE = str(pathlib.Path(spin.__file__).parent)


class EvilRepr:
    def __repr__(self):
        raise RuntimeError("evil repr")

    __str__ = __repr__


class EvilEq:
    __hash__ = None

    def __eq__(self, other):
        raise RuntimeError("evil eq")


class EvilError(Exception):
    def __str__(self):
        raise RuntimeError("evil str")


class Str(str):
    __slots__ = ()


class NegativeLength:
    def __iter__(self):
        return iter([])

    def __len__(self):
        return -5


class EvilMapping(dict):
    def items(self):
        raise RuntimeError("evil items")

    def __iter__(self):
        raise RuntimeError("evil keys")


def raises(*args, **kwargs):
    raise EvilError


def values(ids, pool):
    """Functions that make a value each: iterators are used up by a call."""
    plain = [
        *(None, True, False, 0, -1, 1, 2, 3.7, 10**30, 2**63, 10**5000, float("nan"), float("inf"), -0.0),
        *("", "a", "c", "zz", "\0", "\ud800", "é" * 300, "x" * 3_000_000, "../..", "~nobody/x", "a\nb", "-"),
        *(b"a", bytearray(b"x"), memoryview(b"abc"), 1j, complex(1, 2), Ellipsis, NotImplemented, slice(3)),
        *(object, int, type, len, print, np.mean, raises, spin, logging.getLogger("x"), Exception("x")),
        *(np.nan, np.float32(1), np.int64(1), np.bool_(True), np.datetime64("2020-01-01"), np.str_("a")),
        *(
            pathlib.Path("x"),
            pathlib.Path("/nonexist/x"),
            "/dev/null",
            "/dev/null/x",
            "x",
            "x.npy",
            "x.parquet",
        ),
        *(decimal.Decimal("1.5"), fractions.Fraction(1, 3), datetime.datetime(2020, 1, 1)),
        *("linear", "graph", "mean", "trees", "auto", "margin", "bald", "random", "laplace", "dropout"),
        *("folder", "sample", "dataset", "columns", "tfidf-svd", "photo", "label", "skip", "undo", "redo"),
        *(ids[0], ids[5], ids[3], Str(ids[4]), "arrival-000"),
    ]
    fresh = [
        object,
        EvilRepr,
        EvilEq,
        EvilError,
        NegativeLength,
        dict,
        set,
        list,
        tuple,
        lambda: EvilMapping(a=1),
        lambda: [None],
        lambda: ["a"],
        lambda: ["a", "a"],
        lambda: ["a", 1],
        lambda: [[]],
        lambda: [EvilRepr()],
        lambda: {"a": EvilRepr()},
        lambda: ("a", "c"),
        lambda: {"a": "c"},
        lambda: {1: 2},
        lambda: {None: None},
        lambda: {"a"},
        lambda: frozenset("ab"),
        lambda: range(3),
        lambda: iter([]),
        lambda: (i for i in ["a"]),
        lambda: (raises() for _ in [1]),
        lambda: lambda: 1,
        lambda: lambda x: x,
        lambda: lambda *a, **k: 1 / 0,
        lambda: lambda probs: probs,
        lambda: lambda probs: "x",
        lambda: lambda probs: probs[:, 0] * float("nan"),
        lambda: lambda features, k, *, seed: list(range(k)),
        lambda: np.array([]),
        lambda: np.array(3),
        lambda: np.array(["a"]),
        lambda: np.array([None]),
        lambda: np.zeros((2, 6)),
        lambda: np.zeros((2, 6), "f4"),
        lambda: np.full((2, 6), np.nan),
        lambda: np.zeros((2, 7)),
        lambda: np.zeros((0, 6)),
        lambda: np.ma.masked_array([1.0, 2.0], [True, False]),
        lambda: pool[:3].copy(),
        lambda: pool[0].copy(),
        lambda: list(ids[:3]),
        lambda: dict.fromkeys(ids[:3], "a"),
        lambda: {ids[0]: None},
        lambda: {ids[0]: "zz"},
        lambda: {ids[0]: ["a"]},
        lambda: {ids[6]: ("a", 0.5)},
        lambda: [*"abcdefgh"] * 500,
        lambda: [{"seq": 1, "kind": "label", "id": ids[2], "value": "a"}],
        lambda: [{"seq": 10**400, "kind": "x" * 100_000, "id": {}, "value": raises}],
        lambda: _nested(3000),
        lambda: spin.Classes(CLASSES),
        lambda: spin.Number(0, 1),
    ]
    return [*(lambda value=value: value for value in plain), *fresh]


def _nested(depth):
    out = []
    for _ in range(depth):
        out = [out]
    return out


class Hang(BaseException):
    pass


@contextmanager
def limit(seconds):
    def stop(*_):
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


class Campaign:
    """Makes calls and keeps what came of them; every fault is a line."""

    def __init__(self):
        self.outcomes, self.faults, self.slow, self.n = Counter(), Counter(), [], 0
        self.examples = {}

    def call(self, name, function, args, kwargs):
        self.n += 1
        began = time.monotonic()
        shown = f"{name}({', '.join([*map(_brief, args), *(f'{k}={_brief(v)}' for k, v in kwargs.items())])})"
        try:
            with limit(HANGS_S):
                result = function(*args, **kwargs)
                self.outcomes["answered"] += 1
                return result
        except Hang:
            self.fault(f"{name} hangs", shown)
        except SpinError as error:
            self.outcomes["SpinError"] += 1
            self.judge(name, str(error), error, shown)
        except Exception as error:
            where = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(PACKAGE)]
            if isinstance(error, TypeError) and not where:
                self.outcomes["TypeError of arity"] += 1
            else:
                at = where[-1] if where else traceback.extract_tb(error.__traceback__)[-1]
                place = f"{pathlib.Path(at.filename).name}:{at.lineno}"
                self.fault(f"{name}: {type(error).__name__} at {place}", f"{_words(error)} | {shown}")
        finally:
            seconds = time.monotonic() - began
            if seconds > SLOW_S:
                self.slow.append((round(seconds, 1), shown))
        return None

    def judge(self, name, message, error, shown):
        if len(message) > LONGEST_MESSAGE:
            self.fault(f"{name}: a message of {len(message):,} characters: {message[:80]}", shown)
        if len(error.do) < 4:
            self.fault(f"{name}: no next step: {message[:80]}", shown)
        if any(words in message for words in ("evil repr", "evil str")):
            self.fault(f"{name}: {message[:80]}", shown)

    def fault(self, what, example):
        self.faults[what] += 1
        self.examples.setdefault(what, example)

    def report(self, title):
        counts = ", ".join(f"{n:,} {what}" for what, n in sorted(self.outcomes.items()))
        print(f"\n{title}: {self.n:,} calls, {counts}; {len(self.slow)} over {SLOW_S:.0f} s")
        for seconds, shown in sorted(self.slow, reverse=True)[:10]:
            print(f"  slow {seconds} s: {shown}")
        lines = [f"{n} x {what} | {self.examples[what]}" for what, n in self.faults.most_common()]
        assert not lines, "\n".join(lines)


def _brief(value):
    try:
        return repr(value)[:60]
    except Exception:
        return f"<{type(value).__name__}>"


def _words(error):
    try:
        return str(error)[:80]
    except Exception:
        return "..."


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 60)
    rows = rng.normal(size=(60, 6)).astype(np.float32)
    rows[:, 0] += 4 * truth
    return rows, truth


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def s(here, table):
    rows, truth = table
    s = spin.open(here / "p.spin", pool=rows, classes=CLASSES, annotator="ada")
    s.label({s.pool.ids[k]: CLASSES[int(truth[k])] for k in range(10)})
    s.train(wait=True)
    yield s
    s.close()


def size(what):
    return CALLS[what][FULL]


def public_methods(thing, without=()):
    """Bound methods that a person may call."""
    names = [name for name in dir(type(thing)) if not name.startswith("_") and name not in without]
    return {
        name: getattr(thing, name)
        for name in names
        if isinstance(inspect.getattr_static(type(thing), name), FunctionType | classmethod)
    }


def settable(thing):
    """Properties that a person may set."""
    return [
        name
        for name in dir(type(thing))
        if isinstance(known := inspect.getattr_static(type(thing), name), property) and known.fset
    ]


def arguments(function, rng, make, good):
    """Arguments for every parameter: what fits now and then, else anything."""
    args, kwargs = [], {}
    for name, one in inspect.signature(function).parameters.items():
        if name == "wait" or one.kind in (one.VAR_KEYWORD, one.VAR_POSITIONAL):
            continue
        value = good[name] if name in good and rng.random() < 0.35 else rng.choice(make)()
        if one.kind is one.KEYWORD_ONLY:
            if rng.random() < 0.5:
                kwargs[name] = value
        elif one.default is one.empty or rng.random() < 0.6:
            args.append(value)
        else:
            break
    if rng.random() < 0.02:
        kwargs["nonsense"] = 1
    return args, kwargs


def ended(result):
    """What runs in the background has its turn as well; what takes long is cancelled."""
    if hasattr(result, "cancel") and hasattr(result, "result"):
        try:
            result.result(5)
        except TimeoutError:
            result.cancel()
    return result


def test_public_methods_answer_in_words(s, table):
    rng, campaign = random.Random(1), Campaign()
    ids = list(s.pool.ids)
    make = values(ids, table[0])
    good = {"id": ids[3], "item": ids[3], "value": "a", "kind": "undo", "n": 2, "client": "c", "k": 1}
    good |= {"number": 0, "alpha": 0.3, "S": 3, "entries": [{"seq": 1, "kind": "skip", "id": ids[20]}]}
    things = [
        ("s", s, ("close",)),
        ("s.predict(...)", s.predict(ids[:3]), ()),
        ("s.explain(...)", s.explain(ids[0]), ()),
    ]
    calls = [
        (f"{name}.{word}", f) for name, thing, no in things for word, f in public_methods(thing, no).items()
    ]
    calls += [
        (f"{name}.{word} =", _setter(thing, word)) for name, thing, _ in things for word in settable(thing)
    ]
    assert len(calls) > 20, "the public methods were not found"
    for _ in range(size("methods")):
        name, function = rng.choice(calls)
        args, kwargs = arguments(function, rng, make, good)
        campaign.call(name, lambda *a, f=function, **k: ended(f(*a, **k)), args, kwargs)
    campaign.report("public methods")
    s.audit_share = 0.1
    s.label(ids[20], "c")
    assert s.values[ids[20]] == "c", "the session labels on"


def _setter(thing, name):
    return lambda value: setattr(thing, name, value)


def test_open_answers_in_words(here, table):
    rng, campaign = random.Random(2), Campaign()
    rows = table[0][:24]
    make = values([f"item-{k:06}" for k in range(24)], rows)
    names = list(inspect.signature(spin.open).parameters)[1:]

    def opened(*args, **kwargs):
        s = spin.open(*args, **kwargs)
        try:
            repr(s)
            s._stage.wait()
        finally:
            s.close()

    for n in range(size("open")):
        kwargs = {"pool": rows, "classes": CLASSES} if rng.random() < 0.7 else {}
        kwargs |= {name: rng.choice(make)() for name in rng.sample(names, rng.choice([0, 1, 1, 2, 3]))}
        reopened = rng.random() < 0.3
        path = (
            here / ("again.spin" if reopened else f"{n}.spin") if rng.random() < 0.85 else rng.choice(make)()
        )
        campaign.call("spin.open", opened, (path,), kwargs)
    campaign.report("spin.open")


JSON_VALUES = [
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        2.5,
        1e308,
        2**60,
        10**400,
        "",
        "a",
        "zz",
        "\0",
        "\ud800",
        "x" * 300_000,
        "é" * 300,
    ),
    *(
        [],
        [None],
        ["a"],
        [1, 2, 3, 4],
        [0, 0, 1e9, -1],
        [[]],
        {},
        {"a": 1},
        {"skip": "s"},
        {"class:a": "Enter"},
        "undo",
    ),
    *(
        "redo",
        "label",
        "skip",
        "hello",
        "cards",
        "apply",
        "card",
        "look",
        "train",
        "NaN",
        float("nan"),
        float("inf"),
    ),
    [{"seq": 1, "kind": "label", "value": "a"}],
    [{"seq": n, "kind": "undo"} for n in (1, 2, "x", None)],
]
FIELDS = [
    "id",
    "client",
    "entries",
    "n",
    "have",
    "kind",
    "skip",
    "tokens",
    "frame",
    "box",
    "size",
    "part",
    "bindings",
]


def widgets_of(view):
    """A view and all that is drawn inside it."""
    found, waiting = [], [view]
    while waiting:
        widget = waiting.pop()
        if widget not in found:
            found.append(widget)
            inside = [getattr(widget, name, None) for name in widget.trait_names()]
            inside += list(vars(widget).values())
            for value in inside:
                for one in value if isinstance(value, list | tuple) else [value]:
                    if hasattr(one, "comm") and hasattr(one, "trait_names"):
                        waiting.append(one)
    return found


def ours(widget):
    return any(kind.__module__.startswith("spin_nb.") for kind in type(widget).__mro__)


@pytest.fixture
def views(s):
    s.suggest({s.pool.ids[30]: ("a", 0.5)})
    words = ("map", "labeller", "uncertainty", "curves", "calibration", "drift", "workbench")
    handle = s.train()
    handle.result(120)
    from spin_nb.views.progress import Progress

    shown = [getattr(s, word) for word in words] + [Progress(handle)]
    found = {id(widget): widget for view in shown for widget in widgets_of(view) if ours(widget)}
    return list(found.values())


def test_pages_are_answered_in_words(s, views, monkeypatch, caplog):
    rng, campaign = random.Random(3), Campaign()
    speaking = [view for view in views if getattr(view, "verbs", None)]
    # What a view adds to the widget it is; a widget's own traits are checked by ipywidgets.
    told = [
        (view, name)
        for view in views
        for name, trait in view.traits(sync=True).items()
        if trait.this_class.__module__.startswith("spin_nb.")
    ]
    assert {"hello", "cards", "apply"} <= {verb for view in speaking for verb in view.verbs}
    assert len(speaking) >= 3
    sent = []
    for view in speaking:
        monkeypatch.setattr(view, "send", lambda content, buffers=None: sent.append(content))

    def say(view, message):
        sent.clear()
        view._handle_custom_msg(message, [])
        replies = [content for content in sent if "reply" in content]
        expected = isinstance(message, dict) and "verb" in message
        assert len(replies) == expected, "one answer to each message"
        for content in sent:
            problem = content.get("problem") or {}
            words = f"{problem.get('what', '')}{problem.get('do', '')}"
            assert len(words) <= LONGEST_MESSAGE, words[:100]

    def put(view, state):
        view.set_state(state)

    caplog.set_level(logging.ERROR)
    for _ in range(size("pages")):
        if rng.random() < 0.7:
            view = rng.choice(speaking)
            message = {"call": 1, "verb": rng.choice([*view.verbs] * 4 + JSON_VALUES)}
            message |= {name: rng.choice(JSON_VALUES) for name in FIELDS if rng.random() < 0.4}
            if rng.random() < 0.5:
                message["id"] = rng.choice(s.pool.ids)
            if rng.random() < 0.05:
                message = rng.choice(JSON_VALUES)
            campaign.call(f"{type(view).__name__} hears", say, (view, message), {})
        else:
            view, name = rng.choice(told)
            campaign.call(f"{type(view).__name__} is set", put, (view, {name: rng.choice(JSON_VALUES)}), {})
        for record in caplog.records:
            campaign.fault(
                f"logged: {record.getMessage()[:200]} {record.exc_info and record.exc_info[1]!r}", ""
            )
        caplog.clear()
    campaign.report("pages")
    s.label(s.pool.ids[21], "c")
    assert s.values[s.pool.ids[21]] == "c", "the session labels on"
