"""Makes the animated picture of the README: map and labeller on real digits, labelled by hand.

    SPIN_CHROMIUM=$(sh scripts/browser.sh) .venv/bin/python docs/make_picture.py

A person's part is played: the class that the digits' own labels say is pressed.  Nothing of the page is touched up.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from spin_nb.pool.sources import samples  # noqa: E402
from tests.browser.conftest import Lab, jupyterlab  # noqa: E402
from tests.conftest import CHROMIUM_FLAGS  # noqa: E402

PICTURE = ROOT / "docs" / "pictures" / "loop.webp"
MAX_BYTES = 1_500_000
N_LABELS = 20
WIDTH_PX = 960
SETTLE_MS, FRAME_MS, LAST_MS = 1200, 600, 3000
OPEN = """import spin_nb as spin

s = spin.open("digits.spin", pool=spin.samples.digits(), annotator="you")"""
WORKBENCH = "s.workbench"
ITEM = ".spin-labeller .spin-name"
READY = """() => document.querySelector(".spin-row-of-views")?.textContent.includes("UMAP layout")"""


def frame(page: Page) -> Image.Image:
    """Return what map and labeller show, scaled."""
    shot = page.locator(".spin-row-of-views").screenshot()
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    return image.resize((WIDTH_PX, round(image.height * WIDTH_PX / image.width)), Image.Resampling.LANCZOS)


def labelled_frames(page: Page) -> list[Image.Image]:
    """Label as the digits' own labels say; a frame before the first label and one after each."""
    digits = samples.digits()
    truth = dict(zip(digits.ids, digits.labels, strict=True))
    frames = [frame(page)]
    for _ in range(N_LABELS):
        item = page.locator(ITEM).inner_text().split()[0]
        page.locator(".spin-editor button", has_text=str(truth[item])).first.click()
        page.wait_for_function(
            "([selector, item]) => !document.querySelector(selector).innerText.startsWith(item)",
            arg=[ITEM, item],
        )
        page.wait_for_timeout(SETTLE_MS)
        frames.append(frame(page))
    return frames


def save(frames: list[Image.Image]) -> None:
    """Write the animation, at the best quality that stays small."""
    durations = [FRAME_MS] * (len(frames) - 1) + [LAST_MS]
    for quality in (80, 60, 40, 25):
        PICTURE.parent.mkdir(exist_ok=True)
        frames[0].save(
            PICTURE,
            save_all=True,
            append_images=frames[1:],
            duration=durations,
            loop=0,
            quality=quality,
            method=6,
        )
        if PICTURE.stat().st_size <= MAX_BYTES:
            return
    raise SystemExit(f"{PICTURE} has {PICTURE.stat().st_size:,} bytes: take fewer frames.")


def main() -> None:
    """Start JupyterLab, label, save."""
    path = os.environ.get("SPIN_CHROMIUM") or shutil.which("chromium")
    with (
        tempfile.TemporaryDirectory() as home,
        jupyterlab(Path(home)) as server,
        sync_playwright() as driver,
    ):
        chromium = driver.chromium.launch(executable_path=path, args=list(CHROMIUM_FLAGS))
        page = chromium.new_page(viewport={"width": 1440, "height": 900}, device_scale_factor=1)
        page.set_default_timeout(300_000)
        lab = Lab(page, server)
        lab.write_notebook("loop.ipynb", [OPEN, WORKBENCH])
        lab.open_notebook("loop.ipynb")
        lab.run_cell("spin.open(")
        lab.run_cell(WORKBENCH)
        page.locator(ITEM).filter(has_text="digit-").wait_for()
        page.wait_for_function(READY)
        page.wait_for_timeout(2 * SETTLE_MS)
        save(labelled_frames(page))
        chromium.close()
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
