"""Labels that people drew: stored as they are, what is broken in them refused with its place."""

from __future__ import annotations

import csv
from xml.etree import ElementTree

import numpy as np

from spin_nb.errors import LabelError
from spin_nb.tasks import Boxes, Keypoints
from spin_nb.types import Extent


def voc(path):
    """Boxes of a PASCAL VOC file, and the size of its picture."""
    root = ElementTree.parse(path).getroot()
    boxes = []
    for thing in root.iter("object"):
        left, top, right, bottom = (
            int(thing.findtext(f"bndbox/{k}")) for k in ("xmin", "ymin", "xmax", "ymax")
        )
        place = {"x": left, "y": top, "width": right - left, "height": bottom - top}
        boxes.append({"label": thing.findtext("name"), **place})
    size = root.find("size")
    return boxes, Extent(size=(int(size.findtext("width")), int(size.findtext("height"))))


def test_boxes_around_blood_cells_are_stored_but_for_the_two_without_a_width(real):
    task, kept, refused = Boxes(["RBC", "WBC", "Platelets"]), 0, []
    for path in sorted((real("bccd") / "Annotations").glob("*.xml")):
        boxes, extent = voc(path)
        try:
            stored = task.validate(boxes, extent)
        except LabelError as error:
            refused.append((path.stem, error.what))
            continue
        assert stored == boxes
        assert task.score(stored, boxes, extent) == 1
        kept += len(stored)
    assert (kept, [stem for stem, _ in refused]) == (4862, ["BloodImage_00338", "BloodImage_00343"])
    assert all("is 0, which leaves nothing inside the picture" in what for _, what in refused)


def test_points_of_a_mouse_are_stored_and_come_back_from_their_targets(real):
    with (real("mirror_mouse") / "CollectedData.csv").open(newline="") as file:
        _, names, _, *rows = csv.reader(file)
    task, extent = Keypoints(names[1::2]), Extent(size=(396, 406))
    for row in rows:
        places = zip(row[1::2], row[2::2], strict=True)
        said = {
            name: [float(x), float(y)] if x else None for name, (x, y) in zip(task.names, places, strict=True)
        }
        assert task.validate(said, extent) == said
        again, p = task.suggestion(task.target(said, extent), np.full(task.outputs, 1e-3), extent)
        assert task.score(again, said, extent) == 1
        assert p > 0.99
