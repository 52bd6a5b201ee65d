"""The GPU questions' runs of gpu.py: pictures drawn on the device, a ResNet-D of ours, memory as it is
counted.
"""

from __future__ import annotations

import weakref

import gpu
import torch
from gpu_pictures import draw_kinds
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

_gpu_state: dict[str, nn.Module] = {}


def _gpu_conv(c_in: int, c_out: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    conv = nn.Conv2d(c_in, c_out, kernel, stride, padding=kernel // 2, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    return [conv, nn.BatchNorm2d(c_out)]


class _GpuBottleneck(nn.Module):
    """1 x 1, 3 x 3, 1 x 1 beside a shortcut that averages before it projects; it begins as its shortcut."""

    def __init__(self, c_in: int, mid: int, stride: int) -> None:
        super().__init__()
        layers = [*_gpu_conv(c_in, mid, 1), nn.ReLU(inplace=True), *_gpu_conv(mid, mid, 3, stride)]
        self.branch = nn.Sequential(*layers, nn.ReLU(inplace=True), *_gpu_conv(mid, 4 * mid, 1))
        nn.init.zeros_(self.branch[-1].weight)
        pool = [nn.AvgPool2d(2)] if stride == 2 else []
        project = stride == 2 or c_in != 4 * mid
        self.shortcut = nn.Sequential(*pool, *(_gpu_conv(c_in, 4 * mid, 1) if project else []))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.shortcut(x) + self.branch(x), inplace=True)


class _GpuResNet(nn.Module):
    """A ResNet-D of bottlenecks: (3, 4, 6, 3) at width 64 is a ResNet-50-D. Counts the samples in train
    mode.
    """

    def __init__(self, blocks: list[int], width: int, classes: int) -> None:
        super().__init__()
        half = width // 2
        stem = [*_gpu_conv(3, half, 3, 2), nn.ReLU(inplace=True), *_gpu_conv(half, half, 3)]
        stem += [nn.ReLU(inplace=True), *_gpu_conv(half, width, 3), nn.ReLU(inplace=True)]
        self.stem = nn.Sequential(*stem, nn.MaxPool2d(3, stride=2, padding=1))
        stages, channels = [], width
        for stage, number in enumerate(blocks):
            for index in range(number):
                mid = width * 2**stage
                stages.append(_GpuBottleneck(channels, mid, 2 if stage and not index else 1))
                channels = 4 * mid
        self.stages = nn.Sequential(*stages)
        self.head = nn.Linear(channels, classes)
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, classes)."""
        if self.training:
            self.seen += len(x)
        return self.head(self.stages(self.stem(x)).mean(dim=(2, 3)))


def _gpu_orders(count: int, epochs: int, seed: int, device: str) -> Tensor:
    """A permutation of the samples for each epoch, (epochs, count)."""
    generator = torch.Generator(device=device).manual_seed(seed)
    rows = [torch.randperm(count, generator=generator, device=device) for _ in range(epochs)]
    return torch.stack(rows)


# ---- p4.gpu_resnet -----------------------------------------------------------------------------------------


def gpu_resnet_warm_up(
    images: int,
    tests: int,
    epochs: int,
    batch: int,
    side: int,
    classes: int,
    blocks: str,
    width: int,
    rate: float,
    device: str,
) -> None:
    """A few steps on noise with random classes: the same shapes, so that everything is loaded and chosen."""
    count = min(images, 4 * batch)
    draw_kinds(min(images, 1024), 0, device, side, classes)
    noise = torch.randint(256, (count, 3, side, side), dtype=torch.uint8, device=device)
    labels = torch.randint(classes, (count,), device=device)
    model = _GpuResNet([int(number) for number in blocks.split()], width, classes).to(device)
    orders = _gpu_orders(count, 2, 0, device)
    gpu.train_classifier(model, noise, labels, orders, batch, [1e-3] * (2 * (count // batch)))
    shown = torch.randint(256, (tests, 3, side, side), dtype=torch.uint8, device=device)
    gpu.classify(model, shown).cpu()


def gpu_resnet_fit(
    seed: int,
    names: Tensor,
    rates: list[float],
    images: int,
    epochs: int,
    batch: int,
    side: int,
    blocks: list[int],
    width: int,
    device: str,
) -> dict[str, Tensor | int]:
    """Draw pictures, rename their classes, train on them.

    :return: "losses", as the submission returned them, and "seen", the samples that the network counted.
    """
    drawn, labels = draw_kinds(images, seed, device, side, len(names))
    torch.manual_seed(seed)
    model = _GpuResNet(list(blocks), width, len(names)).to(device)
    orders = _gpu_orders(images, epochs, seed + 1, device)
    losses = gpu.train_classifier(model, drawn, names.to(device)[labels], orders, batch, list(rates))
    _gpu_state["model"] = model
    return {"losses": losses.detach().double().cpu(), "seen": int(model.seen)}


def gpu_resnet_classes(tests: Tensor, device: str) -> Tensor:
    """The classes that the submission gives to these pictures."""
    return gpu.classify(_gpu_state["model"], tests.to(device)).cpu()


def gpu_resnet_steps(
    seed: int,
    width: int,
    classes: int,
    pictures: Tensor,
    labels: Tensor,
    orders: Tensor,
    batch: int,
    rates: list[float],
    tests: Tensor,
    device: str,
) -> dict[str, list[Tensor]]:
    """Train a small network in float64, handed over in eval mode.

    :return: "moved", how far each parameter and running statistic went; "losses"; "classes" of the tests;
        "seen"; "given", what is left of pictures, labels and orders.
    """
    torch.manual_seed(seed)
    model = _GpuResNet([1, 1], width, classes).double()
    for block in model.stages:  # not zero: every parameter is to move from the first step on
        nn.init.constant_(block.branch[-1].weight, 0.5)
    model = model.to(device).eval()
    start = {name: value.clone() for name, value in model.state_dict().items()}
    given = [tensor.to(device) for tensor in (pictures, labels, orders)]
    losses = gpu.train_classifier(model, *given, batch, list(rates))
    now = model.state_dict()
    moved = [
        (now[name] - start[name]).contiguous().cpu() for name in start if start[name].is_floating_point()
    ]
    chosen = gpu.classify(model, tests.to(device))
    return {
        "moved": moved,
        "losses": [losses.detach().double().cpu()],
        "classes": [chosen.cpu()],
        "seen": [now["seen"].cpu()],
        "given": [tensor.cpu() for tensor in given],
    }


# ---- p4.gpu_memory -----------------------------------------------------------------------------------------


def gpu_memory_predicted(
    blocks: list[int],
    width: int,
    classes: int,
    shape: tuple[int, int, int],
    batch: int,
    optimizer: str,
    autocast: bool,
) -> dict[str, int]:
    """What the submission predicts; no device is touched."""

    def build() -> nn.Module:
        return _GpuResNet(list(blocks), width, classes)

    return dict(gpu.predict_peak(build, tuple(shape), batch, optimizer, autocast))


def gpu_memory_largest(
    blocks: list[int],
    width: int,
    classes: int,
    shape: tuple[int, int, int],
    optimizer: str,
    autocast: bool,
    capacity: int,
) -> int:
    """The largest batch that the submission predicts to fit."""

    def build() -> nn.Module:
        return _GpuResNet(list(blocks), width, classes)

    return int(gpu.largest_batch(build, tuple(shape), optimizer, autocast, capacity))


def gpu_memory_counted(
    blocks: list[int],
    width: int,
    classes: int,
    shape: tuple[int, int, int],
    batch: int,
    optimizer: str,
    autocast: bool,
    device: str,
) -> int:
    """Bytes at the peak of the third step: the device's own count, or on a CPU ours of all storages alive."""
    device_ = torch.device(device)
    count = _GpuDeviceCount(device_) if device_.type == "cuda" else _GpuLiveStorages()
    with count:
        model = _GpuResNet(list(blocks), width, classes).to(device_)
        kinds = {
            "sgd": lambda: torch.optim.SGD(model.parameters(), lr=1e-3),
            "sgd_momentum": lambda: torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9),
            "adamw": lambda: torch.optim.AdamW(model.parameters(), lr=1e-3),
        }
        steps = kinds[optimizer]()
        x = torch.rand(batch, *shape, device=device_)
        labels = torch.zeros(batch, dtype=torch.int64, device=device_)
        for number in range(3):
            if number == 2:
                count.begin()
            with torch.autocast(device_.type, dtype=torch.bfloat16, enabled=autocast):
                loss = F.cross_entropy(model(x), labels)
            steps.zero_grad(set_to_none=False)
            loss.backward()
            steps.step()
            del loss
        return count.peak()


