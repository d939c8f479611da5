"""Boxes of others: hostile names, and the annotations of real pictures."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

pytestmark = pytest.mark.browser


def box(x, y, width, height, label="car"):
    return {"label": label, "x": x, "y": y, "width": width, "height": height}


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</span><script>alert(2)</script>",
    "&lt;b&gt;",
    "\u202egnp.exe",
    "../../etc/passwd",
    "🦠" * 50,
    "__proto__",
    "x" * 1_000_000,
]


def test_hostile_class_names_are_text(desk):
    shapes = [box(10 + 30 * i, 20, 25, 25, name) for i, name in enumerate(HOSTILE)]
    desk.open("boxes", HOSTILE, empty=[], value=shapes)
    desk.click(20, 30)
    assert desk.js("document.querySelectorAll('section img, section script, section b').length") == 0
    words = desk.js(
        "[...document.querySelectorAll('.spin-shape .spin-shape-word')].map((w) => w.textContent)"
    )
    assert words[:5] == HOSTILE[:5]
    assert max(map(len, words)) <= 120
    desk.press("2")
    assert desk.value[0]["label"] == HOSTILE[1]


def test_blood_cells(desk, real):
    """BCCD: the boxes of its annotation files, drawn where the cells are."""
    folder = real("bccd")
    name = "BloodImage_00007"
    boxes = voc(folder / "Annotations" / f"{name}.xml")
    desk.open("boxes", ["RBC", "WBC", "Platelets"], empty=[], size=[640, 480], suggestion=boxes,
              picture=(folder / "JPEGImages" / f"{name}.jpg").read_bytes())  # fmt: skip
    assert len(desk.rows()) == len(boxes) > 5
    white = next(i for i, b in enumerate(boxes) if b["label"] == "WBC")
    desk.page.locator(".spin-shape").nth(white).focus()
    desk.press("Shift+ArrowRight")
    assert desk.value[white]["x"] == min(boxes[white]["x"] + 10, 640 - boxes[white]["width"])
    assert desk.value[:white] == boxes[:white]


def voc(path):
    """Boxes of a PASCAL VOC file; those without an area are left out."""
    found = []
    for thing in ElementTree.parse(path).findall("object"):
        x0, y0, x1, y1 = (int(thing.find("bndbox").find(k).text) for k in ("xmin", "ymin", "xmax", "ymax"))
        if x1 > x0 and y1 > y0:
            found.append(box(x0, y0, x1 - x0, y1 - y0, thing.find("name").text))
    return found
