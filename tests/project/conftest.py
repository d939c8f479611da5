from __future__ import annotations

import pytest

from spin_nb.project import NewEvent, NewItem, Store

N_ITEMS = 60


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "parts.spin"


@pytest.fixture
def store(folder):
    with Store.create(folder, {"classes": ["x", "y"]}) as made:
        made.add_items([NewItem(f"i{n}", f"i{n}.png", "image") for n in range(N_ITEMS)])
        yield made


@pytest.fixture
def label():
    def make(item, value="x", *, annotator="ada", **more):
        return NewEvent("label", item, value, annotator=annotator, **more)

    return make