class _GpuDeviceCount:
    """Bytes that the device's allocator has given out at most, beyond what it had given out before."""

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def __enter__(self) -> None:
        # The workspace of cuBLAS belongs to no model: it is there before counting begins.
        torch.ones(64, 64, device=self.device) @ torch.ones(64, 64, device=self.device)
        torch.cuda.synchronize(self.device)
        self.before = torch.cuda.memory_allocated(self.device)

    def __exit__(self, *error: object) -> None:
        pass

    def begin(self) -> None:
        torch.cuda.reset_peak_memory_stats(self.device)

    def peak(self) -> int:
        torch.cuda.synchronize(self.device)
        return torch.cuda.max_memory_allocated(self.device) - self.before


class _GpuLiveStorages(TorchDispatchMode):
    """The same count for a CPU: storages that operations have made and that are alive, rounded up to
    512 bytes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.alive: dict[int, int] = {}
        self.now = self.most = 0

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        made = function(*arguments, **(options or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                self.note(tensor.untyped_storage())
        return made

    def note(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key not in self.alive and storage.nbytes():
            self.alive[key] = size = -(-storage.nbytes() // 512) * 512
            self.now += size
            self.most = max(self.most, self.now)
            weakref.finalize(storage, self.gone, key)

    def gone(self, key: int) -> None:
        self.now -= self.alive.pop(key, 0)

    def begin(self) -> None:
        self.most = self.now

    def peak(self) -> int:
        return self.most
