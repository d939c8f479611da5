"""The labeller: the kernel's half in ``view.py``, the page's half in the scripts beside it."""
