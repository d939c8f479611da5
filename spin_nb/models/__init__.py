"""Learners: what turns labelled items into predictions over a pool, and the models they leave behind."""
