"""Candidate encoders, by how well their features tell the classes apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spin_nb.views.base.theme import ALEATORIC, EPISTEMIC, NEUTRAL, plain
from spin_nb.views.charts.base import PlotView

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from spin_nb.session.model.encoder_comparison import EncoderComparison, EncoderRow

ONE_ONLY = "There is one encoder only, and nothing to compare."
TOO_FEW = "Five labels compare the encoders.\nLabel a few items (s.labeller, or s.label(id, class)), then look again."


class EncodersView(PlotView):
    """Encoders by labels held out of each (``s.compare_encoders()``).

    A bar is the probability that the right class gets on average (the geometric mean: one label that is given none
    would pull it to 0), a dot the share of the labels that is predicted right.  The encoder in use is in colour.

    Parameters
    ----------
    session : SessionLike

    Examples
    --------
    >>> s.compare_encoders()                                  # doctest: +SKIP
    """

    what = "the encoders"
    follows = ("trained",)
    height = 260
    legend = False

    def build(self) -> Figure:
        """Bars with dots on them, one an encoder, the best on top."""
        import plotly.graph_objects as go

        figure = go.Figure()
        hover = "%{customdata}<extra></extra>"
        figure.add_trace(go.Bar(orientation="h", width=0.55, hovertemplate=hover))
        dot = {"size": 12, "color": ALEATORIC, "line": {"width": 1.5, "color": "white"}}
        figure.add_trace(go.Scatter(mode="markers", marker=dot, hovertemplate=hover))
        figure.update_xaxes(
            range=[0, 1.03],
            tickformat=".0%",
            title_text="bar: probability of the right class · dot: predicted right",
        )
        figure.update_yaxes(automargin=True, ticks="")
        place = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "yshift": 10, "showarrow": False}
        figure.add_annotation(text=" ", xanchor="left", yanchor="bottom", align="left", **place)
        return figure

    def fill(self, figure: Figure) -> str | None:
        """The encoders as they stand."""
        comparison = self._session.encoder_comparison
        if comparison is None:
            return ONE_ONLY
        if not comparison.rows:
            return TOO_FEW
        rows = sorted(comparison.rows, key=lambda row: row.log_likelihood)
        names, texts = [plain(row.name, 60) for row in rows], [_text(row) for row in rows]
        bars, dots = figure.data
        in_use = comparison.current or comparison.encoder
        colours = [EPISTEMIC if row.name == in_use else NEUTRAL for row in rows]
        bars.update(x=[row.probability for row in rows], y=names, customdata=texts)
        bars.marker.color = colours
        dots.update(x=[row.accuracy for row in rows], y=names, customdata=texts)
        self.title(0, reading(comparison))
        return None


def reading(comparison: EncoderComparison) -> str:
    """Reading of the diagram, in words.

    Examples
    --------
    >>> from spin_nb.session.model.encoder_comparison import EncoderComparison, EncoderRow
    >>> rows = EncoderRow("photo", -1.2, 0.5), EncoderRow("efficientnet-lite", -0.2, 0.95)
    >>> reading(EncoderComparison("efficientnet-lite", 40, rows))
    '<b>efficientnet-lite</b> is in use, by 40 labels held out'
    """
    encoder, n_labels = plain(comparison.encoder, 60), f"{comparison.n_labels:,} labels held out"
    if comparison.current:
        return f"{n_labels} speak for <b>{encoder}</b>: the next training moves over"
    return f"<b>{encoder}</b> is in use, by {n_labels}"


def _text(row: EncoderRow) -> str:
    return f"{plain(row.name, 60)}: {row.accuracy:.1%} right, the right class gets {row.probability:.1%}"
