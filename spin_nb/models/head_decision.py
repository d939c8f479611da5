"""The head to show after a training that asked for one: never a worse one, unless the person insists."""

from __future__ import annotations

from spin_nb.models.head_selection import Fit

MAX_CHANCE_LABELS = 1  # held-out labels by which two heads may differ without a reason


def head_to_show(fit: Fit, name: str, *, before: str | None, insists: bool, call: str) -> tuple[str, str]:
    """Decide which head to show, and say why.

    What was asked for is shown where it gets as many of the labels held out right as what would be shown without it,
    one label being chance.  Where there are too few to hold some out nothing speaks for it, and nothing changes.

    Parameters
    ----------
    fit : Fit
        Made with what was asked for.
    name : str
        Of what was asked for.
    before : str or None
        An own model that is in front now and stays there otherwise.
    insists : bool
        It is shown whatever the labels say.
    call : str
        How to insist.

    Examples
    --------
    >>> fit = Fit("cnn", None, comparison={"cnn": 0.1, "graph": 0.5}, n_held_out=10)
    >>> head_to_show(fit, "cnn", before=None, insists=False, call="s.train('cnn', show=True)")[1]
    "kept graph 50.0 %; cnn 10.0 % on the same 10 held-out labels; s.train('cnn', show=True) shows it"
    """
    other = before or _best(fit)
    scores = {head: f"{head} {100 * accuracy:.1f} %" for head, accuracy in fit.comparison.items()}
    rival = other if other in scores else _best(fit)
    if not scores:
        comparison = f"{fit.n_labels} labels are too few to compare {name} with {other}"
    else:
        comparison = f"{scores[name]}, {scores[rival]} on the same {fit.n_held_out} held-out labels"
    if name == other:
        return name, ""
    if insists:
        return name, f"{name} is shown because you said show=True; {comparison}"
    if not scores:
        return other, f"kept {other}: {comparison}; {call} shows it"
    n_behind = round((fit.comparison[rival] - fit.comparison[name]) * fit.n_held_out)
    if n_behind <= MAX_CHANCE_LABELS:
        return name, comparison
    other_score = scores[rival] if rival == other else f"{other} ({scores[rival]})"
    return other, (
        f"kept {other_score}; {scores[name]} on the same {fit.n_held_out} held-out labels; {call} shows it"
    )


def _best(fit: Fit) -> str:
    """The head shown without a word: the mean, once the heads have been compared."""
    return "mean" if fit.validation else "graph"
