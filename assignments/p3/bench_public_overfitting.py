"""Probes of EarlyStopping, prepare and train_mode: data in, what they did out."""

from __future__ import annotations

import overfitting
import torch
from given import TinyResNet
from torch import Tensor, nn
from torch.nn import functional as F

# ---- p3.early_stopping -------------------------------------------------------------------------------------


def _write(model: nn.Module, values: Tensor) -> None:
    """Fill the model's parameters and buffers from a row of numbers, in the tensors that it has."""
    taken = 0
    with torch.no_grad():
        for tensor in (*model.parameters(), *model.buffers()):
            tensor.copy_(values[taken : taken + tensor.numel()].reshape(tensor.shape))
            taken += tensor.numel()


def watch(
    patience: int, min_delta: float, losses: list[float], epochs: list[int], weights: Tensor
) -> dict[str, list[bool] | list[float] | list[int | None] | Tensor]:
    """Drive an EarlyStopping through a training whose weights are given.

    :param weights: (len(losses) + 1, 15): before each loss the model, a Linear and a BatchNorm, gets a row in
        its own tensors, and the last row before it is restored.
    :return: "stop", "best_loss" and "best_epoch": after each step; "before", "restored" and "again": the
        numbers (15,) before the restore, after it, and after a second restore of a model that was changed in
        between.
    """
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    stopping = overfitting.EarlyStopping(patience, min_delta)
    stop, best_loss, best_epoch = [], [], []
    for loss, epoch, row in zip(losses, epochs, weights, strict=False):
        _write(model, row)
        stop.append(bool(stopping.step(loss, epoch, model)))
        best_loss.append(float(stopping.best_loss))
        best_epoch.append(None if stopping.best_epoch is None else int(stopping.best_epoch))

    def numbers() -> Tensor:
        return torch.cat(
            [tensor.detach().flatten().double() for tensor in (*model.parameters(), *model.buffers())]
        )

    _write(model, weights[-1])
    before = numbers()
    stopping.restore(model)
    restored = numbers()
    _write(model, -restored)
    stopping.restore(model)
    return {
        "stop": stop,
        "best_loss": best_loss,
        "best_epoch": best_epoch,
        "before": before,
        "restored": restored,
        "again": numbers(),
    }


def build_stopping(patience: int, min_delta: float) -> bool:
    """Make an EarlyStopping, and nothing else."""
    overfitting.EarlyStopping(patience, min_delta)
    return True


# ---- p3.freeze ---------------------------------------------------------------------------------------------


def _stage(name: str) -> str:
    """The stage that a parameter or buffer belongs to: "layer4" of "layer4.bn1.weight"."""
    return name.partition(".")[0]


def _snapshot(named: object) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in named}  # type: ignore[attr-defined]


def fine_tune(
    seed: int,
    width: int,
    classes: int,
    new_classes: int,
    rates: list[float],
    unfreeze: list[str] | None,
    frozen_before: list[str],
    images: Tensor,
    labels: Tensor,
    epochs: int,
    validated: bool = True,
) -> dict[str, list[int] | list[str] | bool | int | dict[str, list[float]] | dict[str, int]]:
    """Prepare a TinyResNet with drawn weights and statistics, and train it for some epochs of one batch each.

    :param rates: of the stages, then of the head.
    :param unfreeze: None leaves it to prepare's default.
    :param frozen_before: stages that require no gradient when prepare gets the model.
    :param validated: whether a validation before each epoch has left the model in eval mode.
    :return: "head": shape of fc's weight; "new_head": it is not the old one; "learns": by stage, numbers that
        require a gradient; "rates": by stage, the rates of its parameters in the optimizer, one for each time
        that a parameter appears; "strangers": numbers in the optimizer that are not the model's; "moved" and
        "averaged": stages in which a parameter, or running statistics, changed; "training": stages with a
        BatchNorm in train mode.
    """
    torch.manual_seed(seed)
    model = TinyResNet(classes, width)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    for stage in frozen_before:
        getattr(model, stage).requires_grad_(False)
    old_head = model.fc.weight
    chosen = {} if unfreeze is None else {"unfreeze": tuple(unfreeze)}
    optimizer = overfitting.prepare(model, new_classes, *rates, **chosen)
    owners = {id(parameter): _stage(name) for name, parameter in model.named_parameters()}
    learns: dict[str, int] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            learns[_stage(name)] = learns.get(_stage(name), 0) + parameter.numel()
    rates_by_stage: dict[str, list[float]] = {}
    strangers = 0
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            stage = owners.get(id(parameter))
            strangers += stage is None
            rates_by_stage.setdefault(stage or "none", []).append(float(group["lr"]))
    same = old_head.shape == model.fc.weight.shape and bool((old_head == model.fc.weight).any())
    parameters, buffers = _snapshot(model.named_parameters()), _snapshot(model.named_buffers())
    training: list[str] = []
    for _ in range(epochs):
        if validated:
            model.eval()
        overfitting.train_mode(model)
        training = [
            name
            for name, module in model.named_modules()
            if isinstance(module, nn.BatchNorm2d) and module.training
        ]
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    moved = {_stage(name) for name, now in model.named_parameters() if not torch.equal(now, parameters[name])}
    averaged = {_stage(name) for name, now in model.named_buffers() if not torch.equal(now, buffers[name])}
    return {
        "head": list(model.fc.weight.shape),
        "new_head": not same,
        "learns": learns,
        "rates": rates_by_stage,
        "strangers": strangers,
        "moved": sorted(moved),
        "averaged": sorted(averaged),
        "training": sorted(training),
    }
