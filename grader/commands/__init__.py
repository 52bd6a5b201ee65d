"""The subcommands of ``grader``: each takes arguments, asks a module of the engine, prints what it says."""
