"""Curves, drift and the pool: the session's numbers, empty states that say what to do, text that stays text."""

import asyncio

import numpy as np
import pytest

from spin_nb.monitor.audit import wilson
from spin_nb.views.charts.curves import CurvesView, headline
from spin_nb.views.charts.drift import DriftView, outside_since, recent_mean, reference_band
from spin_nb.views.uncertainty.pool_plot import PoolPlot


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


def test_heads_of_any_name_are_compared_on_a_scale_of_their_own(drawn, report):
    view = CurvesView(drawn)
    drawn.label(*range(12))
    drawn.events.trained.emit(report)
    heads = view.figure.data[5]
    assert list(zip(heads.y, heads.x, strict=True)) == [
        ("mlp 43%", 0.43),
        ("linear 80%", 0.8),
        ("graph 90%", 0.9),
    ]
    accuracy = [trace for trace in view.figure.data if trace.xaxis == "x"]
    assert heads.xaxis != "x"
    assert [trace.name for trace in accuracy] == [None, None, "audited"]


def test_what_cannot_be_drawn_yet_says_what_it_waits_for(drawn, report):
    view = CurvesView(drawn)
    drawn.label(*range(6))
    assert "heads: compared by s.train()" in texts(view)
    assert "calibration error: from 20 audits on" in texts(view)
    drawn.label(*range(6, 60))
    drawn.events.trained.emit(report)
    assert "heads, on labels held out" in texts(view)
    assert "calibration error (audited)" in texts(view)


def test_all_that_is_drawn_of_the_accuracy_lies_within_its_axis(drawn):
    view = CurvesView(drawn)
    for first in range(0, 60, 4):
        drawn.label(*range(first, first + 4))
    low, high = view.figure.layout.yaxis.range
    drawn_values = [y for trace in view.figure.data[:3] for y in trace.y if y is not None and not np.isnan(y)]
    assert low <= min(drawn_values)
    assert max(drawn_values) <= high


def test_a_calibration_error_of_few_audits_is_not_drawn(drawn):
    view = CurvesView(drawn)
    for first in range(0, 60, 4):
        drawn.label(*range(first, first + 4))
    few = [p.n_audits < 20 for p in drawn.curve]
    assert any(few)
    assert not all(few)
    assert [y is None or np.isnan(y) for y in view.figure.data[4].y] == few


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


def test_a_row_says_since_when_its_mean_is_outside_the_band_before_a_change_is_found(drawn):
    view = DriftView(drawn)
    drawn.arrive(60)
    assert texts(view) == "uncertainty of arrivals distance to the pool"
    drawn.arrive(40, shifted=True)
    rank = np.array([point.uncertainty_rank for point in drawn.drift_points])
    since = outside_since(recent_mean(rank), *reference_band(100))
    assert since > 60
    assert f"uncertainty of arrivals: outside the band since arrival {since}; change at 89" in texts(view)
    assert f"distance to the pool: outside the band since arrival {since}" in texts(view)


def test_the_legend_of_the_drift_lies_below_everything_drawn(drawn):
    layout = DriftView(drawn).figure.layout
    assert (layout.legend.yref, layout.legend.y) == ("container", 0.01)
    assert layout.margin.b >= 90  # room for the axis' title and two lines of legend
    assert not CurvesView(drawn).figure.layout.showlegend


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


def sent(view):
    """What a page that is opened now begins with."""
    return view.get_state()


def test_a_page_reloaded_later_begins_with_the_present_state(drawn):
    view = pool_plot(drawn)
    drawn.label(0, 1, 2, 3, 4, 5)
    view.mark(7)
    state = sent(view)
    assert state["traces"] == len(view.figure.data)
    assert "No model yet" not in str(state["figure_layout"]["annotations"])
    assert state["trace_1"]["visible"] is True
    assert list(state["trace_1"]["marker"]["color"]) == list(view.figure.data[1].marker.color)


def test_numbers_travel_as_bytes_and_only_the_parts_that_changed(drawn, monkeypatch):
    view, messages = DriftView(drawn), []
    drawn.arrive(60)
    dots = sent(view)["trace_2"]["y"]
    assert np.frombuffer(dots["bytes"], dots["dtype"]).tolist() == view.figure.data[2].y.tolist()
    monkeypatch.setattr(view, "_send", lambda message, buffers=None: messages.append(message))
    view.redraw()
    assert messages == []
    view.theme.dark = True
    assert [set(message["state"]) for message in messages] == [{"figure_layout"}]


def test_what_a_page_tells_does_not_change_the_figure(drawn):
    view = pool_plot(drawn)
    drawn.label(0, 1, 2, 3, 4, 5)
    view.mark(7)
    colour = view.figure.data[3].marker.color
    view.set_state({"trace_3": {"marker": {"color": "red"}}, "traces": 0})
    assert view.figure.data[3].marker.color == colour
    view.redraw()
    assert (view.trace_3["marker"]["color"], view.traces) == (colour, 4)


def test_all_plots_name_one_plotly_that_crosses_once(drawn):
    views = [pool_plot(drawn), CurvesView(drawn), DriftView(drawn)]
    assert len({view.plotly["id"] for view in views}) == 1
    assert max(len(view._esm) for view in views) < 40_000


def test_the_views_of_a_session_follow_one_theme(drawn):
    first = CurvesView(drawn)
    first.theme.dark = True
    later = DriftView(drawn)
    assert later.theme is first.theme
    assert later.figure.layout.font.color == first.figure.layout.font.color
    assert len({id(view.theme) for view in (CurvesView(type(drawn)()), first)}) == 2


def test_in_a_notebook_the_view_is_there_before_its_figure_is_built(drawn):
    async def cell():
        view = CurvesView(drawn)
        at_once = (view.waiting, view.traces)
        for _ in range(100):
            await asyncio.sleep(0.05)
            if view.traces:
                break
        return at_once, view.traces, CurvesView(drawn).figure.layout.height

    at_once, later, height = asyncio.run(cell())
    assert at_once == ("Loading the curves of parts.spin …", 0)
    assert later == 6
    assert height == CurvesView.height, "who asks for the figure has it at once"
