"""One table of all that is known of the pool, and slices of it that filters make."""
