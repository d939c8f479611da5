"""``spin.open``: what a pool may be, what is found again, what is refused."""

from __future__ import annotations

import sqlite3

import numpy as np
import polars as pl
import pytest
from PIL import Image

import spin_nb as spin
from spin_nb.errors import ContradictionError, LabelError, PoolError, ProjectError, SpinError, VersionError
from spin_nb.project.store import Store


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    for kind, tint in (("cat", 40), ("dog", 160)):
        (tmp_path / "photos" / kind).mkdir(parents=True)
        for i in range(8):
            pixels = np.clip(rng.normal(tint, 30, (90, 120, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / kind / f"{i}.png")
    return tmp_path / "photos"


def texts(n: int = 40) -> list[str]:
    words = (["engine", "brake", "wheel", "oil"], ["cheese", "bread", "olive", "wine"])
    rng = np.random.default_rng(0)
    return [" ".join(rng.choice(words[i % 2], 5)) for i in range(n)]


def frame() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "id": [f"m{i}" for i in range(30)],
            "speed": rng.normal(size=30),
            "kind": ["ab"[i % 2] for i in range(30)],
        }
    )


def test_a_folder_of_pictures_keeps_relative_paths_as_ids_and_takes_no_labels(tmp_path, photos):
    s = spin.open(tmp_path / "p.spin", pool=photos, classes=["cat", "dog"])
    assert s.pool.ids[0] == "cat/0.png"
    assert len(s.pool) == 16
    assert s.labels.is_empty()


def test_folder_names_are_labels_only_when_asked_for(tmp_path, photos):
    s = spin.open(tmp_path / "p.spin", pool=photos, labels_from="folder")
    assert s.classes == ["cat", "dog"]
    assert s.labels.select("item", "value").row(0) == ("cat/0.png", "cat")
    assert len(s.labels) == 16
    again = spin.open(tmp_path / "p.spin", pool=photos, labels_from="folder")
    assert len(again.history) == 16


@pytest.mark.parametrize(
    ("pool", "modality"),
    [
        (np.random.default_rng(0).integers(0, 255, (30, 12, 12), dtype=np.uint8), "image"),
        (np.random.default_rng(0).integers(0, 255, (30, 12, 12, 3), dtype=np.uint8), "image"),
        (np.random.default_rng(0).normal(size=(30, 5)), "table"),
        (frame(), "table"),
        (frame().to_pandas(), "table"),
        (pl.DataFrame({"id": [f"t{i}" for i in range(40)], "text": texts()}), "text"),
        (texts(), "text"),
    ],
    ids=["grey", "colour", "vectors", "polars", "pandas", "text-frame", "texts"],
)
def test_every_kind_of_pool_goes_through_the_loop_and_is_found_again(tmp_path, pool, modality):
    s = spin.open(tmp_path / "p.spin", pool=pool, classes=["a", "b"])
    assert s.pool.modality == modality
    for i, id in enumerate(s.ask(12).ids):
        s.label(id, "ab"[i % 2])
    s.train(wait=True)
    again = spin.open(tmp_path / "p.spin")
    assert again.labels.rows() == s.labels.rows()
    assert again.predict(again.pool.ids[:5]).mean.shape == (5, 2)
    fresh = again.pool.load([0, 1])
    assert again.predict(fresh).mean.shape == (2, 2)


def test_a_parquet_file(tmp_path):
    frame().write_parquet(tmp_path / "machines.parquet")
    s = spin.open(tmp_path / "p.spin", pool=tmp_path / "machines.parquet", classes=["ok", "bad"])
    assert s.pool.ids[:2] == ["m0", "m1"]


def test_a_column_of_paths(tmp_path, photos):
    table = pl.DataFrame({"file": [str(p) for p in sorted(photos.rglob("*.png"))], "site": ["north"] * 16})
    s = spin.open(tmp_path / "p.spin", pool=table, classes=["a", "b"])
    assert s.pool.modality == "image"
    assert s.pool.columns.columns == ["site"]


def test_a_function_as_encoder_must_be_passed_again(tmp_path, digits):
    def mean(items):
        return np.array([[item.mean(), item.std()] for item in items])

    spin.open(tmp_path / "p.spin", pool=digits.images, classes=digits.classes, encoder=mean)
    with pytest.raises(ContradictionError, match="encoder="):
        spin.open(tmp_path / "p.spin")
    assert spin.open(tmp_path / "p.spin", encoder=mean)._live.pool_model.features.shape == (400, 2)


def test_features_are_computed_once(tmp_path, digits):
    calls = []

    def mean(items):
        calls.append(len(items))
        return np.array([[item.mean(), item.std()] for item in items])

    spin.open(tmp_path / "p.spin", pool=digits.images, classes=digits.classes, encoder=mean)
    n = sum(calls)
    spin.open(tmp_path / "p.spin", encoder=mean)
    assert n >= 400
    assert sum(calls) - n < 10


def test_new_files_in_the_folder_join_and_labels_stay(tmp_path, photos):
    s = spin.open(tmp_path / "p.spin", pool=photos, classes=["cat", "dog"])
    s.label("cat/3.png", "cat")
    Image.new("RGB", (90, 120), "red").save(photos / "another.png")
    again = spin.open(tmp_path / "p.spin", pool=photos)
    assert len(again.pool) == 17
    assert again.labels["item"].to_list() == ["cat/3.png"]


