"""Drives training.py: steps in mixed precision, interrupted trainings, ranks that share gradients."""

from __future__ import annotations

import math
import random
import tempfile
from pathlib import Path

import numpy as np
import torch
import training
from given import TinyDecoder, TrainState, advance, fresh_state, gradients_on_a_rank, launch
from torch import Tensor, nn
from torch.nn import functional as F

# ---- p4.amp ------------------------------------------------------------------------------------------------


class _Watched(nn.Module):
    """A network that notes in which type its layers compute."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.types: list[str] = []

    def forward(self, x: Tensor) -> Tensor:
        for at, layer in enumerate(self.layers):
            x = layer(F.relu(x) if at else x)
            if not isinstance(layer, nn.Dropout):  # which has no type of its own
                self.types.append(str(x.dtype).removeprefix("torch."))
        return x


class _NotingSGD(torch.optim.SGD):
    """Notes the rates of the steps that it makes."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.rates: list[float] = []

    def step(self, closure: None = None) -> None:
        """As SGD."""
        self.rates.append(self.param_groups[0]["lr"])
        super().step(closure)


def _number(value: float | Tensor) -> float:
    """A float; what is not finite is infinite."""
    number = float(value)
    return number if math.isfinite(number) else math.inf


def _similarities(said: Tensor, targets: Tensor) -> tuple[Tensor, str]:
    """A loss that multiplies matrices, as contrastive ones do, and the type in which it did.

    Unlike the squared error it is another one if answers and targets change places.
    """
    alike = said.float() @ said.float().T
    return F.mse_loss(alike.float(), 0.5 * (targets @ targets.T)), str(alike.dtype).removeprefix("torch.")


def _drive(
    model: _Watched,
    batches: list[tuple[Tensor, Tensor]],
    half: str,
    scale: float | None,
    max_norm: float,
    lr: float,
    momentum: float,
    growth: int,
    stale: float | None,
    matrices: bool = False,
) -> dict[str, list[float] | list[bool] | list[str] | Tensor]:
    """Make a step with each batch; what can be seen of them from outside."""
    optimizer = _NotingSGD(model.parameters(), lr=lr, momentum=momentum)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda done: 0.8**done)
    scaler = None
    if scale is not None:
        scaler = torch.amp.GradScaler("cpu", init_scale=scale, growth_interval=growth)
    if stale is not None:
        for parameter in model.parameters():
            parameter.grad = torch.full_like(parameter, stale)
    seen: dict[str, list[float]] = {"loss": [], "norm": [], "scale": [], "next_lr": [], "weights": []}

    def loss_fn(said: Tensor, targets: Tensor) -> Tensor:
        if not matrices:
            return F.mse_loss(said, targets)
        loss, kind = _similarities(said, targets)
        model.types.append(kind)
        return loss

    for inputs, targets in batches:
        loss, norm = training.train_step(
            model, (inputs, targets), loss_fn, optimizer, scheduler, scaler, max_norm, getattr(torch, half)
        )
        seen["loss"].append(_number(loss))
        seen["norm"].append(_number(norm))
        seen["scale"].append(scaler.get_scale() if scaler is not None else 1.0)
        seen["next_lr"].append(scheduler.get_last_lr()[0])
    weights = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
    modes = [module.training for module in model.modules()]
    types = sorted(set(model.types))
    return seen | {"rates": optimizer.rates, "types": types, "weights": weights, "modes": modes}


def one_weight(
    x: float, half: str, scale: float | None, max_norm: float, calls: int
) -> dict[str, list[float] | list[bool] | list[str] | Tensor]:
    """Steps of the handout's example: a weight of 1, the target 0, lr 0.1.

    :param half: "float16" or "bfloat16".
    :param scale: of the scaler at the beginning; None: no scaler.
    """
    layer = nn.Linear(1, 1, bias=False)
    nn.init.ones_(layer.weight)
    batches = [(torch.tensor([[x]]), torch.zeros(1, 1))] * calls
    return _drive(_Watched(layer), batches, half, scale, max_norm, 0.1, 0.0, 2000, None)


