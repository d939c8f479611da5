"""What can be labelled: reading it, encoding it, its neighbour graph and its map."""
