"""One item in the eyes of the model, and its place in the pool."""
