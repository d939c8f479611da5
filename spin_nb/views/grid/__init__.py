"""Thumbnails of many items, and labels for many at once."""
