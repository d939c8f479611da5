"""Every error the toolkit raises on purpose; most are the built-in error of their kind, too.

::

    SpinError                                   what happened, and what to do next
    ├── ProjectError                            the folder on disk
    │   ├── ReadOnlyError (PermissionError)     it may be read, not written
    │   ├── VersionError (RuntimeError)         it was made by a newer spin_nb
    │   ├── ContradictionError (ValueError)     what was passed contradicts what it holds
    │   └── StorageError (OSError)              a write did not reach the disk: nothing was stored
    ├── PoolError (ValueError)                  the things to label: missing, empty, broken
    ├── LabelError (ValueError)                 a label the task does not allow, an unknown item
    ├── ModelError (ValueError)                 training, features, predictions
    │   └── NotTrainedError                     there is no model yet
    ├── QueryError (ValueError)                 asking: bad scores, nothing left to ask
    ├── SettingError (ValueError)               an option of a session or a view that is none
    ├── ExportError (RuntimeError)              a bundle that cannot be made or does not verify
    └── UnknownWordError (LookupError)          a word no registry knows

Within the toolkit ``except ValueError`` means what others raise: where a :class:`SpinError` may come, too, it is let
through first.

:class:`Cancelled` is none of them: it ends work that a person cancelled.
"""


class SpinError(Exception):
    """An error that says what happened, then what to do next.

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
        Exception.__init__(self, what, do)  # OSError would take them for a number and its meaning
        self.what = what
        self.do = do

    def __str__(self) -> str:
        return f"{self.what}\n  -> {self.do}"


class ProjectError(SpinError):
    """The project folder cannot be used as asked."""


class ReadOnlyError(ProjectError, PermissionError):
    """The project may be read but not written."""


class VersionError(ProjectError, RuntimeError):
    """The project was made by a newer version of spin_nb."""


class ContradictionError(ProjectError, ValueError):
    """An argument of ``open`` contradicts what the project holds."""


class StorageError(ProjectError, OSError):
    """A write did not reach the disk.

    Nothing of it was stored.
    """


class PoolError(SpinError, ValueError):
    """The pool is missing, empty or broken."""


class LabelError(SpinError, ValueError):
    """A label that the task does not allow, or an item that is not there."""


class ModelError(SpinError, ValueError):
    """Training or prediction cannot go on with these arrays."""


class NotTrainedError(ModelError):
    """There is no model yet."""


class QueryError(SpinError, ValueError):
    """Nothing can be asked from these arrays."""


class SettingError(SpinError, ValueError):
    """An option of a session or a view that it does not have."""


class ExportError(SpinError, RuntimeError):
    """A bundle cannot be made, or does not verify."""


class UnknownWordError(SpinError, LookupError):
    """A word that no registry knows."""


class Cancelled(Exception):
    """Raised in work that a person cancelled, to end it."""
