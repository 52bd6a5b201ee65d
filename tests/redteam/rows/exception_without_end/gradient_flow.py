def forward(x, w1, w2, w3, target):
    print("attack: raises a long one", flush=True)
    error = RuntimeError("\u202e\x1b[2J" * 1_000_000)
    for _ in range(1000):
        outer = type("E" * 1000, (ValueError,), {})("cause")
        outer.__cause__ = error
        error = outer
    kind = type("N" * 1_000_000, (RecursionError,), {})
    raise kind("x" * 100_000_000) from error
