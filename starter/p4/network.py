"""p4, second part: a ResNet-101-D, how it is initialised, and the memory that training it takes.

Everything here works on any machine, without a GPU and in seconds: the network is built small, or without any
data at all under ``FakeTensorMode``. The handout draws it.

Questions in order: p4.architecture, p4.initialization, p4.memory.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from residual import Residual
from torch import Tensor, nn

# ---- p4.architecture ---------------------------------------------------------------------------------------


class Bottleneck(Residual):
    """The block of a deep residual network: 1 x 1 to ``mid`` channels, 3 x 3, 1 x 1 to ``4 * mid`` channels.

    ``Residual`` is given: it adds and rectifies. What is missing is its branch and its shortcut; hand both to
    ``super().__init__``, for the grader looks into ``branch`` and ``shortcut``.

    Branch: conv 1 x 1, BatchNorm, ReLU, conv 3 x 3 (padding 1, and the stride), BatchNorm, ReLU, conv 1 x 1,
    BatchNorm. Shortcut, as the "D" variant has it:

    - stride 2: mean over windows of 2 x 2 (``nn.AvgPool2d`` or your own, stride 2; a window that reaches over
      the border of an odd image still counts, and is the mean of those pixels that exist), then a 1 x 1
      convolution of stride 1, then a BatchNorm;
    - stride 1 and ``c_in != 4 * mid``: a 1 x 1 convolution and a BatchNorm;
    - else x itself.

    No convolution has a bias; BatchNorm and everything else as torch has it by default.

    Example: ``Bottleneck(8, 4, 2)`` makes (N, 16, 4, 3) of (N, 8, 7, 5) and has 448 parameters.

    :param c_in: channels of x.
    :param mid: channels inside; the block gives ``4 * mid``.
    :param stride: 1 or 2.
    """

    def __init__(self, c_in: int, mid: int, stride: int = 1) -> None:
        raise NotImplementedError("p4.architecture")


class ResNetD(nn.Module):
    """A bottleneck network: stem, stages of ``Bottleneck``, mean over the image, one linear layer.

    - Stem: three 3 x 3 convolutions (padding 1, no bias), each followed by BatchNorm and ReLU, to
      ``width // 2``, ``width // 2`` and ``width`` channels, the first of stride 2; then a 3 x 3 max pooling
      of stride 2, padding 1. With ``small=True`` (for images of a few dozen pixels) the stem is one 3 x 3
      convolution to ``width`` channels, stride 1, with BatchNorm and ReLU and without pooling.
    - Stage i (0, 1, ...) has ``blocks[i]`` blocks with ``mid = width * 2**i``. The first block of every stage
      but the first has stride 2, all others have stride 1. There may be any number of stages, at least one.
    - Head: the mean over the image, one ``nn.Linear``. What comes out are logits.

    ``ResNetD()`` turns 3 x 224 x 224 into 64 x 56 x 56 (stem), 256 x 56 x 56, 512 x 28 x 28, 1024 x 14 x 14
    and 2048 x 7 x 7 (stages) and 1000 logits. ``ResNetD((1, 1), width=4, num_classes=2, in_channels=1,
    small=True)`` has 2,110 parameters.

    The names of the parts are free; every block is a ``Bottleneck``. The network must also run under
    ``FakeTensorMode`` and on the device ``meta``, where tensors have shapes but no numbers: no ``.item()``,
    no NumPy, no branch on a tensor's value.

    :param blocks: blocks of each stage.
    :param width: even; channels behind the stem.
    :param num_classes: logits per image.
    :param in_channels: channels of the images.
    :param small: the small stem.
    """

    def __init__(
        self,
        blocks: tuple[int, ...] = (3, 4, 23, 3),
        width: int = 64,
        num_classes: int = 1000,
        in_channels: int = 3,
        small: bool = False,
    ) -> None:
        super().__init__()
        raise NotImplementedError("p4.architecture")

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, num_classes) of images (N, in_channels, H, W)."""
        raise NotImplementedError("p4.architecture")


# ---- p4.initialization -------------------------------------------------------------------------------------


