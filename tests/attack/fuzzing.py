"""What a fuzzing campaign is made of: values of every kind, what may be called, and an account of what came of it."""

from __future__ import annotations

import copy
import datetime
import decimal
import fractions
import inspect
import logging
import os
import pathlib
import signal
import time
import traceback
from collections import Counter
from contextlib import contextmanager
from types import FunctionType

import numpy as np

import spin_nb as spin
from spin_nb.errors import SpinError

LONGEST_MESSAGE = 1000  # characters
SLOW_S, HANGS_S = 8.0, 240
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


def values(ids, pool, label="a"):
    """Functions that make a value each: iterators are used up by a call.

    ``ids`` and ``pool`` are a project's own, ``label`` is one that its task allows.
    """
    again = ids[6 % len(ids)]
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
        lambda: np.zeros((2, 12, 12), np.uint8),
        lambda: np.zeros((12, 12, 3)),
        lambda: ["a text", "", "\0"],
        lambda: np.ma.masked_array([1.0, 2.0], [True, False]),
        lambda: copy.copy(pool[:3]),
        lambda: copy.copy(pool[0]),
        lambda: list(ids[:3]),
        lambda: dict.fromkeys(ids[:3], "a"),
        lambda: {ids[0]: None},
        lambda: {ids[0]: "zz"},
        lambda: {ids[0]: ["a"]},
        lambda: {again: (label, 0.5)},
        lambda: copy.deepcopy(label),
        lambda: dict.fromkeys(ids[:3], label),
        lambda: {again: [label, label]},
        lambda: [label] * 200,
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


def mutated(value, rng, make):
    """``value`` with one thing in it changed, left out, there twice or too many."""
    if not isinstance(value, dict | list | tuple) or not value or rng.random() < 0.1:
        return rng.choice(make)()
    if isinstance(value, dict):
        key = rng.choice(list(value))
        out = dict(value)
        match rng.randrange(5):
            case 0:
                del out[key]
            case 1:
                out[rng.choice(["x", "html", "", key * 2, "__class__"])] = rng.choice(make)()
            case _:
                out[key] = mutated(value[key], rng, make)
        return out
    out, place = list(value), rng.randrange(len(value))
    match rng.randrange(6):
        case 0:
            del out[place]
        case 1:
            out += out
        case 2:
            out = out * 20_000
        case _:
            out[place] = mutated(value[place], rng, make)
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
    """Makes calls and keeps what came of them; every fault is a line.

    A call is slow that computes for long: the processor's time counts, so that a busy machine makes none slow.  Calls
    that took long by the clock are printed.
    """

    def __init__(self):
        self.outcomes, self.faults, self.slow, self.n = Counter(), Counter(), [], 0
        self.longest = 0.0
        self.examples = {}

    def call(self, name, function, args, kwargs):
        self.n += 1
        began, worked = time.monotonic(), _worked()
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
            seconds, worked = time.monotonic() - began, _worked() - worked
            self.longest = max(self.longest, seconds)
            if seconds > SLOW_S:
                self.slow.append((round(seconds, 1), round(worked, 1), shown))
                if worked > SLOW_S:
                    self.fault(f"{name} is slow", shown)
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
        slow = f"{len(self.slow)} over {SLOW_S:.0f} s, the longest {self.longest:.1f} s"
        print(f"\n{title}: {self.n:,} calls, {counts}, {self.faults.total():,} faults; {slow}")
        for seconds, worked, shown in sorted(self.slow, reverse=True)[:10]:
            print(f"  {seconds} s, {worked} s of them computing: {shown}")
        lines = [f"{n} x {what} | {self.examples[what]}" for what, n in self.faults.most_common()]
        assert not lines, "\n".join(lines)


def _worked():
    """Seconds of the processor so far, of processes that were started and have ended as well."""
    return sum(os.times()[:4])


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


def public_methods(thing, without=()):
    """Bound methods of our own that a person may call."""
    names = [name for name in dir(type(thing)) if not name.startswith("_") and name not in without]
    found = {
        name: getattr(thing, name)
        for name in names
        if isinstance(inspect.getattr_static(type(thing), name), FunctionType | classmethod)
    }
    return {name: method for name, method in found.items() if method.__module__.startswith("spin_nb.")}


def public_functions(module, without=()):
    """Functions and classes that a module offers."""
    found = {name: getattr(module, name) for name in module.__all__ if name not in without}
    return {name: thing for name, thing in found.items() if callable(thing)}


def settable(thing):
    """Properties that a person may set."""
    return [
        name
        for name in dir(type(thing))
        if isinstance(known := inspect.getattr_static(type(thing), name), property) and known.fset
    ]


def arguments(function, rng, make, good):
    """Arguments for every parameter: what fits now and then, or nearly does, else anything."""
    args, kwargs = [], {}
    for name, one in inspect.signature(function).parameters.items():
        if name == "wait" or one.kind in (one.VAR_KEYWORD, one.VAR_POSITIONAL):
            continue
        value = _argument(name, rng, make, good)
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


def _argument(name, rng, make, good):
    chance = rng.random()
    if name not in good or chance > 0.6:
        return rng.choice(make)()
    return good[name] if chance < 0.3 else mutated(good[name], rng, make)
