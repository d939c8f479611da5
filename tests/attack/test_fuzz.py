"""Whatever is passed to a public method, or sent by a page: an error in words, soon, or an answer.

Public methods and what pages may say are found by looking, so new ones are fuzzed too, on projects of classes, boxes
and spans.  ``SPIN_ATTACK=full`` makes more than 50,000 calls, with every task; ``-s`` prints the counts.
"""

from __future__ import annotations

import inspect
import logging
import os
import random
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import spin_nb as spin
from spin_nb.errors import SpinError
from spin_nb.views.session_like import ChannelLike
from tests.attack.fuzzing import (
    CLASSES,
    LONGEST_MESSAGE,
    Campaign,
    arguments,
    mutated,
    public_functions,
    public_methods,
    settable,
    values,
)

FULL = os.environ.get("SPIN_ATTACK") == "full"
CALLS, PAGES, OPENED, OFFERED = (1000, 1300, 7000, 3000) if FULL else (500, 300, 250, 200)
VIEWS = ("map", "labeller", "uncertainty", "curves", "calibration", "drift", "workbench")
SESSION_CALLS = (
    "push",
    "set_state",
    "when_drawn",
    "build",
    "fill",
    "title",
    "mark",
    "clicked",
)  # of a view; a person does not
CHANNEL_CALLS = [name for name in vars(ChannelLike) if not name.startswith("_")]
ROWS = np.random.default_rng(0).normal(size=(60, 6)).astype(np.float32)
TRUTH = np.random.default_rng(1).integers(0, 2, 60)
ROWS[:, 0] += 4 * TRUTH
PICTURES = np.random.default_rng(0).integers(0, 255, (40, 12, 12), dtype=np.uint8)
TEXTS = [f"A text of {n} words, of Ada and Bob and {n * n} others." for n in range(40)]


@dataclass(frozen=True)
class Room:
    """A project to be fuzzed: its pool, its task and a label that this allows."""

    pool: Any
    task: Any
    label: Any


ROOMS = {
    "classes": Room(ROWS, spin.Classes(CLASSES), "a"),
    "boxes": Room(
        PICTURES,
        spin.Boxes(CLASSES),
        [{"label": "a", "x": 1.0, "y": 2.0, "width": 4.0, "height": 5.0}],
    ),
    "spans": Room(TEXTS, spin.Spans(CLASSES), [{"label": "a", "start": 2, "end": 6}]),
}
if FULL:
    ROOMS |= {
        "keypoints": Room(PICTURES, spin.Keypoints(CLASSES), {"a": [3.0, 4.0], "c": None}),
        "polygons": Room(
            PICTURES, spin.Polygons(CLASSES), [{"label": "a", "points": [[1, 1], [9, 1], [5, 8]]}]
        ),
        "several classes": Room(ROWS, spin.MultiLabel(CLASSES), ["a"]),
        "numbers": Room(ROWS, spin.Number(0, 10), 2.5),
        "text": Room(TEXTS, spin.FreeText(max_length=200), "a refund"),
        "pairs": Room(TEXTS, spin.Pairs(), "first"),
    }


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rounds(classes, drawn, others):
    """Marks a test that runs so many times with each room in a campaign, each time on a project of its own."""
    times = dict.fromkeys(ROOMS, others) | {"classes": classes, "boxes": drawn, "spans": drawn}
    tries = [(name, seed) for name in ROOMS for seed in range(times[name] if FULL else 1)]
    return pytest.mark.parametrize("room", tries, indirect=True, ids=lambda one: f"{one[0]}-{one[1]}")


@pytest.fixture
def room(request):
    name, seed = request.param
    return ROOMS[name], f"{name}, round {seed}", seed


@pytest.fixture
def s(here, room):
    of, _, _ = room
    s = spin.open(here / "p.spin", pool=of.pool, task=of.task, annotator="ada")
    labels = (
        [CLASSES[label] for label in TRUTH[:10]]
        if s._view_data.learns_classes and of.label == "a"
        else [of.label] * 10
    )
    s.label(dict(zip(s.pool.ids, labels, strict=False)))
    if s._view_data.learns_classes:
        s.train(wait=True)
    yield s
    s.close()


