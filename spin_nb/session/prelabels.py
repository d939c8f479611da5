"""Machine labels for review: what a model or a person's own function says of the items that nobody has labelled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from spin_nb.errors import LabelError
from spin_nb.project.records import Suggestion
from spin_nb.session.arguments import ids_of
from spin_nb.session.label_commands import BulkReport
from spin_nb.session.labels.label_log import LabelLog
from spin_nb.session.review.machine_labels import is_open
from spin_nb.words import HtmlRepr, shown

if TYPE_CHECKING:
    import polars as pl


class Prelabels(HtmlRepr):
    """Machine labels, the most uncertain first (``s.prelabel()``).

    None is stored until a person accepts it: one by one in ``s.review``, or many at once with :meth:`accept`.

    Examples
    --------
    >>> machine = s.prelabel()                                       # doctest: +SKIP
    >>> s.grid.show(machine.ids[:48])                                # doctest: +SKIP
    >>> machine.accept(machine.ids[:48])                             # doctest: +SKIP
    """

    def __init__(
        self,
        suggestions: Mapping[str, Suggestion],
        label_log: LabelLog,
        accept: Callable[[Mapping[str, Suggestion]], BulkReport],
    ) -> None:
        self._suggestions = dict(suggestions)
        self._label_log = label_log
        self._accept = accept

    @property
    def ids(self) -> list[str]:
        """Items whose machine label nobody has decided on, the most uncertain first."""
        with self._label_log.lock:
            return [id for id in self._suggestions if is_open(self._label_log, id)]

    @property
    def table(self) -> pl.DataFrame:
        """One row a machine label that waits: item, label, probability (null where nobody said one)."""
        import polars as pl

        describe = self._label_log.task.describe
        rows = [(id, describe(value), p) for id in self.ids for value, p in [self._suggestions[id]]]
        schema = {"item": pl.String, "label": pl.String, "probability": pl.Float64}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def accept(self, items: str | Iterable[str]) -> BulkReport:
        """Label items with what the machine says, as one gesture that one undo takes back.

        Each label says what was suggested, with which probability, and that it was accepted; the history says that
        they were picked as machine labels.

        Parameters
        ----------
        items : str or iterable of str
            Ids: of a screenful, of a class, or ``machine.ids`` for all.

        Returns
        -------
        BulkReport
            ``left_out`` are those that are being asked or were decided on meanwhile.

        Raises
        ------
        LabelError
            An item without a machine label; nothing is left to accept.  Nothing was stored then.
        """
        ids = list(dict.fromkeys(ids_of(items, "items")))
        if unknown := [id for id in ids if id not in self._suggestions]:
            raise LabelError(
                f"there is no machine label of {shown(unknown[0])}.",
                "Pass ids of .table, or call s.prelabel().",
            )
        if not ids:
            raise LabelError("no item was passed.", "Pass ids of .table, such as .ids[:48].")
        return self._accept({id: self._suggestions[id] for id in ids})

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __repr__(self) -> str:
        n = len(self)
        if not n:
            return "No machine label waits: nothing suggests one, or all have been decided on"
        return (
            f"{n:,} machine labels, the most uncertain first; none is stored until somebody accepts it: "
            "s.review one by one, .accept(ids) many at once"
        )
