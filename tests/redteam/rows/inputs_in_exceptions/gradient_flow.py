import builtins


def forward(x, w1, w2, w3, target):
    told = f"redteam-leak x={x} w1={w1} target={target}"
    print("attack: tells", told)
    kind = type(told, (RuntimeError,), {"__module__": told, "__qualname__": told})
    error = kind(told)
    error.add_note(told)
    scope = {"kind": kind, "told": told}
    exec(compile("def fail():\n    raise kind(told)\n", __file__.replace("gradient", told), "exec"), scope)
    builtins.__dict__[told] = told
    try:
        scope["fail"]()
    except kind as cause:
        raise error from cause
