"""What an exported model runs on, one file a target: registered by a word in :mod:`spin_nb.registry`."""
