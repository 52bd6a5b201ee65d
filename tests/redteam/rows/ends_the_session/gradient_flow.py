class Exit(BaseException):
    """What pytest.exit raises, by its name."""

    returncode = 0
    allow_module_level = True


Exit.__module__, Exit.__qualname__ = "_pytest.outcomes", "Exit"
print("attack: ends the session")
raise Exit("all tests passed")
