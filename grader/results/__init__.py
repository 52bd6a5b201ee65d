"""The result of a run: one model, and one writer for each format."""
