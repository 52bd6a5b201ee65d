"""Figures of training runs that the gates of p4 judge."""
