"""The browser half of the plots: one plotly a page, the width of the place, only what changed."""

from __future__ import annotations

import base64
from datetime import date

import numpy as np
import pytest

from spin_nb.errors import SpinError
from spin_nb.views.base import library
from spin_nb.views.charts.drift import DriftView
from spin_nb.views.charts.figure import show
from spin_nb.views.uncertainty.pool_plot import PoolPlot

pytestmark = pytest.mark.browser

MODEL = """async ([esm, state, packed, width]) => {
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  const revived = (value) => {
    if (Array.isArray(value)) return value.map(revived);
    if (value === null || typeof value !== "object") return value;
    const record = Object.fromEntries(Object.entries(value).map(([name, part]) => [name, revived(part)]));
    return "bytes" in record ? { ...record, bytes: bytes(record.bytes) } : record;
  };
  const traits = revived(state);
  const listeners = {};
  window.libraryCalls = (window.libraryCalls ?? 0);
  const model = {
    get: (name) => traits[name],
    set: (more) => { Object.assign(traits, revived(more)); (listeners.change ?? []).forEach((f) => f()); },
    on: (name, f) => (listeners[name] ??= []).push(f),
    off: (name, f) => { listeners[name] = (listeners[name] ?? []).filter((g) => g !== f); },
    send: (content) => (window.messages ??= []).push(content),
    widget_manager: { get_model: async () => {
      window.libraryCalls += 1;
      if (window.late-- > 0) throw new Error("not yet");
      return { get: () => bytes(packed) };
    } },
  };
  const el = document.body.appendChild(document.createElement("div"));
  el.style.width = `${width}px`;
  const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  const close = (await import(url)).default.render({ model, el });
  (window.plots ??= []).push({ model, el, close });
}"""
WIDTH = "(at) => document.querySelectorAll('.js-plotly-plot')[at]?._fullLayout?.width"


