"""What the pages of views ask for: cards, entries applied exactly once, single items, keys."""
