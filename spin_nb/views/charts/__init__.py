"""Figures of a session, drawn by plotly."""
