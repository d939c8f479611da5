"""``s.classes``: the names in force, and the verbs that change them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from spin_nb.errors import LabelError
from spin_nb.pool.features.look_alike_groups import look_alike_groups
from spin_nb.project.records import CLASSES, NONE_OF_THESE, NewEvent
from spin_nb.session.arguments import ids_of, items_of
from spin_nb.session.label_commands import LabelCommands
from spin_nb.session.labels.deferrals import deferred_items
from spin_nb.session.labels.label_log import Change
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.open_project import OpenProject
from spin_nb.session.runtime.runtime import Runtime
from spin_nb.tasks._names import as_name
from spin_nb.words import HtmlRepr, shown

if TYPE_CHECKING:
    import polars as pl
    from polars._typing import PolarsDataType


class ClassNames(HtmlRepr, Sequence[str]):
    """Names in force, in the order of the columns of probabilities (``s.classes``).

    It reads like a list of names, and its verbs change them: of classes, and of what boxes, polygons and spans are
    labelled with.  In ``s.history`` a label keeps the name it was given; everywhere else (labels, training, accuracy,
    tables) it means what became of that class.  Each change is one undo; other sessions follow when they next look.

    Examples
    --------
    >>> s.classes.add("scratch")                                     # doctest: +SKIP
    >>> s.classes.rename("crak", "crack")                            # doctest: +SKIP
    >>> s.classes.merge(["dent", "bump"], into="dent")               # doctest: +SKIP
    >>> s.classes                                                    # doctest: +SKIP
    ['ok', 'crack', 'dent', 'scratch']
    """

    __slots__ = ("_commands", "_live", "_project", "_runtime")

    def __init__(self, project: OpenProject, runtime: Runtime, live: LiveModel) -> None:
        self._project = project
        self._runtime = runtime
        self._live = live
        self._commands = LabelCommands(project, runtime, live)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        return self._project.classes[index]

    def __iter__(self) -> Iterator[str]:
        return iter(self._project.classes)

    def __len__(self) -> int:
        return len(self._project.classes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ClassNames | list | tuple):
            return NotImplemented
        return list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # as of a list: they change

    def __add__(self, other: Sequence[str]) -> list[str]:
        return [*self, *other]

    def __repr__(self) -> str:
        return repr(list(self))

    # -- verbs --------------------------------------------------------------------------------------------

    def add(self, *names: str) -> None:
        """Add classes, after those there are.

        Raises
        ------
        LabelError
            A name that is there already, looks like one of those, is empty or no text; labels without names that may
            change.
        ReadOnlyError, StorageError
        """
        self._commit(lambda: {"add": [_name(name) for name in names]})

    def rename(self, old: str, new: str) -> None:
        """Call a class otherwise; its labels and what a model learnt of it stay.

        Raises
        ------
        LabelError
            No such class; a name that is there already: two classes become one with :meth:`merge`.
        ReadOnlyError, StorageError
        """
        self._commit(lambda: {"rename": {"old": _name(old), "new": _name(new)}})

    def merge(self, names: Iterable[str], into: str) -> None:
        """Make several classes one.

        Whoever still labels with a name that is merged, in a page that has not heard of it, means ``into``.

        Parameters
        ----------
        names : iterable of str
            Classes that are no more afterwards; ``into`` may be among them, and stays.
        into : str
            A class that there is.

        Raises
        ------
        LabelError
            No such classes, or only one of all would be left.
        ReadOnlyError, StorageError
        """
        self._commit(lambda: {"merge": {"into": _name(into), "names": _names(names)}})

    def split(self, name: str, into: Mapping[str, Iterable[str]] | Iterable[str]) -> None:
        """Make one class several.

        Nothing is guessed: items that are not listed have no label any more, and are asked again.

        Parameters
        ----------
        name : str
            A class; its name may be that of a part, too.
        into : mapping or iterable of str
            Name of a part -> ids of its items, all of them labelled as ``name`` now; or the names alone.

        Raises
        ------
        LabelError
            No such class, a name that is there already, fewer than two parts, an item that is in two parts or has
            another label.
        ReadOnlyError, StorageError
        """
        if isinstance(into, Mapping):
            pairs = items_of(into, "the parts")
            parts = {_name(part): list(ids_of(ids, "items")) for part, ids in pairs}
        else:
            parts = {part: [] for part in _names(into)}

        whole = _name(name)

        def change() -> dict[str, Any]:
            self._check_parts(whole, parts)
            return {"split": {"name": whole, "into": parts}}

        self._commit(change)

    def retire(self, *names: str) -> None:
        """Take classes out of use.

        Their labels stay in the history, but neither train nor judge, and their items are asked again.

        Raises
        ------
        LabelError
            No such class, or only one would be left.
        ReadOnlyError, StorageError
        """
        self._commit(lambda: {"retire": _names(names)})

    def none_fits(self, items: str | Iterable[str]) -> None:
        """Say that no class fits an item, or many: one that is not there yet is needed.

        It is a decision like a label, with one undo: they neither train nor are asked again, and an audit among them
        counts as an error of the model.  :attr:`unfit` lists them until they have a label.

        Raises
        ------
        LabelError
            Unknown item, labels that are no classes; nothing of the call was stored then.
        ReadOnlyError, StorageError
        """
        if not self._project.learns_classes:
            raise LabelError(
                f"labels here are {self._project.task.kind!r}: they may say that there is nothing.",
                "Label it so, or s.skip(id).",
            )
        self._commands.commit([(NONE_OF_THESE, id, None) for id in ids_of(items, "items")])

    # -- facts --------------------------------------------------------------------------------------------

    @property
    def unfit(self) -> list[str]:
        """Items that no class fits, as somebody said, oldest first; ``s.grid.show(s.classes.unfit)`` shows them."""
        label_log = self._live.label_log
        with label_log.lock:
            self._live.try_to_catch_up()
            return deferred_items(label_log, (NONE_OF_THESE,))

    def proposals(self) -> list[list[str]]:
        """Group the items that no class fits, by the encoder's features: each group may be a class.

        What lies alone is in no group.  Look at one with ``s.grid.show(group)``, then :meth:`add` a class and
        ``s.label(group, name)``.

        Returns
        -------
        list of list of str
            Ids, the largest group first, the most typical of a group first.

        Examples
        --------
        >>> s.classes.proposals()                                    # doctest: +SKIP
        [['img_7', 'img_40', 'img_12'], ['img_3', 'img_9']]
        """
        self._live.pool_model.wait()
        ids, label_log = self.unfit, self._live.label_log
        with label_log.lock:
            rows = label_log.rows(ids)
            features, names = (
                self._live.pool_model.features[rows],
                [self._project.pool.ids[row] for row in rows],
            )
        return [[names[at] for at in group] for group in look_alike_groups(features)]

    @property
    def history(self) -> pl.DataFrame:
        """Changes of the classes, oldest first, one row each, undone ones too.

        Columns: seq, time, annotator, change ("add", "rename", "merge", "split", "retire"), names (those it was about),
        to (those that they became), stands (false where it was undone).
        """
        import polars as pl

        state = self._project.store.state()
        standing = {event.seq for event in state.classes.changes}
        rows = [
            (event.seq, event.time, event.annotator, *_in_words(event.value), event.seq in standing)
            for event in self._project.store.events()
            if event.kind == CLASSES
        ]
        schema: dict[str, PolarsDataType] = {
            "seq": pl.Int64,
            "time": pl.Datetime("us", "UTC"),
            "annotator": pl.String,
            "change": pl.String,
            "names": pl.List(pl.String),
            "to": pl.List(pl.String),
            "stands": pl.Boolean,
        }
        return pl.DataFrame(rows, schema=schema, orient="row")

    def _commit(self, change: Callable[[], dict[str, Any]]) -> None:
        """Store a change and let labels, model and views follow; ``change`` is asked when nobody else writes."""
        self._runtime.main_thread.drain()
        self._project.check_writable("change the classes")
        label_log = self._live.label_log

        def step() -> list[Change]:
            with label_log.transaction():
                self._live.follow_classes()
                annotator = self._project.annotator
                label_log.store.append([NewEvent(CLASSES, value=change(), annotator=annotator)])
            changes = label_log.sync()
            self._live.follow(changes)
            return changes

        self._runtime.announcer.labels_changed(label_log.retry_while_busy(step))
        self._runtime.main_thread.drain()

    def _check_parts(self, name: str, parts: Mapping[str, Sequence[str]]) -> None:
        """Refuse items of parts that are not labelled as the class; under the lock."""
        pool, log = self._project.pool, self._live.label_log
        if self._project.learns_classes and name in self._project.classes:
            for id in (id for ids in parts.values() for id in ids):
                pool.row(id)
                if log.value(id) != name:
                    raise LabelError(
                        f"{shown(id)} is labelled {shown(log.value(id))}, not {shown(name)}.",
                        f"List items that are {shown(name)}; label others by themselves.",
                    )


def _name(name: object) -> str:
    """A name as text; whether it is a class, or may be one, is found out where the classes are known."""
    value = as_name(name)
    if not isinstance(value, str):
        raise LabelError(
            f"class names are text; {shown(name)} is {type(name).__name__}.", "Write it as text."
        )
    return value


def _names(names: object) -> list[str]:
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise LabelError(f"{shown(names)} is no list of classes.", 'Pass one: ["crack", "dent"].')
    try:
        return [_name(name) for name in names]
    except LabelError:
        raise
    except Exception as problem:  # of a person's own generator
        raise LabelError(f"the classes cannot be listed: {problem!s:.100}.", "Pass a list.") from problem


def _in_words(change: dict[str, Any]) -> tuple[str, list[str], list[str]]:
    """Verb, the names that it is about, and those that they became."""
    verb, content = next(iter(change.items()))
    if verb == "rename":
        return verb, [content["old"]], [content["new"]]
    if verb == "merge":
        return verb, content["names"], [content["into"]]
    if verb == "split":
        return verb, [content["name"]], list(content["into"])
    return (verb, [], content) if verb == "add" else (verb, content, [])
