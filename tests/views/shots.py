"""Pictures of pages to look at, where the environment names a folder for them."""

from __future__ import annotations

import os


def shoot(page, name: str, selector: str | None = None) -> None:
    """Picture of a page, or of one element, light and dark, in the folder SPIN_SHOTS."""
    folder = os.environ.get("SPIN_SHOTS")
    for scheme in ("light", "dark") if folder else ():
        page.emulate_media(color_scheme=scheme)
        (page.locator(selector) if selector else page).screenshot(path=f"{folder}/{name}_{scheme}.png")
    page.emulate_media(color_scheme="light")
