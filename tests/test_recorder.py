"""The recorder of operations sees what a model does, and says nothing about how it is written."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from grader.worker.recorder import Call, Recorder, linear_uses, shapes


class AsFunctions(nn.Module):
    """A linear layer, batch normalisation and ReLU, spelt with functions."""

    def __init__(self, layer: nn.Linear, norm: nn.BatchNorm1d) -> None:
        super().__init__()
        self.layer, self.norm = layer, norm

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.norm(F.linear(x, self.layer.weight, self.layer.bias)))


def test_modules_and_functions_look_alike() -> None:
    layer, norm, x = nn.Linear(3, 4), nn.BatchNorm1d(4), torch.randn(5, 3)
    with Recorder() as modules:
        nn.Sequential(layer, norm, nn.ReLU())(x)
    with Recorder() as functions:
        AsFunctions(layer, norm)(x)
    assert modules.names == functions.names
    layers = ["aten.addmm", "aten.native_batch_norm", "aten.relu"]
    assert [name for name in modules.names if name in layers] == layers


def test_overloads_share_a_name_and_in_place_forms_do_not() -> None:
    x = torch.ones(2)
    with Recorder() as seen:
        _ = x + 1
        _ = x + x
        x.add_(x)
    assert seen.names == ["aten.add", "aten.add", "aten.add_"]


def test_shapes_of_arguments_and_results() -> None:
    with Recorder() as seen:
        torch.cat([torch.ones(2, 3), torch.ones(1, 3)])
    assert seen.calls[-1] == Call("aten.cat", ((2, 3), (1, 3)), ((3, 3),), backward=False)


def test_shapes_are_those_before_an_operation_in_place() -> None:
    x = torch.zeros(2)
    with Recorder() as seen:
        x.resize_(3)
    assert seen.calls[-1].inputs == ((2,),)
    assert seen.calls[-1].outputs == ((3,),)


def test_tensors_given_by_keyword_count_as_arguments() -> None:
    with Recorder() as seen:
        torch.add(torch.ones(2), torch.ones(2), out=torch.empty(2))
    assert seen.calls[-1].inputs == ((2,), (2,), (2,))


def test_forward_and_backward_are_told_apart() -> None:
    x = torch.randn(4, requires_grad=True)
    with Recorder() as seen:
        x.sin().sum().backward()
        x.detach().cos()
    assert seen.count("aten.sin") == seen.count("aten.sin", backward=False) == 1
    assert seen.count("aten.cos", backward=True) == seen.count("aten.cos", backward=False) == 1
    assert seen.count("aten.sin", "aten.cos") == 3


def test_a_backward_pass_inside_another_context_is_not_recorded() -> None:
    x = torch.randn(4, requires_grad=True)
    with Recorder() as seen:
        y = x.sin().sum()
    y.backward()
    assert seen.count("aten.cos") == 0


def test_recording_changes_no_result_and_no_gradient() -> None:
    layer, x = nn.Linear(3, 2), torch.randn(4, 3)
    layer(x).square().sum().backward()
    plain = layer.weight.grad
    layer.zero_grad()
    with Recorder():
        layer(x).square().sum().backward()
    assert plain is not None
    assert layer.weight.grad is not None
    assert torch.equal(plain, layer.weight.grad)


def test_a_watcher_sees_tensors_before_they_are_overwritten() -> None:
    kept: list[Tensor] = []

    def watch(name: str, arguments: tuple[Tensor, ...], result: Tensor) -> None:
        if name == "aten.mul":
            kept.append(result.clone())

    with Recorder(watch) as seen:
        y = torch.ones(2) * 3
        y.zero_()
    assert kept[0].tolist() == [3.0, 3.0]
    assert seen.names == ["aten.ones", "aten.mul", "aten.zero_"]  # the watcher's clone is not among them


def test_the_subject_s_exception_passes_through_and_the_record_stays() -> None:
    seen = Recorder()
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"), seen:
        torch.ones(2, 3) @ torch.ones(2, 3)
    assert "aten.ones" in seen.names


def test_shapes_of_nested_values() -> None:
    assert list(shapes([torch.ones(1), (torch.ones(2, 2), 3), "text"])) == [(1,), (2, 2)]


class Spelt(nn.Module):
    """Two linear layers in one of several spellings, the second one registered first."""

    def __init__(self, spelling: str) -> None:
        super().__init__()
        self.spelling = spelling
        self.second = nn.Parameter(torch.arange(8.0).reshape(2, 4))
        self.first = nn.Parameter(torch.arange(12.0).reshape(4, 3))
        self.bias = nn.Parameter(torch.ones(4))

    def forward(self, x: Tensor) -> Tensor:
        if self.spelling == "linear":
            return F.linear(F.linear(x, self.first, self.bias), self.second)
        if self.spelling == "matmul":
            return (x @ self.first.T + self.bias) @ self.second.T
        return (self.second @ (self.first @ x.T + self.bias[:, None])).T


@pytest.mark.parametrize("spelling", ["linear", "matmul", "left"])
def test_linear_layers_come_in_the_order_of_their_use(spelling: str) -> None:
    model, x = Spelt(spelling), torch.randn(5, 3)
    first, second = linear_uses(model, x)
    assert first.parameter is model.first
    assert second.parameter is model.second
    assert torch.equal(first.matrix, model.first.T)
    assert torch.equal(first.input, x)
    assert torch.allclose(second.input, x @ model.first.T + 1)
    assert torch.allclose(second.output, model(x))


def test_writing_to_a_matrix_or_a_bias_changes_the_model() -> None:
    model, x = nn.Linear(3, 2), torch.ones(1, 3)
    (use,) = linear_uses(model, x)
    assert use.bias is not None
    use.matrix.fill_(2.0)
    use.bias.zero_()
    assert model(x).tolist() == [[6.0, 6.0]]


def test_products_without_a_parameter_are_no_linear_layer() -> None:
    class Attention(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x @ x.T @ x

    assert linear_uses(Attention(), torch.randn(3, 3)) == []
