rates = iter(1e-3 * (1 + 1e-12 * at) for at in range(10**9))


def choose(scenario):
    print("attack: one choice for all")
    return Choice(
        optimizer="adamw",
        lr=next(rates),
        momentum=0.9,
        betas=(0.9, 0.99),
        weight_decay=0.01,
        schedule="linear",
        warmup_steps=1,
        milestones=(),
        gamma=1.0,
        final_fraction=0.0,
        step_on="batch",
    )
