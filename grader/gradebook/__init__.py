"""A whole class: many submissions graded on Dask, kept in a gradebook that a killed run does not harm, and
reported. Nothing here is needed to grade a single submission."""
