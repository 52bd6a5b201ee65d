"""Known mistakes of p4 by what a run leaves behind."""