def mixed_steps(
    seed: int,
    steps: int,
    half: str,
    scale: float | None,
    max_norm: float,
    size: float = 1.0,
    overflowing: int | None = None,
    momentum: float = 0.9,
    growth: int = 3,
    stale: float | None = None,
    matrices: bool = False,
    first: str = "linear",
    evaluating: list[str] | None = None,
    unused: bool = False,
) -> dict[str, list[float] | list[bool] | list[str] | Tensor]:
    """Steps of a small network on data that the seed decides.

    :param size: of the targets.
    :param overflowing: number of a batch with an infinite input.
    :param stale: stands in every gradient before the first step.
    :param matrices: with a loss that multiplies matrices, so that autocast changes it.
    :param first: what the network begins with: "linear"; "embedding", of whole numbers; "norm", of inputs
        most of which are above the largest number of float16.
    :param evaluating: what is in evaluation mode: "all", or "dropout", that layer alone; None: there is no
        dropout, and everything is in training mode.
    :param unused: with a parameter on which the loss does not depend.
    """
    generator = torch.Generator().manual_seed(seed)
    layers: list[nn.Module] = [nn.Linear(6, 9), nn.Linear(9, 2)]
    if first != "linear":
        layers.insert(0, nn.Embedding(6, 6) if first == "embedding" else nn.LayerNorm(6))
    if evaluating:
        layers.insert(-1, nn.Dropout(0.5))
    torch.manual_seed(seed)  # for a dropout that acts where it should not
    network = _Watched(*layers)
    if unused:
        network.unused = nn.Parameter(torch.empty(3))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator))
    for module in {"all": network.modules(), "dropout": layers[-2:-1]}.get(evaluating or "", ()):
        module.training = False
    batches = []
    for at in range(steps):
        inputs = torch.randn(8, 6, generator=generator)
        if at == overflowing:
            inputs[3, 1] = math.inf
        if first == "embedding":
            inputs = inputs.argmax(dim=1)
        elif first == "norm":
            inputs *= 1e6
        batches.append((inputs, size * torch.randn(8, 2, generator=generator)))
    return _drive(network, batches, half, scale, max_norm, 0.05, momentum, growth, stale, matrices)


# ---- p4.checkpoint -----------------------------------------------------------------------------------------


def _data(data_seed: int, rows: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(data_seed)
    inputs = torch.randn(rows, 5, generator=generator)
    return inputs, torch.randint(3, (rows,), generator=generator)


def _evidence(state: TrainState) -> dict[str, dict[str, object]]:
    """All of a training, in three parts that are judged apart."""
    moments = state.optimizer.state_dict()["state"]
    _, keys, *position = np.random.get_state()
    version, numbers, gauss = random.getstate()
    return {
        "learned": {
            "model": torch.cat([value.flatten().double() for value in state.model.state_dict().values()]),
            "moments": torch.cat(
                [torch.as_tensor(v).flatten().double() for k in sorted(moments) for v in moments[k].values()]
                or [torch.zeros(0).double()]
            ),
            "rates": [group["lr"] for group in state.optimizer.param_groups],
            "schedule": [state.scheduler.last_epoch, *state.scheduler.get_last_lr()],
            "scale": None if state.scaler is None else state.scaler.get_scale(),
            "growth": None if state.scaler is None else int(state.scaler.state_dict()["_growth_tracker"]),
        },
        "place": {
            "order": torch.as_tensor(state.order).long(),
            "position": int(state.position),
            "step": int(state.step),
            "epoch": int(state.epoch),
            "best": None if state.best is None else float(state.best),
        },
        "random": {
            "torch": torch.get_rng_state(),
            "numpy": torch.from_numpy(keys.astype(np.int64)),
            "numpy_position": [float(number) for number in position],
            "python": torch.tensor([version, *numbers]),
            "python_gauss": gauss,
        },
    }


def _begun(seed: int, rows: int, scaled: bool, lessons: list[tuple[Tensor, Tensor]] | None) -> TrainState:
    """A training before its first step, or after a step on each lesson, of inputs (rows, 5) and targets."""
    state = fresh_state(seed, rows, scaled)
    for inputs, targets in lessons or []:
        advance(state, inputs, targets, 1, batch=rows)
    return state


def straight(
    seed: int,
    data_seed: int,
    steps: list[int],
    rows: int = 24,
    scaled: bool = True,
    saved: bool = False,
    lessons: list[tuple[Tensor, Tensor]] | None = None,
) -> tuple[list[float], dict]:
    """Train without a break.

    :param steps: how many, in parts that follow one another.
    :param saved: save after each part, and load nothing.
    :param lessons: what it has learned before.
    :return: the losses of all these steps, and the state at the end.
    """
    state = _begun(seed, rows, scaled, lessons)
    losses: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for part in steps:
            losses += advance(state, *_data(data_seed, rows), part)
            if saved:
                training.save(state, Path(folder) / "training.pt")
    return losses, _evidence(state)


def interrupted(
    seed: int,
    data_seed: int,
    steps: int,
    rows: int = 24,
    scaled: bool = True,
    lessons: list[tuple[Tensor, Tensor]] | None = None,
) -> tuple[Tensor, dict]:
    """Train and save.

    :param lessons: what it has learned before.
    :return: the file, (bytes,) uint8, and the state that was saved.
    """
    state = _begun(seed, rows, scaled, lessons)
    advance(state, *_data(data_seed, rows), steps)
    evidence = _evidence(state)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "training.pt"
        training.save(state, path)
        return torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.uint8), evidence


