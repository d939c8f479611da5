"""A notebook full of hostile content, for :mod:`tests.browser.test_hostile`.

Each payload would set ``window.pwned``, open a dialog or ask for something of the host "hostile.invalid" were it taken
for anything but text.
"""

from __future__ import annotations

BAD = [
    "<script>window.pwned='script'</script>",
    "<img src=//hostile.invalid/i onerror=\"window.pwned='img'\">",
    "<svg onload=\"window.pwned='svg'\"><a xlink:href=\"javascript:window.pwned='x'\"><text>x</text></a></svg>",
    '"><iframe srcdoc="<script>parent.pwned=\'frame\'</script>">',
    "&lt;img src=//hostile.invalid/e onerror=window.pwned=&quot;entity&quot;&gt; &#60;b&#62; &amp;amp;",
    "<a href=\"javascript:window.pwned='link'\">click</a>",
    "${window.pwned='template'} {{window.pwned='braces'}} $\\href{javascript:window.pwned='tex'}{x}$",
    "'-window.pwned='quote'-'",
    "<b>bold</b><br>😀é",
    "../../etc/passwd",
    "__proto__",
    "constructor",
]
TURNED = "\u202egnp.exe <i>turned</i>"  # right-to-left override: an id or a file name may not hold it
LONG = BAD[1] * 17_000  # a megabyte
FILES = [text.replace("/", "").replace("'", '"') for text in BAD]

SETUP = f"""
import wave
from pathlib import Path
import cv2, numpy as np, polars as pl, spin_nb as spin
from PIL import Image

BAD, FILES, TURNED = {BAD!r}, {FILES!r}, {TURNED!r}
LONG = BAD[1] * 17_000
BAD_TEXTS = [*BAD, TURNED, LONG]
N = len(BAD_TEXTS)
rng = np.random.default_rng(0)


def write_picture(path):
    Image.fromarray(rng.integers(0, 255, (60, 80), np.uint8)).save(path)


def write_sound(path):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1), out.setsampwidth(2), out.setframerate(8000)
        out.writeframes((9000 * np.sin(np.arange(4000) / rng.uniform(2, 9))).astype("<i2").tobytes())


def write_video(path):
    out = cv2.VideoWriter("video.avi", cv2.VideoWriter_fourcc(*"MJPG"), 10.0, (64, 48))
    for _ in range(8):
        out.write(rng.integers(0, 255, (48, 64, 3), np.uint8))
    out.release()
    Path("video.avi").rename(path)


def folder_of(kind, ending, write):
    folder = Path("hostile " + kind)
    folder.mkdir()
    for i, name in enumerate(FILES):
        write(folder / f"{{name}} {{i}}.{{ending}}")
    return folder


def begin(name, pool, task, value, **more):
    s = spin.open(f"hostile-{{name}}.spin", pool=pool, task=task, annotator=BAD[1] + TURNED, **more)
    s.audit.share = 0
    s.suggest(dict.fromkeys(s.pool.ids, (value, 0.8)))
    return s


ids = [f"{{text}} {{i}}" for i, text in enumerate([*BAD, *BAD])]
texts = pl.DataFrame({{"id": ids, "text": [*BAD_TEXTS, *BAD][: len(ids)], **{{
    name: [BAD[(i + k) % 3] for i in range(len(ids))] for k, name in enumerate([*BAD, TURNED])}}}})
few = [LONG, TURNED, BAD[1], BAD[4]]  # columns of different sentences would be taken for texts
table = pl.DataFrame({{**{{name: [few[(i + k) % 4] for i in range(N)] for k, name in enumerate(BAD)}},
    "size": np.linspace(0, 1, N)}})
pictures = folder_of("pictures", "png", write_picture)
sounds, videos = folder_of("sounds", "wav", write_sound), folder_of("videos", "avi", write_video)
series = spin.TimeSeries(rng.normal(size=(N, 3, 60)), channels=[BAD[1], TURNED, LONG], unit=BAD[8])
NAMES = [*BAD, TURNED, LONG]
"""

MAIN = """# main
s = spin.open(FILES[1] + ".spin", pool=texts, classes=NAMES, annotator=BAD[1] + TURNED)
s.audit.share = 0.5
for _ in range(2):
    s.label({id: NAMES[int(id.split()[-1]) % 6] for id in s.ask(6).ids})
    s.train(wait=True)
s.watch(BAD_TEXTS, wait=True)
s._live.pool_model.start_umap = lambda *_: None  # its compilation would take most of this test's time

class Failing:
    def fit(self, *_, **__):
        raise RuntimeError(BAD[1] + TURNED)

    predict = fit
"""
BOX = {"x": 10.0, "y": 10.0, "width": 30.0, "height": 20.0}
OUTLINE = [[10.0, 10.0], [50.0, 10.0], [30.0, 40.0]]
PICTURES = [f"{name} {i}.png" for i, name in enumerate(FILES) if name[0] != "."]
SEVERAL = "spin.Multimodal(**dict.fromkeys(BAD[:3], BAD_TEXTS), **{BAD[3]: table})"
START = LONG[:190]  # of the megabyte, what is on screen everywhere
# The labeller of every task, over every kind of item: name, pool, task, what is suggested, and what is on screen
# somewhere between the first item and the last.
LABELLERS = {
    "classes": (
        "videos",
        "spin.Classes(NAMES)",
        "BAD[2]",
        [name.replace(".png", ".avi") for name in PICTURES],
    ),
    "several": ("table", "spin.MultiLabel(NAMES)", "BAD[:3]", [*BAD, TURNED, START]),
    "number": ("series", "spin.Number(0, 10, unit=BAD[8])", "2.0", [BAD[8], BAD[1][:23], TURNED[:23]]),
    "boxes": ("pictures", "spin.Boxes(NAMES)", f"[{{'label': BAD[1], **{BOX}}}]", PICTURES),
    "points": (
        "pictures",
        "spin.Keypoints(NAMES, skeleton=[(BAD[0], BAD[10])])",
        "dict.fromkeys(NAMES, [9, 9])",
        PICTURES,
    ),
    "outlines": ("pictures", "spin.Polygons(NAMES)", f"[{{'label': BAD[1], 'points': {OUTLINE}}}]", PICTURES),
    "spans": (
        "BAD_TEXTS",
        "spin.Spans(NAMES)",
        "[{'label': BAD[1], 'start': 0, 'end': 5}]",
        [TURNED[5:], START[5:]],
    ),
    "text": (
        "sounds",
        "spin.FreeText()",
        "BAD[1] + TURNED",
        [name.replace(".png", ".wav") for name in PICTURES],
    ),
    "pairs": (
        SEVERAL,
        "spin.Pairs(question=BAD[1] + TURNED, grades=NAMES)",
        "BAD[2]",
        [*BAD, TURNED, START, BAD[1] + TURNED],
    ),
}
NAMELESS = ("number", "text")  # tasks without classes

VIEWS = ("map", "labeller", "uncertainty", "curves", "calibration", "drift", "workbench")
OTHERS = ["# failed\ns.train(posterior=Failing())", "# labels\ns.labels", "# session\ns"]


def cells() -> list[str]:
    """Sources of the code cells; each begins with a line that finds it."""
    begun = [
        f"# task {name}\n{name} = begin({name!r}, {pool}, {task}, {value})\n{name}.labeller"
        for name, (pool, task, value, _) in LABELLERS.items()
    ]
    return [SETUP, *begun, MAIN, *(f"# view {word}\ns.{word}" for word in VIEWS), *OTHERS]
