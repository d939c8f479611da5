"""Asks: what is put to a person next, with its acquisition probability, divided between several people."""
