"""Threads: the main thread that emits signals, a worker for each kind of long work, jobs to watch and cancel."""
