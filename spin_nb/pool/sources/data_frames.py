"""A polars or pandas frame as a pool: a table, a column of texts, or one of paths to files."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spin_nb.errors import PoolError, SpinError
from spin_nb.pool.media.extras import need
from spin_nb.pool.modalities.lookup import modality_class
from spin_nb.pool.pool_data import (
    FLOAT32_MAX,
    PoolData,
    as_labels,
    as_stamps,
    check_ids,
    default_ids,
    fingerprint,
    stamp,
)
from spin_nb.pool.sources.files import modality_of
from spin_nb.types import Broken
from spin_nb.words import shown

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

TEXT_LENGTH = 25
"""Mean number of characters from which a column of mostly different strings is taken for texts."""


def read_frame(frame: pl.DataFrame, *, base: Path | None = None, labels_from: str | None = None) -> PoolData:
    """Read the items of a frame, one a row.

    A column called "id" is the key.

    A column of paths makes pictures, sounds or videos; else a column called "text", or the longest column of mostly
    different strings with spaces, makes texts; else the rows themselves are the items.  Other columns stay
    at hand to colour the map.  Durations become seconds.  Missing values of a table are allowed;
    NaN is not, except in pandas, where it means missing.

    Parameters
    ----------
    frame : polars.DataFrame
        What to read.
    base : Path, optional
        Folder that relative paths start from; by default the current one.
    labels_from : str, optional
        Column that holds known classes; it is taken out of the items.

    Raises
    ------
    PoolError
        When it is empty, ids repeat, values are NaN, infinite or too large, or a column holds objects.
    """
    if not frame.height or not frame.width:
        raise PoolError(
            f"the frame is empty, its shape is {frame.shape}.", "Pass at least one row and one column."
        )
    frame, answers = _take(clean_frame(frame), labels_from)
    frame, keys = _take(frame, "id" if "id" in frame.columns else None)
    ids = default_ids(frame.height) if keys is None else check_ids(keys)
    labels = {} if answers is None else as_labels(ids, answers)
    if not frame.width:
        raise PoolError("the frame has no column to label from.", "Keep a column besides id and labels.")
    paths, modality = _path_column(frame)
    if paths is not None:
        return _files(frame, ids, paths, modality, (base or Path.cwd()).resolve(), labels)
    text = _text_column(frame)
    if text:
        frame = frame.with_columns(frame[text].fill_null(""))
    return PoolData(
        ids=ids,
        sources=[{"row": row} for row in range(len(ids))],
        modality="text" if text else "table",
        container="frame",
        items=frame,
        metadata={"column": text} if text else {},
        broken=[],
        labels=labels,
        fingerprint=_frame_print(frame, ids),
    )


def read_pandas(frame: pd.DataFrame) -> pl.DataFrame:
    """Polars copy of a pandas frame.

    NaN becomes missing, the index is dropped.

    Raises
    ------
    PoolError
        When a column mixes types.
    """
    import polars as pl

    try:
        renamed_frame = frame.rename(columns=str)
        return pl.from_pandas(renamed_frame)
    except Exception as problem:  # arrow's own errors, by version
        raise PoolError(
            f"the pandas frame cannot be read: {problem!s:.200}.",
            "Give every column one type, e.g. .astype(str).",
        ) from None


def clean_frame(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame, when every column can be read.

    Durations become seconds.

    Raises
    ------
    PoolError
        When a column holds objects, periods, intervals, infinite values, NaN, or numbers that do not fit float32.
    """
    import polars as pl

    durations = [pl.col(name) for name, dtype in frame.schema.items() if dtype == pl.Duration]
    # From total_microseconds, so that one duration is one number, whichever unit it comes in.
    frame = frame.with_columns(column.dt.total_microseconds() / 1e6 for column in durations)
    plain = (pl.String, pl.Categorical, pl.Enum, pl.Boolean, pl.Null)
    for name, dtype in frame.schema.items():
        if not (dtype.is_numeric() or dtype.is_temporal() or dtype in plain):
            raise PoolError(
                f"the column {name!r} holds {dtype}.", "Drop it, or turn it into numbers or strings."
            )
    _check_numbers(frame)
    return frame


def rows_of(sources: list[Any], schema: pl.Schema) -> pl.DataFrame:
    """Arrived rows as a frame like the pool's.

    It has the pool's columns and their types; what a row does not have is missing.

    So is a value that is none of its column's type: a log may be damaged, or come from somebody else.
    """
    import polars as pl

    rows = [source if isinstance(source, dict) else {} for source in sources]
    return pl.DataFrame(
        [_column_of(name, [row.get(name) for row in rows], dtype) for name, dtype in schema.items()]
    )


def _column_of(name: str, values: list[Any], dtype: pl.DataType) -> pl.Series:
    import polars as pl

    values = [_moment(value, dtype) for value in values] if dtype.is_temporal() else values
    try:
        return pl.Series(name, values, dtype=dtype, strict=False)
    # strict=False does not mean that nothing is raised, and a panic in Rust is no Exception.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, TypeError, ValueError, ArithmeticError):
        if len(values) <= 1:
            return pl.Series(name, [None] * len(values), dtype=dtype)
        return pl.concat([_column_of(name, [value], dtype) for value in values])


