"""Every error the toolkit raises on purpose.

::

    SpinError                  what happened, and what to do next
    ├── ProjectError           the folder on disk
    │   ├── ReadOnlyError      it may be read, not written
    │   ├── VersionError       it was made by a newer spin_nb
    │   ├── ContradictionError what was passed contradicts what it holds
    │   └── StorageError       a write did not reach the disk: nothing was stored
    ├── PoolError              the things to label: missing, empty, broken
    ├── LabelError             a label the task does not allow, an unknown item
    ├── ModelError             training, features, predictions
    │   └── NotTrainedError    there is no model yet
    ├── QueryError             asking: bad scores, nothing left to ask
    ├── ExportError            a bundle that cannot be made or does not verify
    └── UnknownWordError       a word no registry knows
"""


class SpinError(Exception):
    """What happened, then what to do next.

    Parameters
    ----------
    what : str
        One sentence: what was found, with the offending value.
    do : str
        One sentence: the next step that mends it.

    Examples
    --------
    >>> raise SpinError("no folder 'fotos/'.", "Check the path, or pass an array.")
    Traceback (most recent call last):
    ...
    spin_nb.errors.SpinError: no folder 'fotos/'.
      -> Check the path, or pass an array.
    """

    def __init__(self, what: str, do: str) -> None:
        super().__init__(what, do)
        self.what = what
        self.do = do

    def __str__(self) -> str:
        return f"{self.what}\n  -> {self.do}"


class ProjectError(SpinError):
    """The project folder cannot be used as asked."""


class ReadOnlyError(ProjectError):
    """The project may be read but not written."""


class VersionError(ProjectError):
    """The project was made by a newer version of spin_nb."""


class ContradictionError(ProjectError):
    """What was passed to ``open`` contradicts what the project holds."""


class StorageError(ProjectError):
    """A write did not reach the disk; nothing of it was stored."""


class PoolError(SpinError):
    """The pool is missing, empty or broken."""


class LabelError(SpinError):
    """A label that the task does not allow, or an item that is not there."""


class ModelError(SpinError):
    """Training or prediction cannot go on with these arrays."""


class NotTrainedError(ModelError):
    """There is no model yet."""


class QueryError(SpinError):
    """Nothing can be asked from these arrays."""


class ExportError(SpinError):
    """A bundle cannot be made, or does not verify."""


class UnknownWordError(SpinError):
    """A word that no registry knows."""
