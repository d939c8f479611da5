"""Parts that every view is built from: the widget, its look, its scripts, when it is drawn anew."""