def _moment(value: object, dtype: pl.DataType) -> date | time | datetime | None:
    """Date, moment or time of day in an arrival's text.

    It is None where the text says nothing.
    """
    import polars as pl

    if not isinstance(value, str):
        return None
    try:
        if dtype == pl.Time:
            return time.fromisoformat(value)
        moment = datetime.fromisoformat(value)
        if dtype == pl.Date:
            return moment.date()
        # As polars reads them: without a zone they are UTC; in one list, some with and some without, it reads none.
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if getattr(dtype, "time_zone", None) else moment.replace(tzinfo=None)


def _check_numbers(frame: pl.DataFrame) -> None:
    """Refuse the first column with numbers that cannot be read; all columns are looked at in one go."""
    import polars.selectors as cs

    # One look tells that all is well: NaN is the largest of floats here, and no other number is too large.
    floats = frame.select(cs.float().abs().nan_max())
    if not floats.width or all(value is None or value <= FLOAT32_MAX for value in floats.row(0)):
        return

    def facts(of_each: pl.Expr) -> dict[str, Any]:
        columns = frame.select(of_each)
        return columns.row(0, named=True) if columns.width else {}

    infinite, unknown = facts(cs.float().is_infinite().any()), facts(cs.float().is_nan().sum())
    lowest, highest = facts(cs.numeric().min()), facts(cs.numeric().max())
    for name in highest:
        if infinite.get(name):
            raise PoolError(
                f"there are infinite values in the column {name!r}.",
                "Replace them by numbers, or by missing values.",
            )
        if unknown.get(name):
            raise PoolError(
                f"there is NaN in the column {name!r}, {unknown[name]} times.",
                "Mend these values; where they are only missing, say so with frame.fill_nan(None).",
            )
        largest = max(abs(float(end[name] or 0)) for end in (lowest, highest))
        if largest > FLOAT32_MAX:
            raise PoolError(
                f"values up to {largest:.3g} in the column {name!r} do not fit float32.",
                "Rescale them first.",
            )


def _take(frame: pl.DataFrame, column: str | None) -> tuple[pl.DataFrame, list[Any] | None]:
    if column is None:
        return frame, None
    if column not in frame.columns:
        raise PoolError(
            f"no column {shown(column)} to take labels from.", f"Columns are: {', '.join(frame.columns)}."
        )
    return frame.drop(column), frame[column].to_list()


def _path_column(frame: pl.DataFrame) -> tuple[str | None, str]:
    """Column of paths of one modality, and which."""
    for name in _string_columns(frame):
        values = frame[name].drop_nulls().head(20).to_list()
        kinds = {modality_of(value) for value in values}
        if len(kinds) == 1 and None not in kinds:
            return name, str(kinds.pop())
    return None, ""


def _text_column(frame: pl.DataFrame) -> str | None:
    names = _string_columns(frame)
    if "text" in names:
        return "text"
    lengths: dict[str, float] = {}
    for name in names:
        column = frame[name].drop_nulls()
        if column.n_unique() > 0.5 * frame.height:
            words = column.str.contains(" ", literal=True).sum()
            length = int(column.str.len_chars().sum()) / len(column)
            if length >= TEXT_LENGTH and words > 0.5 * len(column):
                lengths[name] = length
    return max(lengths, key=lambda name: lengths[name]) if lengths else None


def _string_columns(frame: pl.DataFrame) -> list[str]:
    import polars as pl

    return [name for name, dtype in frame.schema.items() if dtype == pl.String]


def _files(
    frame: pl.DataFrame, ids: list[str], column: str, word: str, base: Path, labels: dict[str, str]
) -> PoolData:
    modality = modality_class(word)
    if modality.module is not None:
        need(modality.module)
    good, broken, stamps, largest = [], [], [], 0
    for row, (key, value) in enumerate(zip(ids, frame[column].to_list(), strict=True)):
        path = base / value if value else None
        try:
            if path is None or not path.is_file():
                raise ValueError("no such file")
            largest = max(largest, modality.check_file(path))
            stamps.append(stamp(path))
            good.append(row)
        except SpinError:
            raise
        except (ValueError, OSError) as problem:
            broken.append(Broken(key, f"{value}: {problem}"))
    if not good:
        raise PoolError(
            f"none of the {len(ids)} {modality.title}s of column {column!r} can be read below {str(base)!r}; "
            f"the first: {broken[0].reason}.",
            "Pass absolute paths, or change to the folder they start from.",
        )
    rows, names = frame[good], [ids[row] for row in good]
    return PoolData(
        ids=names,
        sources=[{"path": path} for path in rows[column].to_list()],
        modality=word,
        container="frame",
        items=rows,
        metadata={"paths": column, "root": str(base)} | ({"largest": largest} if largest else {}),
        broken=broken,
        labels={key: labels[key] for key in names if key in labels},
        fingerprint=fingerprint(_frame_print(rows, names), [size for size, _ in stamps]),
        all_ids=ids,
        stamps=as_stamps(stamps),
    )


def _frame_print(frame: pl.DataFrame, ids: list[str]) -> str:
    kinds = ["n" if dtype.is_numeric() else "t" if dtype.is_temporal() else "s" for dtype in frame.dtypes]
    stream = io.BytesIO()  # the text of a large table is there once
    frame.write_csv(stream)
    return fingerprint("frame", ids, kinds, stream.getbuffer())