def wire(value):
    """Widget state as JSON, bytes as base64."""
    if isinstance(value, dict):
        return {name: wire(part) for name, part in value.items()}
    if isinstance(value, list):
        return [wire(part) for part in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


class Page:
    """A page without a notebook; ``problems`` are its errors."""

    def __init__(self, page) -> None:
        self.page, self.problems = page, []
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.packed = wire(library._OPEN["plotly"].packed)

    def show(self, view, width=700):
        """Draw the view as it is now; a driver of browsers leaves an event loop running, as a notebook has."""
        assert view.figure
        state = {
            name: wire(value) for name, value in view.get_state().items() if name[:5] in ("trace", "figur")
        }
        state |= {"waiting": view.waiting, "plotly": view.plotly}
        self.page.evaluate(MODEL, [view._esm, state, self.packed, width])

    def until_width(self, at, width):
        self.page.wait_for_function(f"([at, width]) => ({WIDTH})(at) === width", arg=[at, width])


@pytest.fixture
def page(browser, drawn):
    drawn.label(0, 1, 2, 3, 4, 5)
    assert DriftView(drawn).figure  # plotly is there
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield Page(page)
    context.close()


def test_every_plot_of_a_page_is_drawn_by_one_plotly_as_wide_as_its_place(page, drawn):
    drawn.arrive(60)
    view = DriftView(drawn)
    for width in (700, 500):
        page.show(view, width)
    page.until_width(0, 700)
    page.until_width(1, 500)
    assert page.page.evaluate("window.libraryCalls") == 1
    assert page.page.evaluate("typeof window.Plotly") == "undefined", "nobody else's plotly is replaced"
    dots = page.page.evaluate("[...document.querySelector('.js-plotly-plot').data[2].y]")
    assert dots == view.figure.data[2].y.tolist()
    assert page.problems == []


def test_a_plot_follows_the_width_of_its_place_and_waits_in_a_hidden_tab(page, drawn):
    view = PoolPlot(drawn, lambda id: None)
    page.show(view, 700)
    page.until_width(0, 700)
    page.page.evaluate("plots[0].el.style.width = '420px'")
    page.until_width(0, 420)
    page.page.evaluate("plots[0].el.style.display = 'none'")
    page.page.evaluate(
        "plots[0].model.set({ figure_layout: { ...plots[0].model.get('figure_layout'), height: 200 } })"
    )
    page.page.evaluate("Object.assign(plots[0].el.style, { display: '', width: '650px' })")
    page.until_width(0, 650)
    assert page.page.evaluate("document.querySelector('.js-plotly-plot')._fullLayout.height") == 200
    assert page.problems == []


def test_a_plot_says_that_it_loads_and_tries_again_where_plotly_is_late(page, drawn):
    page.page.evaluate("window.late = 1")
    view = DriftView(drawn)
    page.show(view)
    assert page.page.inner_text(".spin-waiting") == "Loading the drift of parts.spin …"
    page.until_width(0, 700)
    assert not page.page.locator(".spin-waiting").is_visible()
    assert page.page.evaluate("window.libraryCalls") == 2


def test_a_click_on_a_point_says_which(page, drawn):
    view = PoolPlot(drawn, lambda id: None)
    page.show(view)
    page.until_width(0, 700)
    page.page.evaluate(
        "document.querySelector('.js-plotly-plot').emit('plotly_click', "
        "{ points: [{ curveNumber: 1, pointNumber: 4, pointIndex: 4, x: 0.5, y: 0.25 }] })"
    )
    (message,) = page.page.evaluate("window.messages")
    assert message.pop("call") > 0
    assert message == {"verb": "click", "trace": 1, "point": 4, "x": 0.5, "y": 0.25}


def test_a_change_of_one_part_leaves_the_arrays_of_the_others(page, drawn):
    drawn.arrive(60)
    view = DriftView(drawn)
    page.show(view)
    page.until_width(0, 700)
    page.page.evaluate(
        "window.before = document.querySelector('.js-plotly-plot').data.map((trace) => trace.y)"
    )
    drawn.arrive(1)
    later = DriftView(drawn)
    assert later.figure
    page.page.evaluate("(state) => plots[0].model.set(state)", {"trace_2": wire(later.trace_2)})
    page.page.wait_for_function("document.querySelector('.js-plotly-plot').data[2].y.length === 61")
    same = page.page.evaluate(
        "document.querySelector('.js-plotly-plot').data.map((trace, at) => trace.y === before[at])"
    )
    assert same == [at != 2 for at in range(10)]


def test_a_view_that_is_closed_stops_following(page, drawn):
    view = DriftView(drawn)
    page.show(view)
    page.until_width(0, 700)
    page.page.evaluate(
        "plots[0].close(); plots[0].model.set({ traces: 0 }); plots[0].el.style.width = '300px'"
    )
    assert page.page.locator(".js-plotly-plot .main-svg").count() == 0
    assert page.problems == []


def test_a_figure_of_ones_own_is_drawn_by_the_same_plotly_and_again_when_told(page, drawn):
    import plotly.graph_objects as go

    figure = go.Figure(go.Bar(x=[date(2026, 1, 1), date(2026, 1, 2)], y=np.array([1.0, 2.0])))
    figure.add_heatmap(z=np.arange(6).reshape(2, 3)).update_layout(height=210)
    view = show(figure)
    page.show(PoolPlot(drawn, lambda id: None))
    page.show(view, 480)
    page.until_width(1, 480)
    assert page.page.evaluate("window.libraryCalls") == 1
    drawn_at = "document.querySelectorAll('.js-plotly-plot')[1]"
    read = "({ _fullData: [bar, heat] }) => [[[...bar.x], [...bar.y]], Array.from(heat.z, (row) => [...row])]"
    bars, rows = page.page.evaluate(f"({read})({drawn_at})")
    assert bars == [["2026-01-01", "2026-01-02"], [1, 2]]
    assert rows == [[0, 1, 2], [3, 4, 5]]
    figure.data[0].y = [3, 4]
    figure.add_scatter(y=[5, 6])
    view.redraw()
    later = {name: wire(value) for name, value in view.get_state().items() if name[:5] in ("trace", "figur")}
    page.page.evaluate("(state) => plots[1].model.set(state)", later)
    page.page.wait_for_function(f"{drawn_at}.data.length === 3")
    assert page.page.evaluate(f"{drawn_at}.data[0].y") == [3, 4]
    assert page.problems == []


def test_only_what_changed_of_a_figure_travels(page, monkeypatch):
    import plotly.graph_objects as go

    figure, sent = go.Figure([go.Scatter(y=[1, 2]), go.Scatter(y=[3, 4])]), []
    view = show(figure)
    monkeypatch.setattr(view, "_send", lambda message, buffers=None: sent.append(message["state"]))
    figure.data[1].y = [4, 3]
    view.redraw()
    assert [set(state) for state in sent] == [{"trace_1"}]


@pytest.mark.parametrize("thing", [None, 1, {"data": []}, "figure"])
def test_what_is_no_figure_is_refused_in_words(page, thing):
    with pytest.raises(SpinError, match="no plotly figure"):
        show(thing)