def ended(result):
    """What runs in the background has its turn as well; what takes long is cancelled."""
    if hasattr(result, "cancel") and hasattr(result, "result"):
        try:
            result.result(5)
        except TimeoutError:
            result.cancel()
    return result


def things(s):
    """(name, thing, what not to call) of all that a person holds."""
    ids = s.pool.ids[:3]
    yield "s", s, ("close",)
    yield "s.model", s.model, ()
    yield "s.audit", s.audit, ()
    yield "s.stream", s.stream, ()
    yield "s.ask(...)", s.ask(1), ()
    yield "s.accuracy", s.accuracy, ()
    yield "s.check(...)", s.check(), ()
    with suppress(SpinError):
        handle = s.train()
        handle.result()
        yield "s.train(...)", handle, ("report",)  # the work calls it
        yield "s.predict(...)", s.predict(ids), ()
        yield "s.predict(...).sets(...)", s.predict(ids).sets(), ()
        yield "s.explain(...)", s.explain(ids[0]), ()


def calls_on(s):
    """(name, function) of all that may be called, or set."""
    for name, thing, without in things(s):
        for word, method in public_methods(thing, without).items():
            yield f"{name}.{word}", method
        for word in settable(thing):
            yield f"{name}.{word} =", _setter(thing, word)
    channel = s._view_data.channel
    for word in CHANNEL_CALLS:
        yield f"channel.{word}", getattr(channel, word)
    yield "value", s._view_data.value
    yield "s.task.validate", lambda value: s.task.validate(value)
    yield "s.task.from_json", s.task.from_json


def _setter(thing, name):
    return lambda value: setattr(thing, name, value)


@rounds(12, 3, 2)
def test_public_methods_answer_in_words(s, room):
    of, name, seed = room
    rng, campaign = random.Random(seed), Campaign()
    ids = list(s.pool.ids)
    make = values(ids, of.pool, of.label)
    good = {"id": ids[3], "item": ids[3], "value": of.label, "kind": "undo", "n": 2, "client": "c", "k": 1}
    good |= {"number": 0, "alpha": 0.3, "S": 3, "items": ids[:2], "box": [0, 0, 4, 4], "size": [10, 10]}
    good["entries"] = [
        {"seq": 1, "kind": "skip", "id": ids[20]},
        {"seq": 2, "kind": "label", "id": ids[21], "value": of.label},
    ]
    good["suggestions"] = {ids[22]: (of.label, 0.5)}
    calls = list(calls_on(s))
    assert len(calls) >= 30, "the public methods were not found"
    for _ in range(CALLS):
        word, function = rng.choice(calls)
        args, kwargs = arguments(function, rng, make, good)
        campaign.call(word, lambda *a, f=function, **k: ended(f(*a, **k)), args, kwargs)
    campaign.report(f"{len(calls)} public methods, {name}")
    s.audit.share = 0.1
    s.label(ids[20], of.label)
    assert s.values[ids[20]] == of.label, "the session labels on"


