"""Which head is in front after a training that was asked for one: never a worse one, unless the person insists."""

from __future__ import annotations

from spin_nb.models.head_selection import HEADS, Fit, best_head

CHANCE = 1  # held-out labels by which two heads may differ without a reason


def in_front(fit: Fit, name: str, *, before: str | None, insists: bool, call: str) -> tuple[str, str]:
    """The head to show, and why, in words.

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
    >>> fit = Fit("cnn", None, compared={"cnn": 0.1, "graph": 0.5}, n_compared=10)
    >>> in_front(fit, "cnn", before=None, insists=False, call="s.train('cnn', show=True)")[1]
    "kept graph 50.0 %; cnn 10.0 % on the same 10 held-out labels; s.train('cnn', show=True) shows it"
    """
    other = before or _best(fit)
    known = {head: f"{head} {100 * right:.1f} %" for head, right in fit.compared.items()}
    rival = other if other in known else _best(fit)
    if not known:
        compared = f"{fit.n_labels} labels are too few to compare {name} with {other}"
    else:
        compared = f"{known[name]}, {known[rival]} on the same {fit.n_compared} held-out labels"
    if name == other:
        return name, ""
    if insists:
        return name, f"{name} is shown because you said show=True; {compared}"
    if not known:
        return other, f"kept {other}: {compared}; {call} shows it"
    behind = round((fit.compared[rival] - fit.compared[name]) * fit.n_compared)
    if behind <= CHANCE:
        return name, compared
    kept = known[rival] if rival == other else f"{other} ({known[rival]})"
    return other, f"kept {kept}; {known[name]} on the same {fit.n_compared} held-out labels; {call} shows it"


def _best(fit: Fit) -> str:
    """The head that cross-validation chooses."""
    judged = {head: fit.validation[head] for head in HEADS if head in fit.validation}
    return (
        best_head({head: round(right * fit.n_labels) for head, right in judged.items()})
        if judged
        else "graph"
    )
