"""Builds what is handed out: the starter, the student release, the zip for Gradescope."""
