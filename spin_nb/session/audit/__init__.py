"""The audit: what the hidden sample says of the model, now and label by label."""
