"""Runs beside the code under test in p1: makes objects that cannot leave the worker, returns plain data."""

import sys

import torch
from given import Choice, Scenario

from grader.worker.recorder import Recorder

# Each function imports the one submitted file that it needs: what is wrong with the other costs nothing here.


def chosen(kind: str, samples: int, batch_size: int, epochs: int) -> Choice:
    """What `choose` answers to a scenario."""
    import optimizer_choice

    scenario = Scenario(kind=kind, samples=samples, batch_size=batch_size, epochs=epochs)
    return optimizer_choice.choose(scenario)


def drive(
    choice: dict[str, object],
    epochs: int,
    steps_per_epoch: int,
    weights: list[torch.Tensor],
    gradients: list[list[torch.Tensor]],
) -> dict[str, torch.Tensor]:
    """Trains a model with `build`'s optimizer and scheduler on gradients that the judge made.

    Args:
        choice: the fields of a `Choice`.
        weights: two float64 matrices (d1, d_in) and (d_out, d1), each with its bias behind it or both
            without.
        gradients: for every batch of the run the gradient of each of these weights.

    Returns:
        "rates" (steps, weights): the learning rate of each weight at each optimizer step, 0 where the
        optimizer does not hold it; "movement" (steps, numbers): how far all weights are from where they
        started, after each step.
    """
    import optimizer_choice

    matrices = [weight for weight in weights if weight.ndim == 2]
    biased = len(matrices) < len(weights)
    layers = [torch.nn.Linear(matrix.shape[1], matrix.shape[0], bias=biased).double() for matrix in matrices]
    model = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1])
    parameters = [parameter for layer in layers for parameter in layer.parameters()]
    with torch.no_grad():
        for parameter, weight in zip(parameters, weights, strict=True):
            parameter.copy_(weight)
    optimizer, scheduler, unit = optimizer_choice.build(Choice(**choice), model, epochs, steps_per_epoch)
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(f"build returned a {type(optimizer).__name__} where a torch optimizer is asked")
    if unit not in ("batch", "epoch"):
        raise ValueError('the unit that build returns is "batch" or "epoch"')
    rates, movement = [], []
    for step in range(epochs * steps_per_epoch):
        rates.append([_rate(optimizer, parameter) for parameter in parameters])
        for parameter, gradient in zip(parameters, gradients[step], strict=True):
            parameter.grad = gradient.clone()
        optimizer.step()
        if scheduler is not None and (unit == "batch" or (step + 1) % steps_per_epoch == 0):
            scheduler.step()
        moved = [(now.detach() - start).flatten() for now, start in zip(parameters, weights, strict=True)]
        movement.append(torch.cat(moved))
    return {"rates": torch.tensor(rates, dtype=torch.float64), "movement": torch.stack(movement)}


def work(
    batches: list[dict[str, torch.Tensor]], w1: torch.Tensor, w2: torch.Tensor, w3: torch.Tensor, slope: float
) -> dict[str, list[int] | list[torch.Tensor]]:
    """Counts what `backward_batch` does for batches of different sizes.

    Two counts, because neither sees everything: a loop written in Python executes bytecodes for each sample
    whatever library it calls, and a loop inside `map` executes none but performs tensor operations.

    Args:
        batches: dicts with "x" and "target".

    Returns:
        "bytecodes" and "operations", a number for each batch; and "dw1", the gradient for each batch.
    """
    import gradient_flow

    found: dict[str, list] = {"bytecodes": [], "operations": [], "dw1": []}
    for batch in batches:
        arguments = (batch["x"], w1, w2, w3, batch["target"], slope)
        # The first call of anything may import or compile something: it is not counted.
        found["dw1"].append(gradient_flow.backward_batch(*arguments)["dw1"])
        with Recorder() as seen:
            gradient_flow.backward_batch(*arguments)
        found["operations"].append(len(seen.names))
        with _Bytecodes() as executed:
            gradient_flow.backward_batch(*arguments)
        found["bytecodes"].append(executed.count)
    return found


def _rate(optimizer: torch.optim.Optimizer, parameter: torch.nn.Parameter) -> float:
    for group in optimizer.param_groups:
        if any(held is parameter for held in group["params"]):
            return float(group["lr"])
    return 0.0


class _Bytecodes:
    """A context that counts the bytecodes that Python executes in it, in every function that is entered."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> "_Bytecodes":
        self._before = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(self, *exception: object) -> None:
        sys.settrace(self._before)

    def _trace(self, frame, event, argument):
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        self.count += event == "opcode"
        return self._trace
