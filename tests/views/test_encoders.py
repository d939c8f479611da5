"""The view of candidate encoders: bars and dots are the comparison, the one in use is in colour, names stay text."""

from __future__ import annotations

import os

import pytest

from spin_nb.session.model.encoder_comparison import EncoderComparison, EncoderRow
from spin_nb.views.base.theme import EPISTEMIC, NEUTRAL
from spin_nb.views.charts.encoders import EncodersView
from tests.views.test_plot_page import Page

ROWS = (
    EncoderRow("photo", -1.6, 0.45),
    EncoderRow("efficientnet-lite", -0.5, 0.85),
    EncoderRow("photo + efficientnet-lite", -0.2, 0.95),
)


def texts(view):
    return " ".join(str(note.text) for note in view.figure.layout.annotations)


def test_bars_are_probabilities_and_dots_shares_the_best_on_top(drawn):
    drawn.encoder_comparison = EncoderComparison("photo + efficientnet-lite", 40, ROWS)
    view = EncodersView(drawn)
    bars, dots = view.figure.data
    assert list(bars.y) == list(dots.y) == [row.name for row in ROWS]
    assert list(bars.x) == [row.probability for row in ROWS]
    assert list(dots.x) == [0.45, 0.85, 0.95]
    assert list(bars.marker.color) == [NEUTRAL, NEUTRAL, EPISTEMIC]
    assert "40 labels" in texts(view)


def test_it_says_what_to_do_before_there_is_anything_to_draw(drawn):
    view = EncodersView(drawn)
    assert "one encoder only" in texts(view)
    drawn.encoder_comparison = EncoderComparison("photo")
    drawn.events.trained.emit(None)
    view.redraw()
    assert "Five labels" in texts(EncodersView(drawn))


def test_a_name_that_is_markup_stays_text(drawn):
    row = EncoderRow("<b>function</b>", -0.5, 0.5)
    drawn.encoder_comparison = EncoderComparison(row.name, 9, (row,))
    bars, _ = EncodersView(drawn).figure.data
    assert "<b>" not in bars.y[0]
    assert "<b>" not in bars.customdata[0]


@pytest.mark.browser
def test_a_page_draws_it(browser, drawn):
    drawn.encoder_comparison = EncoderComparison("photo + efficientnet-lite", 40, ROWS)
    shots = os.environ.get("SPIN_SHOTS")
    for is_dark in (False, True):
        view = EncodersView(drawn)
        view.theme.dark = is_dark
        view._draw()
        page = Page(browser.new_context().new_page())
        page.page.evaluate(f"document.body.style.background = '{'#111' if is_dark else '#fff'}'")
        page.show(view, 700)
        page.until_width(0, 700)
        assert page.page.evaluate("document.querySelectorAll('.js-plotly-plot .bars path').length") == len(
            ROWS
        )
        assert page.problems == []
        if shots:
            page.page.screenshot(path=f"{shots}/encoders_{'dark' if is_dark else 'light'}.png")
        page.page.context.close()


def test_before_a_training_moves_over_it_says_that_it_will(drawn):
    drawn.encoder_comparison = EncoderComparison("efficientnet-lite", 40, ROWS, current="photo")
    view = EncodersView(drawn)
    assert list(view.figure.data[0].marker.color) == [EPISTEMIC, NEUTRAL, NEUTRAL]
    assert "moves over" in texts(view)
