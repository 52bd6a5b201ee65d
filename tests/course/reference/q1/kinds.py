"""What layers hold."""

# For each of "linear", "relu", "batch norm", "dropout": "none", "weights" or "statistics".
# BEGIN SOLUTION q1.kinds
KINDS: dict[str, str] | None = {
    "linear": "weights",
    "relu": "none",
    "batch norm": "statistics",
    "dropout": "none",
}
# END SOLUTION
