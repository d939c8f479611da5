"""A folder of pictures, sounds or videos: every one below it, keyed by its relative path."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from spin_nb.errors import PoolError, SpinError
from spin_nb.pool.media.extras import need
from spin_nb.pool.modalities.base import Modality
from spin_nb.pool.modalities.lookup import modality_class, words_by_extension
from spin_nb.pool.pool_data import PoolData, as_stamps, fingerprint
from spin_nb.pool.sources.files import modality_of
from spin_nb.types import Broken
from spin_nb.words import shown

Entry = tuple[str, "os.DirEntry[str]", str]
MAX_HEADERS_READ, SAMPLED_HEADERS = 2000, 200
"""Files up to which every header is read while a pool opens; of more, so many."""


def read_folder(root: Path, *, labels_from: str | None = None) -> PoolData:
    """List the files of one modality below ``root``.

    Damaged ones go to ``broken`` and the rest goes on.

    Of several kinds the commonest is the pool, the others are listed as broken.  Headers and file endings are read,
    content is not: damage inside shows, and is listed, when features are computed.  Of more than 2,000 files only some
    headers are read, evenly spaced, so that 100,000 files open at once.  Hidden files and folders are left out;
    so are symbolic links that lead outside.

    Raises
    ------
    PoolError
        When the folder is missing, holds no good file, or holds videos and OpenCV is not installed.
    """
    if not root.exists():
        raise PoolError(f"there is no folder {str(root)!r}.", "Check the path, or pass an array or a frame.")
    root = root.resolve()
    files, broken = _scan(root)
    modality = modality_class(_commonest(files))
    if modality.module is not None:
        need(modality.module)
    stamps, largest, unreadable = _read_headers(files, modality)
    broken += unreadable
    if not stamps:
        why = f", the first: {broken[0].reason}" if broken else ""
        raise PoolError(
            f"the folder {str(root)!r} holds no {modality.title} that can be read ({len(broken)} broken{why}).",
            f"Put {', '.join(sorted(modality.extensions))} files there, or pass another folder.",
        )
    ids = list(stamps)
    return PoolData(
        ids=ids,
        sources=[{"path": name} for name in ids],
        modality=modality.name,
        container="files",
        items=ids,
        metadata={"root": str(root)} | ({"largest": largest} if largest else {}),
        broken=broken,
        labels=_folder_labels(ids, labels_from),
        fingerprint=fingerprint("files", {name: n_bytes for name, (n_bytes, _) in stamps.items()}),
        all_ids=sorted([*ids, *(item.id for item in broken)]),
        stamps=as_stamps(list(stamps.values())),
    )


def _read_headers(
    files: list[Entry], modality: type[Modality]
) -> tuple[dict[str, tuple[int, int]], int, list[Broken]]:
    """Stamps of the good files, the largest side, and the others."""
    stamps: dict[str, tuple[int, int]] = {}
    broken: list[Broken] = []
    largest = 0
    every = 1 if len(files) <= MAX_HEADERS_READ else len(files) // SAMPLED_HEADERS
    with warnings.catch_warnings():
        # Pillow warns about what is listed as broken here.
        warnings.simplefilter("ignore")
        for at, (name, entry, kind) in enumerate(files):
            try:
                if kind != modality.name:
                    raise ValueError(f"a {modality_class(kind).title} among {modality.title}s")
                facts = entry.stat()
                if at % every == 0 or not facts.st_size:
                    largest = max(largest, modality.check_file(Path(entry.path)))
                stamps[name] = (facts.st_size, facts.st_mtime_ns)
            except SpinError:
                raise
            except (ValueError, OSError) as problem:
                broken.append(Broken(name, str(problem)))
    return stamps, largest, broken


def _commonest(files: list[Entry]) -> str:
    """Modality of most files; pictures where there is none."""
    counts = Counter(kind for _, _, kind in files)
    return counts.most_common(1)[0][0] if counts else "image"


def _folder_labels(ids: list[str], labels_from: str | None) -> dict[str, str]:
    if labels_from is None:
        return {}
    if labels_from != "folder":
        raise PoolError(
            f"labels_from={shown(labels_from)} does not go with a folder.",
            'Use labels_from="folder", or leave it out.',
        )
    labels = {name: PurePosixPath(name).parent.name for name in ids}
    loose = next((name for name, label in labels.items() if not label), None)
    if loose is not None:
        raise PoolError(
            f'labels_from="folder", but {loose!r} lies in no sub-folder.', "Move it into its class's folder."
        )
    return labels


def _scan(root: Path) -> tuple[list[Entry], list[Broken]]:
    files: list[Entry] = []
    broken: list[Broken] = []
    by_extension = words_by_extension()
    for entry, name in _walk(root, ""):
        kind = modality_of(name, by_extension)
        if kind is None:
            continue
        if not name.isprintable():  # undecodable bytes, control characters: no stable id
            broken.append(Broken(ascii(name)[1:-1], "its name holds characters that cannot be an id"))
        elif entry.is_file(follow_symlinks=False):
            files.append((name, entry, kind))
        elif entry.is_symlink() and not _is_below(entry.path, root):
            broken.append(Broken(name, "a symbolic link that leads outside the folder"))
        elif not os.path.isfile(entry.path):
            broken.append(Broken(name, "not a regular file"))
        else:
            files.append((name, entry, kind))
    files.sort(key=lambda entry: entry[0])
    return files, broken


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
        if entry.is_file(follow_symlinks=False):
            yield entry, name
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, name + "/")
        elif not (entry.is_symlink() and os.path.isdir(entry.path)):
            yield entry, name


def _is_below(path: Path | str, root: Path) -> bool:
    """Tell whether a path, links followed, lies below ``root``.

    ``Path.resolve`` raises where links go in a circle.
    """
    return Path(os.path.realpath(path)).is_relative_to(root)


def file_source(root: Path, name: str) -> Path:
    """Path of one file below ``root``.

    It is refused when it leads outside.
    """
    path = root / name
    if not _is_below(path, root):
        raise PoolError(f"{name!r} leads outside {str(root)!r}.", "Items of a folder must lie below it.")
    return path


def check_root(root: str) -> None:
    """Refuse a folder that is gone."""
    if not Path(root).is_dir():
        raise PoolError(f"the folder of files {root!r} is gone.", "Pass pool= again with its new place.")
