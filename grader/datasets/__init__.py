"""Data made from a seed, in NumPy only: the same arrays for the judge, a worker and a student's script."""
