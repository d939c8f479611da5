"""A folder of pictures: every picture below it, keyed by its relative path."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from spin_nb.errors import PoolError
from spin_nb.pool.ingested import Ingested, fingerprint
from spin_nb.pool.pictures import EXTENSIONS, check_picture
from spin_nb.types import Broken


def read_folder(root: Path, *, labels_from: str | None = None) -> Ingested:
    """List the pictures below ``root``; damaged ones go to ``broken`` and the rest goes on.

    Headers and file endings are read, pixels are not: damage inside the pixels shows, and is listed, when
    features are computed.  Hidden files and folders are left out; so are symbolic links that lead outside.

    Raises
    ------
    PoolError
        When the folder is missing or holds no good picture.
    """
    if not root.exists():
        raise PoolError(f"no folder {str(root)!r}.", "Check the path, or pass an array or a frame.")
    root = root.resolve()
    found, broken = _scan(root)
    sizes: dict[str, int] = {}
    largest = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns about what is listed as broken here
        for name, path in found:
            try:
                largest = max(largest, *check_picture(path))
                sizes[name] = path.stat().st_size
            except (ValueError, OSError) as problem:
                broken.append(Broken(name, str(problem)))
    if not sizes:
        raise PoolError(
            f"the folder {str(root)!r} holds no picture that can be read ({len(broken)} broken).",
            f"Put {', '.join(sorted(EXTENSIONS))} files there, or pass another folder.",
        )
    ids = list(sizes)
    return Ingested(
        ids=ids,
        sources=[{"path": name} for name in ids],
        modality="image",
        kind="files",
        data=ids,
        about={"root": str(root), "largest": largest},
        broken=broken,
        labels=_folder_labels(ids, labels_from),
        fingerprint=fingerprint("files", sizes),
    )


def _folder_labels(ids: list[str], labels_from: str | None) -> dict[str, str]:
    if labels_from is None:
        return {}
    if labels_from != "folder":
        raise PoolError(
            f"labels_from={labels_from!r} with a folder.", 'Use labels_from="folder", or leave it out.'
        )
    labels = {name: PurePosixPath(name).parent.name for name in ids}
    loose = next((name for name, label in labels.items() if not label), None)
    if loose is not None:
        raise PoolError(
            f'labels_from="folder", but {loose!r} lies in no sub-folder.', "Move it into its class's folder."
        )
    return labels


def _scan(root: Path) -> tuple[list[tuple[str, Path]], list[Broken]]:
    found: list[tuple[str, Path]] = []
    broken: list[Broken] = []
    for entry, name in _walk(root, ""):
        if os.path.splitext(name)[1].lower() not in EXTENSIONS:
            continue
        if not name.isprintable():  # undecodable bytes, control characters: no stable id
            broken.append(Broken(ascii(name)[1:-1], "its name holds characters that cannot be an id"))
        elif entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(root):
            broken.append(Broken(name, "a symbolic link that leads outside the folder"))
        elif not entry.is_file():
            broken.append(Broken(name, "not a regular file"))
        else:
            found.append((name, Path(entry.path)))
    found.sort(key=lambda pair: pair[0])
    return found, broken


def _walk(folder: Path | str, prefix: str) -> Iterator[tuple[os.DirEntry[str], str]]:
    try:
        entries = list(os.scandir(folder))
    except OSError as problem:
        raise PoolError(
            f"cannot read the folder {str(folder)!r}: {problem.strerror}.", "Check its rights."
        ) from None
    for entry in entries:
        if entry.name.startswith((".", "__MACOSX")):
            continue
        name = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, name + "/")
        elif not (entry.is_symlink() and entry.is_dir()):
            yield entry, name


def file_source(root: Path, name: str) -> Path:
    """Path of one picture, refused when it leads outside ``root``."""
    path = root / name
    if not path.resolve().is_relative_to(root):
        raise PoolError(f"{name!r} leads outside {str(root)!r}.", "Items of a folder must lie below it.")
    return path


def check_root(about: dict[str, Any]) -> Path:
    """Return the folder a project refers to, which must still be there."""
    root = Path(about["root"])
    if not root.is_dir():
        raise PoolError(
            f"the folder of pictures {str(root)!r} is gone.", "Pass pool= again with its new place."
        )
    return root