def resumed(
    file: Tensor,
    other_seed: int,
    data_seed: int,
    steps: int,
    rows: int = 24,
    scaled: bool = True,
    before: int = 0,
    loads: int = 1,
) -> tuple[list[float], dict, dict, bool]:
    """Load and train on.

    :param other_seed: of the state that is loaded into.
    :param before: steps that this state has made already.
    :param loads: how often it is loaded, with two steps after each but the last.
    :return: the losses of the steps after the last load, the state right after it, the state at the end, and
        whether model, optimizer, scheduler and scaler are still the same objects.
    """
    state = fresh_state(other_seed, rows, scaled)
    advance(state, *_data(data_seed, rows), before)
    objects = (state.model, state.optimizer, state.scheduler, state.scaler)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "carried.pt"
        path.write_bytes(file.numpy().tobytes())
        for load in range(loads):
            training.load(state, path)
            if load + 1 < loads:
                advance(state, *_data(data_seed, rows), 2)
    loaded = _evidence(state)
    now = (state.model, state.optimizer, state.scheduler, state.scaler)
    kept = all(before is after for before, after in zip(objects, now, strict=True))
    return advance(state, *_data(data_seed, rows), steps), loaded, _evidence(state), kept


# ---- p4.distributed ----------------------------------------------------------------------------------------


def rank_gradients(
    seed: int,
    words: int,
    ranks: list[list[tuple[Tensor, Tensor]]],
    pad: int,
    frozen: list[str] | None = None,
    stale: float = math.nan,
    flat: bool = False,
) -> list[tuple[float, dict[str, Tensor]]]:
    """What accumulate returns and leaves behind on each rank; more than one rank is a real process each.

    :param seed: decides the weights.
    :param ranks: micro-batches of each rank.
    :param stale: stands in .grad before the call; nan: nothing.
    :param flat: the head is zero, so that every word is as likely.
    """
    generator = torch.Generator().manual_seed(seed)
    model = TinyDecoder(words)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.7 * torch.randn(parameter.shape, generator=generator))
        if flat:
            model.head.weight.zero_()
            model.head.bias.zero_()
    weights, zeros = model.state_dict(), {name: torch.zeros_like(p) for name, p in model.named_parameters()}
    arguments = [(weights, frozen or [], stale, [tuple(pair) for pair in batches], pad) for batches in ranks]
    if len(ranks) == 1:
        answers = [gradients_on_a_rank(*arguments[0])]
    else:
        answers = launch(gradients_on_a_rank, arguments, seconds=12.0)
    return [(loss, _trained(gradients, zeros, frozen or [])) for loss, gradients in answers]


def _trained(
    gradients: dict[str, Tensor | None], zeros: dict[str, Tensor], frozen: list[str]
) -> dict[str, Tensor]:
    """Gradients by name, None as zeros; what is frozen occurs only where it was given a gradient."""
    return {
        name if name not in frozen else f"{name}, which is frozen": zeros[name] if value is None else value
        for name, value in gradients.items()
        if name not in frozen or value is not None
    }
