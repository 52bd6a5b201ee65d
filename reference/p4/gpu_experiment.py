"""Given with p4, not handed in: what each way to train is worth on your card, and memory as the card counts
it.

python -m gpu_experiment resnet               your ResNetD((3, 4, 6, 3)), pictures of 128 x 128 in batches of
256 python -m gpu_experiment captioner            gpu_model.CaptionTransformer, scenes in batches of 512
python -m gpu_experiment memory               your predict_peak beside the device's own count

Every line trains in one way more than the line above it; "yours" is the training of your gpu.py or
gpu_captioner.py. With --device cpu --tiny the first two run on any machine; their times mean nothing then.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from gpu_model import CaptionTransformer
from gpu_pictures import draw_kinds, draw_trios
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass
class Way:
    """How a step is made."""

    tf32: bool = False
    bf16: bool = False
    channels_last: bool = False
    fused: bool = False


WAYS = {
    "float32": Way(),
    "TF32": Way(tf32=True),
    "bfloat16": Way(tf32=True, bf16=True),
    "channels_last": Way(tf32=True, bf16=True, channels_last=True),
    "fused=True": Way(tf32=True, bf16=True, channels_last=True, fused=True),
}


def trained(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    losses: Callable[[Tensor], Tensor],
    rows: Tensor,
    way: Way,
) -> None:
    """Steps on these rows (steps, batch), in this way."""
    precision = "tf32" if way.tf32 else "ieee"
    torch.backends.cuda.matmul.fp32_precision = torch.backends.cudnn.conv.fp32_precision = precision
    for chosen in rows:
        with torch.autocast(rows.device.type, dtype=torch.bfloat16, enabled=way.bf16):
            loss = losses(chosen)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def report(name: str, run: Callable[[], None], samples: int, device: torch.device) -> None:
    """Samples a second of a run, and the memory at its peak."""

    def finished() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter()

    try:
        run()  # warm-up
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        start = finished()
        run()
        took = finished() - start
    except NotImplementedError as stub:
        print(f"{name:24}needs {stub}")
        return
    peak = torch.cuda.max_memory_allocated(device) / 1e9 if device.type == "cuda" else float("nan")
    print(f"{name:24}{samples / took:12,.0f}   {peak:7.2f}")


def resnet(device: torch.device, tiny: bool) -> None:
    """The classifier."""
    import gpu
    from network import ResNetD

    images, batch, side = (64, 16, 32) if tiny else (5120, 256, 128)
    pictures, labels = draw_kinds(images, 0, device, side)
    rows = torch.randperm(images, device=device).view(-1, batch)

    def model() -> nn.Module:
        return ResNetD((1, 1) if tiny else (3, 4, 6, 3), 8 if tiny else 64, 100).to(device).train()

    def of(way: Way) -> Callable[[], None]:
        def run() -> None:
            layout = torch.channels_last if way.channels_last else torch.contiguous_format
            network = model().to(memory_format=layout)
            optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, fused=way.fused)

            def losses(chosen: Tensor) -> Tensor:
                x = ((pictures[chosen].float() / 255 - 0.4) / 0.3).contiguous(memory_format=layout)
                return F.cross_entropy(network(x), labels[chosen])

            trained(network, optimizer, losses, rows, way)

        return run

    print(f"{'':24}images a second   GB at the peak")
    for name, way in WAYS.items():
        report(name, of(way), images, device)
    rates = [0.1] * len(rows)

    def yours() -> None:
        gpu.train_classifier(model(), pictures, labels, rows.view(1, -1), batch, rates)

    report("yours", yours, images, device)


def captioner(device: torch.device, tiny: bool) -> None:
    """The captioner."""
    import gpu_captioner

    images, batch = (64, 16) if tiny else (10_240, 512)
    scenes, captions = draw_trios(images, 0, device)
    rows = torch.randperm(images, device=device).view(-1, batch)
    size = {"patch": 16, "width": 32, "depth": 2, "heads": 2} if tiny else {}

    def of(way: Way) -> Callable[[], None]:
        def run() -> None:
            model = CaptionTransformer(**size).to(device).train()
            optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=way.fused)

            def losses(chosen: Tensor) -> Tensor:
                logits = model((scenes[chosen].float() / 255 - 0.4) / 0.3, captions[chosen, :-1])
                return F.cross_entropy(logits.flatten(0, 1), captions[chosen, 1:].flatten())

            trained(model, optimizer, losses, rows, way)

        return run

    print(f"{'':24}images a second   GB at the peak")
    for name, way in WAYS.items():
        if not way.channels_last or way.fused:  # one convolution, of patches: its layout decides nothing
            report(name, of(way), images, device)

    def yours() -> None:
        model = CaptionTransformer(**size).to(device)
        gpu_captioner.train_captioner(model, scenes, captions, rows.view(1, -1), batch, [1e-3] * len(rows))

    report("yours", yours, images, device)


def memory(device: torch.device) -> None:
    """Predictions beside the device's own count."""
    import gpu
    from network import ResNetD

    if device.type != "cuda":
        raise SystemExit("what a device counts is seen on a device only")
    print(f"{'':40}predicted   counted   GB")
    for autocast in (False, True):
        for batch in (64, 128):
            torch.cuda.empty_cache()
            torch.ones(64, 64, device=device) @ torch.ones(64, 64, device=device)  # the workspace of cuBLAS
            before = torch.cuda.memory_allocated(device)
            model = ResNetD().to(device)
            optimizer = torch.optim.AdamW(model.parameters())
            x, labels = (
                torch.rand(batch, 3, 224, 224, device=device),
                torch.zeros(batch, device=device).long(),
            )
            for _ in range(3):
                torch.cuda.reset_peak_memory_stats(device)
                with torch.autocast("cuda", dtype=torch.bfloat16, enabled=autocast):
                    loss = F.cross_entropy(model(x), labels)
                optimizer.zero_grad(set_to_none=False)
                loss.backward()
                optimizer.step()
                del loss
            counted = torch.cuda.max_memory_allocated(device) - before
            del model, optimizer, x, labels
            predicted = gpu.predict_peak(ResNetD, (3, 224, 224), batch, "adamw", autocast)["peak"]
            name = f"batch {batch}, {'bfloat16' if autocast else 'float32'}"
            print(f"{name:40}{predicted / 1e9:9.2f}   {counted / 1e9:7.2f}")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m gpu_experiment", description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("resnet", "captioner", "memory"))
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true", help="a size for any machine")
    options = parser.parse_args(arguments)
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise SystemExit("no GPU here that torch can use; --device cpu --tiny tries the code")
    try:
        if options.what == "resnet":
            resnet(device, options.tiny)
        elif options.what == "captioner":
            captioner(device, options.tiny)
        else:
            memory(device)
    except NotImplementedError as stub:
        raise SystemExit(f"needs {stub}") from None


if __name__ == "__main__":
    main()
