"""Values of the package that hold arrays are compared and hashed without an error."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import fields, is_dataclass

import numpy as np
import pytest

import spin_nb

PROGRAMS = ("spin_nb.demo", "spin_nb.export.runner")  # they run when imported
ARRAY_TYPES = ("Float", "Ints", "NDArray", "Array", "ndarray", "Real")


def classes_with_arrays() -> list[type]:
    """Every dataclass of the package with a field annotated as an array."""
    classes = {}
    for module in pkgutil.walk_packages(spin_nb.__path__, "spin_nb."):
        if not module.name.startswith(PROGRAMS):
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, type) and value.__module__ == module.name and holds_arrays(value):
                    classes[f"{module.name}.{value.__qualname__}"] = value
    return list(classes.values())


def holds_arrays(cls: type) -> bool:
    return is_dataclass(cls) and any(word in str(field.type) for field in fields(cls) for word in ARRAY_TYPES)


def blank(cls: type) -> object:
    """An instance whose every field is an array of two numbers, made without its constructor."""
    instance = object.__new__(cls)
    for field in fields(cls):
        object.__setattr__(instance, field.name, np.arange(2))
    return instance


def test_the_walk_meets_the_values_that_hold_arrays():
    names = {cls.__name__ for cls in classes_with_arrays()}
    assert {"Picked", "GraphBasis", "HeadTerms", "Extension", "Prediction", "RegressionPredictive"} <= names


@pytest.mark.parametrize("cls", classes_with_arrays(), ids=lambda cls: cls.__qualname__)
def test_values_with_arrays_are_compared_and_hashed(cls):
    one, other = blank(cls), blank(cls)
    assert one == one
    assert one != other  # by identity: what equal arrays are is for the reader to say
    assert len({one, other}) == 2
