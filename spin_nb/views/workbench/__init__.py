"""Everything on one page, and the progress of background work."""
