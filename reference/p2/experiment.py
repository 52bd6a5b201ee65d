"""Given with p2, not handed in: your plans carried out step by step, your update rules in a narrow valley.

python -m experiment plan bert               your plan for the scenario: learning rate at every step
python -m experiment plan resnet --batch 512 ... for another batch; also --samples
python -m experiment plan mlp                ... with a validation loss that falls for 12 epochs, then stalls
python -m experiment plan example            a plan that is given, and is not a good one
python -m experiment update adam             your update rule walks down a valley; also sgd, adamw
python -m experiment update sgd --lr 0.02 --momentum 0.9 --nesterov

--save picture.png draws the curve into a file as well.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import optimizers
import torch
from given import Plan, Scenario, build_model, drive
from torch import Tensor

from grader.experiments import show_curves, track

FIRST_REQUEST = {"bert": (50_000, 32), "resnet": (1_200_000, 2048), "mlp": (5_000, 64)}
FALLS, STALLS = 12, 60  # epochs for which the validation loss of `plan mlp` falls, then stays as it is
POINTS = 400  # of a curve
STEPS = 300
CURVATURE = torch.tensor([1.0, 60.0], dtype=torch.float64)  # of the valley, along it and across


def example(scenario: Scenario, model: torch.nn.Module) -> Plan:
    """A plan to look at: a cosine as long as the number of epochs, stepped after each batch."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=90)
    return Plan(
        optimizer=optimizer,
        scheduler=scheduler,
        step_on="batch",
        epochs=90,
        dropout=0.0,
        early_stopping_patience=None,
    )


def show_plan(name: str, samples: int | None, batch: int | None, save: str | None) -> None:
    """Carry out a plan and draw the learning rate."""
    kind = "resnet" if name == "example" else name
    usual = FIRST_REQUEST[kind] if name != "example" else (20_000, 2048)
    scenario = Scenario(kind=kind, samples=samples or usual[0], batch_size=batch or usual[1])
    model = build_model(kind)
    plan = (example if name == "example" else optimizers.configure)(scenario, model)
    if not isinstance(plan, Plan):
        raise SystemExit(f"configure returned a {type(plan).__name__}: a given.Plan is asked")
    losses = [0.97**epoch for epoch in range(1000)]
    if kind == "mlp":
        patience = plan.early_stopping_patience
        stalls = STALLS if patience is None else min(max(0, patience), STALLS)
        losses = losses[:FALLS] + [losses[FALLS - 1]] * stalls
    watched = list((model.encoder if kind == "bert" else model).parameters())
    print(f"{name}: {scenario.samples:,} samples in batches of {scenario.batch_size:,}, {plan.epochs} epochs")
    seen = drive(plan, scenario, losses, watched)
    rates = seen.rates
    places = range(0, len(rates), max(1, len(rates) // POINTS))
    epochs = [place / scenario.steps_per_epoch for place in places]
    show_curves(
        f"learning rate of the plan for {name}",
        {"learning rate": [rates[place] for place in places]},
        at=epochs,
        y="rate",
        save=save,
    )
    peak = max(rates)
    print(f"{len(rates):,} steps, {scenario.steps_per_epoch:,} an epoch; peak {peak:.3g}", end="")
    print(f" at step {rates.index(peak):,}, last rate {rates[-1]:.3g}")
    if kind == "mlp":
        print(f"the loss stalls from epoch {FALLS} on; the run", end=" ")
        print(_end_of_the_run(plan.epochs, stalls, patience))
    if not seen.handed_over:
        print(f"the scheduler cannot be stepped with step_on={plan.step_on!r}: does it ask for a loss?")
    for milestone in seen.late_milestones:
        print(f"milestone {milestone} lies behind the run")


def _end_of_the_run(epochs: int, stalls: int, patience: int | None) -> str:
    """How a run ends whose validation loss has stalled for so many epochs."""
    if epochs <= FALLS + stalls:
        return f"is over after its {epochs} epochs"
    if patience is None or patience > stalls:
        return f"is not stopped in the {stalls} epochs that follow"
    return f"is stopped {patience} epochs later"


def valley(place: Tensor) -> float:
    """Height of the valley: half the sum of curvature times square."""
    return float((CURVATURE * place * place).sum() / 2)


def show_update(rule: str, settings: dict[str, Any], save: str | None) -> None:
    """Walk down the valley with your rule and with torch's, and draw both heights."""
    step = getattr(optimizers, f"{rule}_step")
    start = torch.tensor([-4.0, 1.0], dtype=torch.float64)
    place, state = start.clone(), {}
    theirs = start.clone().requires_grad_()
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[rule]
    optimizer = kind([theirs], **settings)
    heights: dict[str, list[float]] = {f"your {rule}_step": [], "torch's": []}
    furthest = 0.0
    for _ in track(range(STEPS), "walking"):
        heights[f"your {rule}_step"].append(valley(place))
        heights["torch's"].append(valley(theirs.detach()))
        place = step(place, CURVATURE * place, state, **settings).detach()
        theirs.grad = CURVATURE * theirs.detach()
        optimizer.step()
        furthest = max(furthest, float((place - theirs.detach()).abs().max()))
    show_curves(f"height in the valley, {rule} with {settings}", heights, x="step", y="height", save=save)
    print(f"after {STEPS} steps: height {valley(place):.3g}, at {place.tolist()}")
    print(
        f"furthest from torch's: {furthest:.1e}" + ("" if furthest < 1e-9 else " (1e-12 or so is rounding)")
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m experiment", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    plan = commands.add_parser("plan", help="carry out a plan and look at its learning rate")
    plan.add_argument("name", choices=(*FIRST_REQUEST, "example"))
    plan.add_argument("--samples", type=int)
    plan.add_argument("--batch", type=int)
    update = commands.add_parser("update", help="let an update rule walk down a valley")
    update.add_argument("rule", choices=("sgd", "adam", "adamw"))
    update.add_argument("--lr", type=float)
    update.add_argument("--momentum", type=float, default=0.0, help="sgd only")
    update.add_argument("--nesterov", action="store_true", help="sgd only, with momentum")
    update.add_argument("--decay", type=float, default=0.0, help="weight_decay")
    for command in (plan, update):
        command.add_argument("--save", metavar="FILE", help="draw into this file as well, .png or .svg")
    options = parser.parse_args(arguments)

    torch.set_num_threads(1)
    try:
        if options.command == "plan":
            show_plan(options.name, options.samples, options.batch, options.save)
            return
        settings: dict[str, Any] = {"weight_decay": options.decay}
        settings["lr"] = options.lr or (0.01 if options.rule == "sgd" else 0.1)
        if options.rule == "sgd":
            settings |= {"momentum": options.momentum, "nesterov": options.nesterov}
        show_update(options.rule, settings, options.save)
    except NotImplementedError as stub:
        print(f"needs {stub}, which is not started")


if __name__ == "__main__":
    main()
