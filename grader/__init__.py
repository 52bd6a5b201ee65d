"""The engine that grades the assignments; free of secrets, shipped to students too.

Imports nothing, so that the worker side can be imported without the judge's libraries.
"""
