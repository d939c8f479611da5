"""The model: what is computed from pool and labels, trained, saved, brought back, predicted and explained."""
