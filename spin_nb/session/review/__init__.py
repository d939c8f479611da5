"""Labels looked at again: which are doubtful and why, and which have been reviewed."""
