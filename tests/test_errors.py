"""Errors are a :class:`SpinError` and the built-in of their kind; the toolkit takes none for the other."""

from __future__ import annotations

import copy
import pickle

import pytest

from spin_nb import errors
from spin_nb.errors import PoolError, SpinError, StorageError
from spin_nb.io import write_atomically
from spin_nb.pool.media.extras import MissingPackageError
from spin_nb.pool.media.safe_open import reading

BUILT_IN = {
    "ReadOnlyError": PermissionError,
    "VersionError": RuntimeError,
    "ContradictionError": ValueError,
    "StorageError": OSError,
    "PoolError": ValueError,
    "LabelError": ValueError,
    "ModelError": ValueError,
    "NotTrainedError": ValueError,
    "QueryError": ValueError,
    "SettingError": ValueError,
    "ExportError": RuntimeError,
    "UnknownWordError": LookupError,
}


def test_every_error_is_listed_here():
    subclasses = {name for name in vars(errors) if name.endswith("Error")}
    assert subclasses == {*BUILT_IN, "SpinError", "ProjectError"}


@pytest.mark.parametrize("name", BUILT_IN)
def test_an_error_is_the_built_in_of_its_kind_and_says_the_same(name):
    kind = getattr(errors, name)
    assert issubclass(kind, (SpinError, BUILT_IN[name]))
    with pytest.raises(BUILT_IN[name]) as caught:
        raise kind("no 'x'.", "Pass one.")
    error = caught.value
    for same in (error, copy.copy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301
        assert (type(same), str(same)) == (kind, "no 'x'.\n  -> Pass one.")
        assert (same.what, same.do, same.args) == ("no 'x'.", "Pass one.", ("no 'x'.", "Pass one."))


def test_a_package_that_is_missing_is_an_import_error():
    assert issubclass(MissingPackageError, (PoolError, ImportError))
    assert str(MissingPackageError("no cv2.", "Install it.")) == "no cv2.\n  -> Install it."


@pytest.mark.parametrize("kind", [PoolError, StorageError, MissingPackageError, errors.UnknownWordError])
def test_what_the_toolkit_says_of_a_file_is_not_taken_for_damage(kind):
    problem = kind("not this one.", "Pass another.")
    with pytest.raises(kind) as caught, reading("picture", "a.png"):
        raise problem
    assert caught.value is problem


def test_a_refused_write_within_a_write_keeps_its_words(tmp_path):
    problem = StorageError("the disk is full.", "Free space.")

    def write(_):
        raise problem

    with pytest.raises(StorageError) as caught:
        write_atomically(tmp_path / "a", write)
    assert caught.value is problem
    assert not list(tmp_path.iterdir())
