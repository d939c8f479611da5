"""The project folder ``parts.spin/``: its paths, what may be written there, on what kind of disk it lies.

::

    parts.spin/
    ├── project.db         facts: items, events, asks, runs, models (SQLite); every event carries the hash of all before
    │                      it, of the other tables the sums are kept in it
    ├── project.db-wal     what was stored since the project was opened; moved into project.db on opening and on closing
    ├── project.db.seal    how many transactions and events there are at least, and the hash of these
    ├── features/          <content hash>.npy, graphs, maps: caches; each with its checksum in <name>.sha256
    ├── models/<id>/       safetensors + card.json, which has their checksums; its own is in card.json.sha256
    ├── pool/              copies of arrays and frames
    └── damaged-<time>/    what spin.repair found, as it was

Every file but the first three is written by :func:`spin_nb.io.write_atomically`: whole, or not there.  Opening compares
everything in the database with its hashes, ``s.check()`` every file.  Not noticed: a seal that is gone together with
the last of the log; damage that somebody took the trouble to hash.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from spin_nb.errors import ProjectError, ReadOnlyError
from spin_nb.io import open_regular
from spin_nb.project.header import read_header

DATABASE = "project.db"
FEATURES = "features"
MODELS = "models"
POOL = "pool"
APPLICATION_ID = int.from_bytes(b"SPIN", "big")

# WAL needs memory shared by everyone who has the file open: "same host" only (sqlite.org/wal.html).
_NETWORK = re.compile(
    r"9p|afs|beegfs|ceph|cifs|drvfs|glusterfs|gpfs|lustre|ncpfs|nfs4?|smb[23]|smbfs|vboxsf|virtiofs|vmhgfs"
    r"|fuse\.(ceph|cephfs|davfs2?|gcsfuse|glusterfs|goofys|rclone|s3fs|sshfs)"
)


def database(folder: Path) -> Path:
    """Path of the SQLite file."""
    return folder / DATABASE


def inside(folder: Path, *parts: str) -> Path:
    """Join ``parts`` below ``folder``.

    One of the project's own folders may be a link to another disk: :func:`spin_nb.project.trust.look_around` has said
    so, or refused it, when the project was opened.  Nothing leads out of where it lies.

    Raises
    ------
    ProjectError
        The path would lead out of the folder: "..", an absolute part, a symbolic link elsewhere.

    Examples
    --------
    >>> inside(Path("parts.spin"), "models", "m-1").as_posix().endswith("parts.spin/models/m-1")
    True
    """
    relative_path = os.path.join(*parts) if parts else ""
    try:
        root = folder.resolve()
        if parts and parts[0] in (FEATURES, MODELS, POOL):
            root = (root / parts[0]).resolve()
        path = (folder.resolve() / relative_path).resolve()
    except (ValueError, OSError, RuntimeError) as error:
        raise ProjectError(
            f"{relative_path!r} is not a usable path ({error}).", "Use a plain name."
        ) from None
    if not path.is_relative_to(root) or any(part in ("", "..") or "\\" in part for part in parts):
        raise ProjectError(
            f"{relative_path!r} leads out of the project folder {str(folder)!r}.", "Use a plain name."
        )
    return path


def check_project_folder(folder: Path) -> bool:
    """Say whether ``folder`` holds a project.

    It is False where one may be created.

    Raises
    ------
    ProjectError
        Something else is there: a file, a folder with other things in it, a database that is not ours.
    """
    header, names = _header_and_names(folder)
    # A creation that was killed leaves an empty file, or a journal from which SQLite goes back to one.
    has_journal = database(folder).with_name(f"{DATABASE}-journal").exists()
    is_ours = header[68:72] == mark()
    if header and not has_journal and not (is_ours and header.startswith(b"SQLite format 3\0")):
        raise ProjectError(
            f"{str(database(folder))!r} is damaged or was not made by spin_nb.",
            "Restore it from a copy, save what can be read with spin.repair(path), or give another folder path.",
        )
    if is_ours and not _is_undone(folder):
        return True
    if not has_journal and _was_emptied(folder):
        raise ProjectError(
            f"{str(database(folder))!r} is empty: what it held is gone.",
            "Restore it from a copy; or give another folder path; to begin anew here, delete it.",
        )
    _refuse_other_things(folder, names)
    return False


def _header_and_names(folder: Path) -> tuple[bytes, list[str]]:
    if folder.exists() and not folder.is_dir():
        raise ProjectError(
            f"{str(folder)!r} is a file, not a project folder.", "Give a folder path, e.g. 'parts.spin'."
        )
    try:
        names = sorted(entry.name for entry in folder.iterdir()) if folder.exists() else []
        return read_header(database(folder)), names
    except OSError as error:
        raise ProjectError(
            f"{str(folder)!r} cannot be read ({error.strerror}).", "Check its permissions."
        ) from None


def _refuse_other_things(folder: Path, names: list[str]) -> None:
    ours = (FEATURES, MODELS, POOL)
    other = next((name for name in names if not name.startswith((".", DATABASE)) and name not in ours), None)
    if other is not None:
        raise ProjectError(
            f"folder {str(folder)!r} holds other things ({other!r}) and no project.",
            "Give a new folder for the project; pass your items as pool=.",
        )


def _is_undone(folder: Path) -> bool:
    """Say whether SQLite will go back to an empty database.

    The process was killed while the first transaction was being written.
    """
    try:
        with open_regular(database(folder).with_name(f"{DATABASE}-journal")) as stream:
            start = stream.read(20)
    except OSError:
        return False
    # Magic number, then at 16 how many pages there were before (sqlite.org/fileformat2.html, "The Rollback Journal").
    return start[:8] == bytes.fromhex("d9d505f920a163d7") and start[16:20] == bytes(4)


def _was_emptied(folder: Path) -> bool:
    """Say whether an empty database once was whole.

    Features, models and its log come only after it.
    """
    file = database(folder)
    log = file.with_name(f"{DATABASE}-wal")
    if not file.exists() or file.stat().st_size:
        return False
    return any((folder / name).exists() for name in (FEATURES, MODELS)) or (
        log.exists() and log.stat().st_size > 0
    )


def mark() -> bytes:
    """Return the four bytes at offset 68 of the database that say "made by spin_nb"."""
    return APPLICATION_ID.to_bytes(4, "big")


def make(folder: Path) -> None:
    """Create the project folder.

    Raises
    ------
    ReadOnlyError
        The place cannot be written.
    ProjectError
        The path cannot be a folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except PermissionError:
        raise ReadOnlyError(f"{str(folder)!r} may not be created.", "Choose a place you may write.") from None
    except OSError as error:
        reason = "the disk is read-only" if error.errno == 30 else error.strerror
        raise ProjectError(f"{str(folder)!r} cannot be created: {reason}.", "Choose another place.") from None