@rounds(12, 3, 2)
def test_changes_of_the_classes_answer_in_words(s, room):
    of, name, seed = room
    rng, campaign = random.Random(seed), Campaign()
    ids, names = list(s.pool.ids), list(s.classes)
    make = values(ids, of.pool, of.label)
    good = {"name": "a", "names": ["a", "new"], "old": "b", "new": "other", "into": {"a1": ids[:2], "a2": []}}
    good |= {"items": ids[:2]}
    methods = public_methods(s.classes, ())
    for _ in range(CALLS // 3):
        word, function = rng.choice(list(methods.items()))
        args, kwargs = arguments(function, rng, make, good)
        campaign.call(f"s.classes.{word}", function, args, kwargs)
    campaign.report(f"{len(methods)} verbs of s.classes, {name}")
    with suppress(SpinError):
        while True:
            s.undo()
    assert s.classes == names, "what was changed was undone"


def test_what_the_package_offers_answers_in_words(here):
    rng, campaign = random.Random(4), Campaign()
    good = {"names": CLASSES, "classes": CLASSES, "low": 0, "high": 3, "step": 0.5, "values": [[1.0, 2.0]]}
    offered = public_functions(spin, ("Session", "SpinError", "open", "__version__"))
    offered |= public_functions(spin.encoders, ("choose_encoder", "make_encoder"))
    assert len(offered) >= 13, "what the package offers was not found"
    make = values(["a", *"bcdefg"], ROWS, [{"label": "a"}])
    for _ in range(OFFERED):
        name, function = rng.choice([*offered.items()])
        args, kwargs = arguments(function, rng, make, good)
        campaign.call(f"spin.{name}", lambda *a, f=function, **k: repr(f(*a, **k)), args, kwargs)
    campaign.report(f"{len(offered)} functions and classes")


def test_open_answers_in_words(here):
    rng, campaign = random.Random(2), Campaign()
    rows = ROWS[:24]
    make = values([f"item-{k:06}" for k in range(24)], rows)
    names = list(inspect.signature(spin.open).parameters)[1:]

    def opened(*args, **kwargs):
        s = spin.open(*args, **kwargs)
        try:
            repr(s)
            s._live.pool_model.wait()
        finally:
            s.close()

    for n in range(OPENED):
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
JSON_MAKERS = [lambda value=value: value for value in JSON_VALUES]
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
def views(s, room):
    s.suggest({s.pool.ids[30]: (room[0].label, 0.5)})
    from spin_nb.views.workbench.progress import Progress

    shown = []
    for word in VIEWS:
        with suppress(SpinError):
            shown.append(getattr(s, word))
    if s._view_data.learns_classes:
        handle = s.train()
        handle.result(120)
        shown.append(Progress(handle))
    found = {id(widget): widget for view in shown for widget in widgets_of(view) if ours(widget)}
    return list(found.values())


@rounds(4, 2, 1)
def test_pages_are_answered_in_words(s, room, views, monkeypatch, caplog):
    of, name, seed = room
    rng, campaign = random.Random(seed), Campaign()
    labelled = [{"seq": 1, "kind": "label", "id": s.pool.ids[8], "value": of.label}]
    speaking = [view for view in views if getattr(view, "verbs", None)]
    # What a view adds to the widget it is; a widget's own traits are checked by ipywidgets.
    told = [
        (view, name)
        for view in views
        for name, trait in view.traits(sync=True).items()
        if trait.this_class.__module__.startswith("spin_nb.")
    ]
    assert {"hello", "cards", "apply"} <= {verb for view in speaking for verb in view.verbs}
    assert len(speaking) >= 2
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

    methods = [
        (f"{type(view).__name__}.{word}", method)
        for view in views
        for word, method in public_methods(view, SESSION_CALLS).items()
    ]
    make = values(list(s.pool.ids), of.pool, of.label)

    def put(view, state):
        view.set_state(state)

    caplog.set_level(logging.ERROR)
    for _ in range(PAGES):
        if rng.random() < 0.1:
            word, method = rng.choice(methods)
            campaign.call(word, method, *arguments(method, rng, make, {"id": s.pool.ids[2]}))
        elif rng.random() < 0.7:
            view = rng.choice(speaking)
            message = {"call": 1, "verb": rng.choice([*view.verbs] * 4 + JSON_VALUES)}
            message |= {name: rng.choice(JSON_VALUES) for name in FIELDS if rng.random() < 0.4}
            if rng.random() < 0.5:
                message["id"] = rng.choice(s.pool.ids)
            if message["verb"] == "apply" and rng.random() < 0.5:
                entries = labelled if rng.random() < 0.3 else mutated(labelled, rng, JSON_MAKERS)
                message |= {"client": "page", "entries": entries}
            if rng.random() < 0.05:
                message = rng.choice(JSON_VALUES)
            campaign.call(f"{type(view).__name__} hears", say, (view, message), {})
        else:
            view, trait = rng.choice(told)
            campaign.call(f"{type(view).__name__} is set", put, (view, {trait: rng.choice(JSON_VALUES)}), {})
        for record in caplog.records:
            campaign.fault(
                f"logged: {record.getMessage()[:200]} {record.exc_info and record.exc_info[1]!r}", ""
            )
        caplog.clear()
    campaign.report(f"views and pages, {name}")
    s.label(s.pool.ids[21], of.label)
    assert s.values[s.pool.ids[21]] == of.label, "the session labels on"