def test_a_folder_passed_again_offers_the_database_only_what_is_new(tmp_path, photos, monkeypatch):
    spin.open(tmp_path / "p.spin", pool=photos, classes=["cat", "dog"]).close()
    offered, add = [], Store.add_items
    monkeypatch.setattr(
        Store, "add_items", lambda self, new: (offered.extend(new := list(new)), add(self, new))[1]
    )
    spin.open(tmp_path / "p.spin", pool=photos).close()
    assert offered == []
    Image.new("L", (8, 8)).save(photos / "new.png")
    (photos / "broken.png").write_bytes(b"")
    spin.open(tmp_path / "p.spin", pool=photos).close()
    assert [item.id for item in offered] == ["new.png", "broken.png"]


def test_a_file_that_was_deleted_leaves_the_pool_and_its_label_stays_on_disk(tmp_path, photos):
    s = spin.open(tmp_path / "p.spin", pool=photos, classes=["cat", "dog"])
    s.label({"cat/3.png": "cat", "dog/1.png": "dog"})
    (photos / "cat/3.png").unlink()
    again = spin.open(tmp_path / "p.spin", pool=photos)
    assert len(again.pool) == 15
    assert set(again.labels["item"]) == {"cat/3.png", "dog/1.png"}
    assert again.train(wait=True).n_labels == 1


def test_another_folder_is_refused(tmp_path, photos):
    spin.open(tmp_path / "p.spin", pool=photos, classes=["cat", "dog"])
    with pytest.raises(ContradictionError, match="missing"):
        spin.open(tmp_path / "p.spin", pool=photos / "cat")


def test_a_folder_that_is_gone_says_to_pass_it_again(tmp_path, photos):
    spin.open(tmp_path / "p.spin", pool=photos, classes=["cat", "dog"])
    photos.rename(tmp_path / "moved")
    with pytest.raises(PoolError, match="pool="):
        spin.open(tmp_path / "p.spin")
    assert len(spin.open(tmp_path / "p.spin", pool=tmp_path / "moved").pool) == 16


def test_somebody_elses_project_is_not_followed_outside(tmp_path, photos, digits):
    spin.open(tmp_path / "p.spin", pool=photos, classes=["cat", "dog"])
    with pytest.raises(ProjectError, match="trusted=False"):
        spin.open(tmp_path / "p.spin", trusted=False)
    assert len(spin.open(tmp_path / "p.spin", pool=photos, trusted=False).pool) == 16
    spin.open(tmp_path / "own.spin", pool=digits.images, classes=digits.classes)
    assert len(spin.open(tmp_path / "own.spin", trusted=False).pool) == 400


def test_a_project_made_by_a_newer_version(tmp_path, digits):
    spin.open(tmp_path / "p.spin", pool=digits.images, classes=digits.classes).close()
    with sqlite3.connect(tmp_path / "p.spin" / "project.db") as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(VersionError, match="Upgrade"):
        spin.open(tmp_path / "p.spin")


def test_a_folder_that_holds_other_things_is_left_alone(tmp_path, photos, digits):
    with pytest.raises(ProjectError, match="holds other things"):
        spin.open(photos, pool=digits.images, classes=digits.classes)
    assert sorted(p.name for p in photos.iterdir()) == ["cat", "dog"]


def test_one_string_is_no_class_list(tmp_path, digits):
    with pytest.raises(LabelError, match="one string"):
        spin.open(tmp_path / "p.spin", pool=digits.images, classes="abc")


def test_the_map_starts_with_pca_and_takes_up_a_kept_umap(project):
    s = project()
    assert s._view_data.layout_name == "pca"
    s._live.pool_model._save_layout(np.zeros((400, 2), np.float32))
    assert project()._view_data.layout_name == "umap"


def test_hostile_names_stay_data(tmp_path, photos):
    name = "<img src=x onerror=alert(1)>"
    s = spin.open(
        tmp_path / "p.spin", pool=photos, classes=[name, "../../etc/passwd"], annotator="<b>ada</b>"
    )
    s.label(s.pool.ids[0], name)
    assert s.labels.select("value", "annotator").row(0) == (name, "<b>ada</b>")


@pytest.mark.parametrize("seed", [-1, 1.5, True, None, "a", 2**63])
def test_a_seed_that_is_none_is_refused_before_anything_is_written(tmp_path, seed):
    with pytest.raises(ProjectError, match="seed"):
        spin.open(tmp_path / "p", pool=np.eye(4, dtype=np.float32), classes=["a", "b"], seed=seed)
    assert not (tmp_path / "p").exists()


def boom():
    yield "a"
    raise RuntimeError("boom")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"task": spin.Boxes}, "is no task"),
        ({"classes": 5}, "not a list of names"),
        ({"classes": boom()}, "cannot be listed: RuntimeError: boom"),
        ({"annotator": ""}, "annotator"),
        ({"annotator": []}, "annotator"),
        ({"annotator": "\ud800"}, "annotator"),
        ({"seed": -1}, "seed"),
        ({"labels_from": 5}, "labels_from"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused_the_first_time_and_the_second(tmp_path, wrong, says):
    pool, right = np.eye(4, dtype=np.float32), {"classes": ["a", "b"]}
    asked = wrong if "task" in wrong or "classes" in wrong else {**right, **wrong}
    with pytest.raises(SpinError, match=says):
        spin.open(tmp_path / "p", pool=pool, **asked)
    assert not (tmp_path / "p").exists()
    spin.open(tmp_path / "p", pool=pool, **right).close()
    with pytest.raises(SpinError, match=says):
        spin.open(tmp_path / "p", **({"classes": boom()} if "boom" in says else wrong))


@pytest.mark.parametrize(
    "path", [None, 5, "", " ", "a\0b", "x" * 300, b"p.spin", "\ud800", "~nobody-of-this-name/p"]
)
def test_a_path_that_is_none_is_refused_with_words(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProjectError, match="cannot be a project folder"):
        spin.open(path, pool=np.eye(4, dtype=np.float32), classes=["a", "b"])
    assert list(tmp_path.iterdir()) == []
