"""The views: one ``.py`` and vanilla JavaScript each; they draw a session and own no facts."""
