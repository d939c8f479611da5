"""The uncertainty view: which item it looks at, what it says of it, and that all of it stays text."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.errors import PoolError
from spin_nb.types import Shown
from spin_nb.views.uncertainty.item import MAX_STRIPS, chances
from spin_nb.views.uncertainty.pool_plot import MAX_DOTS, PoolPlot
from spin_nb.views.uncertainty.view import UncertaintyView

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def view(drawn):
    made = UncertaintyView(drawn)
    drawn.label(0, 1, 2, 3, 4, 5)
    return made


def looked_at(view):
    return view.item.item.get("id", "")


def ask(view, verb, part="item", **fields):
    """What the browser says, and what it is answered."""
    panel, answers = getattr(view, part), []
    panel.send = lambda content, buffers=None: answers.append(content)
    panel._receive(panel, {"call": 1, "verb": verb, **fields}, [])
    return answers[0]


def click(view, trace, point, x=0.0, y=0.0):
    """What the page tells of a click in the plot."""
    view._receive(view, {"call": 1, "verb": "click", "trace": trace, "point": point, "x": x, "y": y}, [])


def most_uncertain(drawn):
    return f"img_{int(np.argmax(np.where(drawn.label_index < 0, drawn.predictive.epistemic, -1)))}"


# -- which item ---------------------------------------------------------------------------------------------


def test_before_the_first_label_it_says_what_to_do_and_shows_an_item_that_is_asked_for(drawn):
    view = UncertaintyView(drawn)
    assert "s.label(id, class)" in view.item.chances["note"]
    assert (view.item.item, view.mind.mind) == ({}, {})
    view.look("img_3")
    assert view.item.item["data"] == "item <i>3</i>"
    assert "No model yet" in view.item.chances["note"]


def test_at_first_it_is_the_most_uncertain_item_without_a_label_also_after_the_next_label(view, drawn):
    assert looked_at(view) == most_uncertain(drawn)
    drawn.label(drawn.pool.row(looked_at(view)))
    assert looked_at(view) == most_uncertain(drawn)


def test_a_selection_looks_at_its_first_item(view, drawn):
    drawn.selected = ["img_60", "img_61"]
    assert looked_at(view) == "img_60"
    drawn.selected = []
    assert looked_at(view) == "img_60", "what was looked at stays"


def test_an_id_looks_at_that_item_and_an_unknown_one_is_refused_in_words(view):
    assert "problem" not in ask(view, "look", id="img_8")
    assert looked_at(view) == "img_8"
    assert "nobody" in ask(view, "look", id="nobody")["problem"]["what"]
    assert looked_at(view) == "img_8"
    with pytest.raises(ValueError, match="is not in list"):
        view.look("nobody")


def test_back_goes_through_the_items_looked_at(view):
    first = looked_at(view)
    assert view.item.can == {"back": False}
    for id in ("img_8", "img_9", "img_9"):
        view.look(id)
    assert view.item.can == {"back": True}
    ask(view, "back")
    assert looked_at(view) == "img_8"
    ask(view, "back")
    assert looked_at(view) == first
    ask(view, "back")
    assert looked_at(view) == first


def test_next_goes_down_in_epistemic_uncertainty_over_the_items_without_a_label(view, drawn):
    ranked = np.argsort(-drawn.predictive.epistemic, kind="stable")
    free = [f"img_{row}" for row in ranked if drawn.label_index[row] < 0]
    seen = [looked_at(view)]
    for _ in range(5):
        ask(view, "next")
        seen.append(looked_at(view))
    assert seen == free[:6]


def test_what_is_pointed_at_is_shown_while_it_is_and_leaves_no_trace(view):
    first = looked_at(view)
    view.point_at("img_70")
    assert looked_at(view) == "img_70"
    view.point_at("")
    assert looked_at(view) == first
    assert view.item.can == {"back": False}


def test_a_click_on_a_point_of_the_pool_looks_at_that_item(view, drawn):
    unlabelled = np.flatnonzero(drawn.label_index < 0)
    click(view.pool, 1, 10)
    assert looked_at(view) == f"img_{unlabelled[10]}"
    click(view.pool, 2, 3)
    assert looked_at(view) == "img_3"


def test_nearest_labels_and_what_would_change_its_mind_can_be_looked_at(view):
    near = view.item.near["cards"][1]["id"]
    ask(view, "look", id=near)
    assert looked_at(view) == near
    other = view.mind.mind["rows"][0]["card"]["id"]
    ask(view, "look", part="mind", id=other)
    assert looked_at(view) == other


# -- what it says -------------------------------------------------------------------------------------------


def test_strips_hold_the_posterior_samples_of_each_class_likeliest_first(view, drawn):
    view.look("img_60")
    mean = drawn.predictive.mean[60]
    rows = view.item.chances["rows"]
    assert [row["name"] for row in rows] == [drawn.classes[c] for c in np.argsort(-mean)]
    assert [row["mean"] for row in rows] == pytest.approx(np.sort(mean)[::-1].tolist())
    draws = drawn.predictive.draws(np.array([60]), 200, 0)[:, 0, int(mean.argmax())]
    assert np.array_equal(np.frombuffer(rows[0]["draws"], np.float32), draws)
    assert (rows[0]["low"], rows[0]["high"]) == pytest.approx(tuple(np.percentile(draws, [5, 95])))
    assert view.item.chances["says"] == f"It says {drawn.classes[int(mean.argmax())]!r}, {mean.max():.0%}"


def test_of_many_classes_the_likeliest_have_strips_and_the_rest_is_counted():
    mean = np.full(20, 0.05)
    said = chances(mean, np.full((10, 20), 0.05), [f"c{i}" for i in range(20)])
    assert len(said["rows"]) == MAX_STRIPS
    assert "The 12 other classes share 60%." in said["note"]


def test_doubt_neighbours_and_changes_are_those_of_the_explanation(view, drawn):
    why = drawn.explain(looked_at(view))
    assert view.item.doubt["epistemic"] == why.epistemic
    assert view.item.doubt["most"] == pytest.approx(np.log(3))
    assert view.item.doubt["words"] == why.doubt
    assert [card["id"] for card in view.item.near["cards"]] == [n.id for n in why.neighbours]
    assert view.item.near["cards"][0]["label"] == why.neighbours[0].label
    assert [row["text"] for row in view.mind.mind["rows"]] == [str(change) for change in why.changes]
    assert view.mind.mind["lesson"].startswith("Its label would teach 37 similar items")
    assert "model expects" in view.mind.mind["fine"]
    assert "200 posterior samples" in view.mind.mind["fine"]


def test_what_is_being_asked_is_shown_without_an_opinion_until_it_is_answered(view, drawn):
    view.look("img_60")
    drawn.events.asked.emit(("img_60",))
    assert looked_at(view) == "img_60"
    assert "kept back" in view.item.chances["note"]
    assert (view.item.doubt, view.item.near, view.mind.mind) == ({}, {}, {})
    drawn.label(60)
    assert view.item.chances["rows"]


def test_no_label_is_supposed_for_an_item_that_is_being_asked(view, drawn):
    view.look("img_60")
    drawn.events.asked.emit(("img_61",))
    assert view.mind.mind["rows"] == []
    assert "being asked" in view.mind.mind["words"]


def test_the_most_uncertain_item_is_none_that_is_being_asked(view, drawn):
    first = looked_at(view)
    drawn.events.asked.emit((first,))
    assert looked_at(view) not in ("", first)


def test_an_item_that_cannot_be_read_says_why(view, drawn):
    def gone(row):
        raise PoolError("the file photos/60.png is gone.", "Put it back.")

    drawn.pool._show = gone
    view.look("img_60")
    assert view.item.item["broken"] == "the file photos/60.png is gone. Put it back."


def test_ids_names_and_items_travel_as_text(drawn):
    drawn.classes = [HOSTILE, "crack", "dent"]
    drawn.pool.ids[60] = HOSTILE
    drawn.pool._show = lambda row: Shown("application/json", {HOSTILE: HOSTILE})
    view = UncertaintyView(drawn)
    drawn.label(0, 1, 2, 3, 4, 5)
    view.look(HOSTILE)
    assert view.item.item["data"] == {HOSTILE: HOSTILE}
    assert HOSTILE in [row["name"] for row in view.item.chances["rows"]]
    written = [str(text) for trace in view.pool.figure.data if trace.text is not None for text in trace.text]
    assert any("&lt;img" in text for text in written)
    assert not any("<img" in text for text in written)
    assert "innerHTML" not in view.item._esm


def test_a_failure_is_said_where_the_strips_would_be(view, drawn, monkeypatch):
    def broken(id):
        raise RuntimeError("no draws")

    monkeypatch.setattr(drawn, "explain", broken)
    view.look("img_8")
    assert "no draws" in view.item.chances["note"]


# -- the pool -----------------------------------------------------------------------------------------------


def pool(n, C=3):
    from types import SimpleNamespace

    from spin_nb.session.runtime.signals import Signals

    rng = np.random.default_rng(0)
    mean = rng.dirichlet(np.ones(C), n).astype(np.float32)
    predictive = SimpleNamespace(mean=mean, epistemic=rng.random(n), aleatoric=rng.random(n))
    ids = [f"img_{i}" for i in range(n)]
    return SimpleNamespace(
        predictive=predictive,
        label_index=np.full(n, -1, np.int64),
        classes=["ok", "crack", "dent"],
        pool=SimpleNamespace(ids=ids),
        events=Signals(),
        name="parts.spin",
    )


def test_every_item_of_a_small_pool_has_a_dot_labelled_ones_a_ring(view, drawn):
    density, dots, rings, here = view.pool.figure.data
    assert len(density.z) == 0
    assert (len(dots.x), len(rings.x)) == (114, 6)
    row = drawn.pool.row(looked_at(view))
    assert here.x == pytest.approx([drawn.predictive.aleatoric[row]])
    assert here.y == pytest.approx([drawn.predictive.epistemic[row]])


def test_a_large_pool_is_a_density_and_few_dots_the_most_uncertain_among_them():
    session = pool(100_000)
    plot = PoolPlot(session, lambda id: None)
    density, dots = plot.figure.data[:2]
    assert len(dots.x) <= MAX_DOTS
    counted = sum(int(text.split()[0].replace(",", "")) for line in density.text for text in line)
    assert counted == 100_000
    assert plot._rows[1].tolist().count(int(np.argmax(session.predictive.epistemic))) == 1


def test_a_click_on_the_density_looks_at_the_most_uncertain_item_of_that_cell():
    session, seen = pool(5000), []
    view = PoolPlot(session, seen.append)
    x, y = session.predictive.aleatoric, session.predictive.epistemic
    density = view.figure.data[0]
    column, line = 10, 20
    click(view, 0, [line, column], float(density.x[column]), float(density.y[line]))
    half = (density.x[1] - density.x[0]) / 2, (density.y[1] - density.y[0]) / 2
    inside = (np.abs(x - density.x[column]) < half[0]) & (np.abs(y - density.y[line]) < half[1])
    rows = np.flatnonzero(inside)
    assert seen == [f"img_{rows[np.argmax((x + y)[rows])]}"]


def test_looking_at_another_item_moves_the_ring_and_sends_no_dots_again(view, monkeypatch):
    sent = []
    monkeypatch.setattr(view.pool, "_send", lambda message, buffers=None: sent.append(message["state"]))
    view.look("img_8")
    assert [set(state) for state in sent] == [{"trace_3", "figure_layout"}]


def test_arrivals_explain_nothing_anew_and_appear_in_the_pool(view, drawn, monkeypatch):
    before, marked = list(drawn.explained), []
    mark = view.pool.mark
    monkeypatch.setattr(view.pool, "mark", lambda row: (marked.append(row), mark(row)))
    for _ in range(20):
        drawn.arrive(5)
    assert drawn.explained == before
    assert marked[-1] == drawn.pool.row(looked_at(view))


def test_an_arrival_that_is_more_uncertain_is_looked_at(view, drawn):
    drawn.predictive.epistemic[77] = 10
    drawn.arrive(1)
    assert looked_at(view) == "img_77"
    view.look("img_3")
    drawn.predictive.epistemic[78] = 11
    drawn.arrive(1)
    assert looked_at(view) == "img_3", "what a person chose stays"
