"""What layers hold."""

# For each of "linear", "relu", "batch norm", "dropout": "none", "weights" or "statistics".
KINDS: dict[str, str] | None = None