def initialize(model: nn.Module) -> None:
    """Initialise every parameter of a network of ``Residual`` blocks, so that each begins as its shortcut.

    - Convolutions: normal, mean 0, standard deviation sqrt(2 / fan_out) ("fan_in" is accepted as well; both
      are He's); a bias, where there is one, is 0.
    - BatchNorms: weight 1, bias 0; but the weight of the last BatchNorm of each ``Residual``'s branch is 0.
    - Linear layers: normal, mean 0, standard deviation 0.01; bias 0.

    ``model`` is any network whose blocks are ``Residual`` (not only yours: its parts have other names, its
    branches two convolutions, or four) and whose other layers are Conv2d, BatchNorm2d, Linear and layers
    without parameters. Whatever stood in the parameters before, nothing of it remains. They are changed in
    place: an optimizer that holds them holds them afterwards. Buffers (running statistics) stay as they are,
    whatever stands in them. The tensors are real ones: NumPy and ``.item()`` are fine here.

    Example: behind ``initialize``, ``block(x)`` is ``relu(shortcut(x))`` for every block.
    """
    raise NotImplementedError("p4.initialization")


# ---- p4.memory ---------------------------------------------------------------------------------------------


def saved_bytes_per_sample(
    model: nn.Module, make_batch: Callable[[int], Tensor], autocast_dtype: torch.dtype | None = None
) -> float:
    """Bytes that each further sample makes autograd keep from the forward pass for the backward pass.

    What one forward pass keeps: the storages of all tensors that autograd saves
    (``torch.autograd.graph.saved_tensors_hooks`` shows them), each storage once, however many tensors or
    views lie in it, and with all its bytes, however few of them a view shows. Parameters and buffers are in
    memory anyway and do not count. Some of the rest does not grow with the batch either (statistics of
    BatchNorm, copies of the weights under autocast), so one pass is not enough: what counts is the slope
    between 2 and 4 samples, (kept at 4 - kept at 2) / 2.

    The values do not matter, so it works under ``FakeTensorMode`` just as on real tensors; the caller has
    then entered it, and built the model in it. Storages have no address there (``data_ptr()`` is 0 for every
    one), but tensors that share a storage give the same object as ``untyped_storage()``, there and
    everywhere, and a set can hold such objects.

    The passes may change running statistics and draw random numbers; nothing of that has to be undone.

    Example: ``Sequential(Linear(8, 16), ReLU(), Linear(16, 4))`` keeps 96 bytes per sample: its input of 8
    float32 numbers and the output of the ReLU, which two layers need. Under bfloat16 it is 48.

    :param model: called as ``model(x)``, in the mode (train or eval) that it is in.
    :param make_batch: ``make_batch(n)`` gives x for n samples; x does not require a gradient.
    :param autocast_dtype: the forward pass runs under ``torch.autocast("cpu", dtype=autocast_dtype)``, or, if
        it is None, without autocast.
    """
    raise NotImplementedError("p4.memory")


def state_bytes(n_params: int, optimizer: str, autocast: bool) -> int:
    """Bytes that training holds whatever the batch, for a model of ``n_params`` float32 parameters.

    Each parameter, its gradient (both float32, with autocast too), the float32 numbers that the optimizer
    keeps for it (``"sgd"`` none, ``"sgd_momentum"`` one, ``"adamw"`` two), and, with autocast only, the
    16-bit copy of it that the forward pass uses.

    Example: ``state_bytes(1000, "adamw", False)`` is 16000.

    :raises ValueError: another optimizer than these three.
    """
    raise NotImplementedError("p4.memory")


def largest_batch(per_sample: float, state: int, capacity_bytes: int, reserve_bytes: int = 0) -> int:
    """The largest number of samples in a batch that fits.

    A batch fits if its samples, the state and the reserve (workspace, fragmentation) together are not more
    than the capacity. A gigabyte is 10**9 bytes here.

    Example: ``largest_batch(10.0, 300, 1000, 100)`` is 60.

    :param per_sample: bytes, as ``saved_bytes_per_sample`` gives them; above 0.
    :param state: bytes, as ``state_bytes`` gives them.
    :return: 0 where not even one sample fits.
    """
    raise NotImplementedError("p4.memory")
