"""Numbers computed once from a pool and kept on disk: features, neighbours, layout."""
