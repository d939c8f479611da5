"""The pool on disk, in ``<project>/pool/``."""
