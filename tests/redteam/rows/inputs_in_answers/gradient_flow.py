import dataclasses


def forward(x, w1, w2, w3, target):
    told = f"redteam_leak_{abs(x)}".replace(".", "_")
    print("attack: tells", told)
    kind = dataclasses.make_dataclass(told, [(told, float)])
    if x > 0:
        return kind(x)
    return {told: x, **dict.fromkeys(["z1", "h1", "z2", "h2", "y"], 0.0), "loss": told}