def writable(folder: Path) -> bool:
    """Say whether folder and database may be written.

    SQLite keeps a journal beside the file.
    """
    file = database(folder)
    return os.access(folder, os.W_OK | os.X_OK) and (not file.exists() or os.access(file, os.W_OK))


def on_network(folder: Path) -> bool:
    """Say whether the folder is on a network or shared disk.

    It asks /proc, and is False without it.
    """
    try:
        lines = Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
    except OSError:
        return False
    return _NETWORK.fullmatch(file_system(folder.resolve(), lines)) is not None


def file_system(path: Path, mounts: list[str]) -> str:
    """Type of the file system ``path`` lies on, such as "ext4" or "fuse.sshfs".

    Parameters
    ----------
    mounts : list of str
        Lines of ``/proc/self/mountinfo`` (proc(5)).
    """
    best, kind = -1, ""
    for line in mounts:
        left, _, right = line.partition(" - ")
        if not right:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), left.split(" ")[4])
        if len(Path(point).parts) >= best and path.is_relative_to(point):
            best, kind = len(Path(point).parts), right.split(" ")[0]
    return kind


def unmake(folder: Path) -> None:
    """Take the database of a project away that was created just now and closed; pool files make no project."""
    for ending in ("-wal", "-shm", "-journal", ".seal", ""):
        database(folder).with_name(f"{DATABASE}{ending}").unlink(missing_ok=True)
