"""Items by words: ``s.search("a red car")``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spin_nb.errors import QueryError
from spin_nb.pool.encoders.text_side import encode_texts
from spin_nb.pool.search_index import SearchIndex
from spin_nb.query.miners.most_similar import most_similar
from spin_nb.session.arguments import whole_number
from spin_nb.session.model.hits import Hits
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.open_project import OpenProject
from spin_nb.session.runtime.progress_bar import progress_bar
from spin_nb.words import shown

MIN_ITEMS_FOR_BAR = 20_000  # fewer are read at once


class Search:
    """Searches the items of one session by words; the index is made at the first search, and anew after arrivals."""

    def __init__(self, project: OpenProject, live: LiveModel) -> None:
        self._project = project
        self._live = live
        self._index: SearchIndex | None = None
        self._ids_of_index: list[str] = []

    def __call__(self, query: str, k: int) -> Hits:
        """Find the ``k`` items that fit words best; see ``Session.search``.

        Raises
        ------
        QueryError
            No words; ``k`` is no whole number from 1 up.
        """
        k = whole_number(k, "k", 1, QueryError)
        if not isinstance(query, str) or not any(character.isalnum() for character in query):
            raise QueryError(
                f"{shown(query)} holds no words to search for.", 'For example s.search("red car").'
            )
        pool, pool_model = self._project.pool, self._live.pool_model
        if pool.modality != "text":
            pool_model.wait()
            if hasattr(pool_model.encoder, "encode_texts"):
                return self._by_meaning(query, k)
        index = self._current_index()
        rows, relevance = index.search(query, k)
        return Hits(tuple(self._ids_of_index[row] for row in rows), relevance, "relevance")

    def _by_meaning(self, query: str, k: int) -> Hits:
        pool_model = self._live.pool_model
        with self._live.label_log.lock:
            features, ids = pool_model.features, self._project.pool.ids
        rows, distances = most_similar(features, encode_texts(pool_model.encoder, [query])[0], k)
        return Hits(tuple(ids[row] for row in rows), np.float32(1) - distances, "similarity")

    def _current_index(self) -> SearchIndex:
        pool = self._project.pool
        if self._index is None or self._ids_of_index != pool.ids:
            if self._index is not None:
                self._index.close()
            bar: Callable[[float, str], None] | None = (
                progress_bar("Words") if len(pool) >= MIN_ITEMS_FOR_BAR else None
            )
            with self._live.label_log.lock:
                self._ids_of_index = list(pool.ids)
            self._index = SearchIndex(pool, bar)
        return self._index
