"""Curves, drift and the pool: the session's numbers, empty states that say what to do, text that stays text."""

import numpy as np
import pytest

from spin_nb.monitor.audit import wilson
from spin_nb.views.curves import CurvesView, headline
from spin_nb.views.drift import DriftView, recent_mean, reference_band
from spin_nb.views.pool_plot import PoolPlot


def pool_plot(session):
    return PoolPlot(session, lambda id: None)


def texts(view):
    return " ".join(str(note.text) for note in view.figure.layout.annotations)


@pytest.mark.parametrize(
    ("kind", "what_to_do"),
    [(CurvesView, "s.train()"), (DriftView, "s.watch(items)")],
)
def test_with_nothing_to_show_the_view_says_what_to_call(drawn, kind, what_to_do):
    view = kind(drawn)
    assert what_to_do in texts(view)
    assert not any(trace.visible for trace in view.figure.data)


def test_accuracy_is_an_interval_until_there_are_twenty_audits_then_also_a_line(drawn):
    view = CurvesView(drawn)
    drawn.label(*range(10))
    upper, lower, audited = view.figure.data[:3]
    assert audited.y[-1] is None or np.isnan(audited.y[-1])
    assert lower.y[-1] == pytest.approx(drawn.accuracy.low)
    assert "a single number from 20 on" in texts(view)
    drawn.label(*range(10, 60))
    assert view.figure.data[2].y[-1] == pytest.approx(drawn.accuracy.value)
    assert upper.y[-1] > audited.y[-1] > lower.y[-1]


def test_each_head_has_its_cross_validated_line_after_training(drawn, report):
    view = CurvesView(drawn)
    drawn.label(*range(12))
    drawn.events.trained.emit(report)
    lines = {trace.name: trace for trace in view.figure.data if trace.name}
    assert lines["graph (cv)"].y == (0.9,)
    assert lines["linear (cv)"].x == (12,)
    assert not lines["mean (cv)"].showlegend


def test_the_headline_never_claims_more_than_the_audits_hold():
    from types import SimpleNamespace

    few = headline(SimpleNamespace(accuracy=wilson(9, 10), n_audits=10))
    many = headline(SimpleNamespace(accuracy=wilson(27, 30), n_audits=30))
    assert "90.0%" not in few
    assert "90.0%" in many


def test_arrivals_are_drawn_as_ranks_with_alarms_where_change_was_found(drawn):
    view = DriftView(drawn)
    drawn.arrive(60)
    drawn.arrive(40, shifted=True)
    dots, line, alarms = view.figure.data[2:5]
    assert len(dots.x) == 100
    assert line.y[-1] > view.figure.data[0].y[-1], "the recent mean has left the band"
    found = [point.index for point in drawn.drift_points if point.drift_uncertainty]
    assert list(alarms.x) == found
    assert len(view.figure.data[9].x) == 0


def test_the_reference_band_holds_the_mean_of_uniform_ranks_95_percent_of_the_time():
    rng = np.random.default_rng(0)
    means = np.array([recent_mean(rng.random(30))[-1] for _ in range(4000)])
    low, high = reference_band(30)
    assert ((low[-1] <= means) & (means <= high[-1])).mean() == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize("kind", [pool_plot, CurvesView, DriftView])
def test_text_follows_the_page_from_light_to_dark(drawn, kind):
    view = kind(drawn)
    light = view.figure.layout.font.color
    view.theme.dark = True
    assert view.figure.layout.font.color != light
    assert view.figure.layout.paper_bgcolor == "rgba(0,0,0,0)"


def test_a_page_reloaded_later_begins_with_the_present_state(drawn):
    view = pool_plot(drawn)
    drawn.label(0, 1, 2, 3, 4, 5)
    view.mark(7)
    kept = view.figure.get_state()
    assert "No model yet" not in str(kept["_widget_layout"]["annotations"])
    assert kept["_widget_data"][1]["visible"] is True
    assert list(kept["_widget_data"][1]["marker"]["color"]) == list(view.figure.data[1].marker.color)


def test_what_a_view_answers_does_not_change_the_figure(drawn):
    view = pool_plot(drawn)
    drawn.label(0, 1, 2, 3, 4, 5)
    view.mark(7)
    colour = view.figure.data[3].marker.color
    view.figure._js2py_traceDeltas = {
        "trace_deltas": [{"uid": "x", "marker": {"color": "red"}}],
        "trace_edit_id": 1,
    }
    assert view.figure.data[3].marker.color == colour


def test_a_view_that_has_drawn_takes_the_width_of_its_place_on_the_page(drawn):
    view, told = pool_plot(drawn), []
    view.figure._send_relayout_msg = lambda layout: told.append(layout)
    view.figure._js2py_traceDeltas = {"trace_deltas": [], "trace_edit_id": 0}
    assert told == [{"autosize": True}]
