"""The items of a pool as arrays of numbers: what a network is given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from spin_nb.errors import PoolError
from spin_nb.pool.inputs.spec import Prepare, Size, infer_input_spec
from spin_nb.pool.pool import Pool
from spin_nb.types import Float

SAMPLE = 256
"""Items that the common size, or the columns, are found from."""


class Inputs:
    """Items of a pool as arrays for a network.

    They are read a few rows at a time.

    Pictures become float32 (m, c, h, w) in [0, 1], all at one size; vectors and rows of numbers (m, d), as they are.

    Parameters
    ----------
    pool : Pool
        Its items decide the form, once.
    size, last, prepare
        As :func:`infer_input_spec` takes them.

    Raises
    ------
    PoolError
        As :func:`infer_input_spec`.

    Examples
    --------
    >>> import tempfile
    >>> from spin_nb.pool.sources.read import read_pool
    >>> from spin_nb.pool.sources.samples import digits
    >>> inputs = Inputs(Pool.save(tempfile.mkdtemp(), read_pool(digits())))
    >>> inputs.shape, inputs.rows([3, 5]).shape
    ((1, 8, 8), (2, 1, 8, 8))
    """

    def __init__(
        self, pool: Pool, *, size: Size = None, last: bool = False, prepare: Prepare | None = None
    ) -> None:
        self._pool = pool
        rows = np.unique(np.linspace(0, len(pool) - 1, min(SAMPLE, len(pool))).astype(np.int64))
        items, broken = pool.try_load(rows)
        if not items:
            raise PoolError(f"cannot load {broken[0].id!r}: {broken[0].reason}", "Check the files.")
        self._form = infer_input_spec(items, size=size, last=last, prepare=prepare)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one item."""
        return self._form.shape

    def rows(self, rows: Iterable[int]) -> Float:
        """Rows of the pool, float32 (m, ...).

        Raises
        ------
        PoolError
            When one of them cannot be read any more, or is of another form.
        """
        return self._form(self._pool.load(rows))

    def items(self, items: Sequence[Any]) -> Float:
        """Loaded items, as :meth:`Pool.read <spin_nb.pool.pool.Pool.read>` gives them, float32 (m, ...).

        Raises
        ------
        PoolError
            When one of them is of another form.
        """
        return self._form(items)
