"""Views of a session: one folder each, its Python, JavaScript and style side by side; they own no facts.

``base`` knows no other folder; ``media`` shows an item, ``editors`` change its label.
"""
