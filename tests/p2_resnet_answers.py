"""Answers to p2's first half: correct ones in other styles, and thoughtless ones, as text for resnet.py."""

REWRITES: dict[str, dict[str, str]] = {
    "p2.count": {
        "one polynomial a stage": """
def count_parameters(width, blocks_per_stage=3, num_classes=10):
    w, n, k = width, blocks_per_stage, num_classes
    if w < 1 or n < 1 or k < 1:
        raise ValueError(width, blocks_per_stage, num_classes)
    result = dict(
        stem=29 * w,
        stage1=n * (18 * w * w + 4 * w),
        stage2=56 * w * w + 12 * w + (n - 1) * (72 * w * w + 8 * w),
        stage3=224 * w * w + 24 * w + (n - 1) * (288 * w * w + 16 * w),
        head=4 * w * k + k,
    )
    return {**result, "total": sum(result.values())}
""",
        "numpy": """
import numpy as np

def count_parameters(width, blocks_per_stage=3, num_classes=10):
    if not np.all(np.array([width, blocks_per_stage, num_classes]) > 0):
        raise ValueError("empty network")
    out = np.array([width, 2 * width, 4 * width], dtype=np.int64)
    into = np.array([width, width, 2 * width], dtype=np.int64)
    first = 9 * into * out + 9 * out**2 + 4 * out + (into != out) * (into * out + 2 * out)
    stages = first + (blocks_per_stage - 1) * (18 * out**2 + 4 * out)
    head = np.int64(4 * width + 1) * num_classes
    total = stages.sum() + head + 29 * width
    return {"total": total, "head": head, "stem": 29 * width} | {f"stage{i + 1}": stages[i] for i in range(3)}
""",
        "tensors": """
import torch

def count_parameters(width, blocks_per_stage=3, num_classes=10):
    if width <= 0 or blocks_per_stage <= 0 or num_classes <= 0:
        raise ValueError("nothing to count")
    w, n, k = (torch.tensor(number, dtype=torch.int64) for number in (width, blocks_per_stage, num_classes))
    counts = {"stem": w * 29}
    for i in range(3):
        c = w * 2**i
        a = c if i == 0 else c // 2
        shortcut = 0 if i == 0 else a * c + 2 * c
        counts[f"stage{i + 1}"] = 9 * a * c + 2 * c + (2 * n - 1) * (9 * c * c + 2 * c) + shortcut
    counts["head"] = 4 * w * k + k
    counts["total"] = torch.stack(list(counts.values())).sum()
    return {part: int(number) for part, number in counts.items()}
""",
        "a class for the parts": """
class Conv:
    def __init__(self, a, b, k=3):
        self.size = k * k * a * b + 2 * b

def _first(a, b):
    return Conv(a, b).size + Conv(b, b).size + (Conv(a, b, 1).size if a != b else 0)

def count_parameters(width, blocks_per_stage=3, num_classes=10):
    for number in (width, blocks_per_stage, num_classes):
        if number < 1:
            raise ValueError(f"{number} is below 1")
    sizes = [Conv(3, width).size]
    for a, b in ((width, width), (width, 2 * width), (2 * width, 4 * width)):
        sizes.append(_first(a, b) + (blocks_per_stage - 1) * _first(b, b))
    sizes.append(num_classes * (4 * width + 1))
    sizes.append(sum(sizes))
    return dict(zip(("stem", "stage1", "stage2", "stage3", "head", "total"), sizes))
""",
    },
    "p2.shortcuts": {
        "strides first": """
import math

def shortcuts(widths, blocks_per_stage, image_size=32):
    channels = [c for c in widths for _ in range(blocks_per_stage)]
    strides = [2 if i and i % blocks_per_stage == 0 else 1 for i in range(len(channels))]
    result, c, h = [], widths[0], image_size
    for wanted, stride in zip(channels, strides):
        after = math.ceil(h / stride)
        kind = "identity" if (stride, c) == (1, wanted) else "projection"
        result += [(kind, (c, h, h), (wanted, after, after))]
        c, h = wanted, after
    return result
""",
        "recursion": """
def shortcuts(widths, blocks_per_stage, image_size=32):
    def stage(widths, given, strided):
        if not widths:
            return []
        c, h = widths[0], given[1]
        if strided:
            h = (h - 1) // 2 + 1
        shape = (c, h, h)
        kind = "projection" if strided or given[0] != c else "identity"
        later = [("identity", shape, shape)] * (blocks_per_stage - 1)
        return [(kind, given, shape)] + later + stage(widths[1:], shape, True)
    return stage(list(widths), (widths[0], image_size, image_size), False)
""",
        "by convolving": """
import torch

def shortcuts(widths, blocks_per_stage, image_size=32):
    x = torch.zeros(1, widths[0], image_size, image_size)
    plan = []
    for s, c in enumerate(widths):
        for b in range(blocks_per_stage):
            stride = 2 if s > 0 and b == 0 else 1
            y = nn.Conv2d(x.shape[1], c, 3, stride, padding=1)(x)
            kind = "projection" if stride == 2 or x.shape != y.shape else "identity"
            plan.append((kind, tuple(x.shape[1:]), tuple(y.shape[1:])))
            x = y.detach()
    return plan
""",
    },
    "p2.design": {
        "numpy, nearest of all": """
import numpy as np

def design(target, tolerance, num_classes=10):
    w, n = np.meshgrid(np.arange(4, 257), np.arange(1, 19), indexing="ij")
    total = 29 * w + n * (18 * w**2 + 4 * w) + 56 * w**2 + 12 * w + (n - 1) * (72 * w**2 + 8 * w)
    total = total + 224 * w**2 + 24 * w + (n - 1) * (288 * w**2 + 16 * w) + (4 * w + 1) * num_classes
    best = np.abs(total - target).argmin()
    if abs(total.flat[best] - target) > tolerance:
        return None
    return int(w.flat[best]), int(n.flat[best])
""",
        "bisection, deep ones first": """
def design(target, tolerance, num_classes=10):
    for blocks in reversed(range(1, 19)):
        low, high = 4, 256
        while low < high:
            middle = (low + high) // 2
            if count_parameters(middle, blocks, num_classes)["total"] >= target - tolerance:
                high = middle
            else:
                low = middle + 1
        if abs(count_parameters(low, blocks, num_classes)["total"] - target) <= tolerance:
            return low, blocks
    return None
""",
        "widest first, itertools": """
from itertools import product

def design(target, tolerance, num_classes=10):
    pairs = product(range(256, 3, -1), range(1, 19))
    sizes = ((pair, count_parameters(*pair, num_classes)["total"]) for pair in pairs)
    return next((p for p, total in sizes if target - tolerance <= total <= target + tolerance), None)
""",
    },
    "p2.block": {
        "as in torchvision": """
class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(out_channels, out_channels, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.downsample = None
        if stride != 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)
""",
        "one Sequential, shortcut first": """
class BasicBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        fits = stride == 1 and in_channels == out_channels
        mix = nn.Conv2d(in_channels, out_channels, (1, 1), stride, bias=False)
        self.side = nn.Identity() if fits else nn.Sequential(mix, nn.BatchNorm2d(out_channels))
        self.main = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, 1, "same", bias=False),
            nn.BatchNorm2d(out_channels),
        )

    def forward(self, x):
        return torch.relu(self.side(x).add(self.main(x)))

import torch
""",
        "functions and parameters": """
import torch

class BasicBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.stride = stride
        self.sizes = {"first": (in_channels, 3), "second": (out_channels, 3)}
        if stride > 1 or in_channels != out_channels:
            self.sizes["side"] = (in_channels, 1)
        for name, (channels, kernel) in self.sizes.items():
            weight = torch.empty(out_channels, channels, kernel, kernel)
            nn.init.kaiming_normal_(weight)
            self.register_parameter(f"{name}_weight", nn.Parameter(weight))
            self.register_parameter(f"{name}_gamma", nn.Parameter(torch.ones(out_channels)))
            self.register_parameter(f"{name}_beta", nn.Parameter(torch.zeros(out_channels)))
            self.register_buffer(f"{name}_mean", torch.zeros(out_channels))
            self.register_buffer(f"{name}_variance", torch.ones(out_channels))

    def step(self, name, x, stride, padding):
        get = lambda part: getattr(self, f"{name}_{part}")
        x = F.conv2d(x, get("weight"), stride=stride, padding=padding)
        mean, variance, gamma, beta = map(get, ("mean", "variance", "gamma", "beta"))
        return F.batch_norm(x, mean, variance, gamma, beta, training=self.training)

    def forward(self, x):
        out = self.step("first", x, self.stride, 1).clamp_(min=0)
        out = self.step("second", out, 1, 1)
        if "side" in self.sizes:
            return torch.maximum(out + self.step("side", x, self.stride, 0), torch.zeros(()))
        return torch.where(out + x > 0, out + x, 0.0)
""",
        "every other pixel, borders by hand": """
class BasicBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.stride = stride
        self.second = nn.Conv2d(out_channels, out_channels, 3, bias=False)
        self.first = nn.Conv2d(in_channels, out_channels, 3, stride, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(out_channels) for _ in range(3))
        self.mix = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        if stride == 1 and in_channels == out_channels:
            del self.mix, self.norms[2]

    def forward(self, x):
        out = self.norms[0](self.first(F.pad(x, (1, 1, 1, 1))))
        out = self.norms[1](self.second(F.pad(F.relu_(out), (1, 1, 1, 1))))
        if len(self.norms) == 3:
            x = self.norms[2](self.mix(x[:, :, :: self.stride, :: self.stride]))
        return F.threshold(out + x, 0, 0)
""",
    },
    "p2.network": {
        "as in torchvision": """
class CifarResNet(Trunk):
    def __init__(self, width=16, blocks_per_stage=3, num_classes=10):
        self.in_planes = width
        layers = [
            self._make_layer(BasicBlock, width, blocks_per_stage, 1),
            self._make_layer(BasicBlock, 2 * width, blocks_per_stage, 2),
            self._make_layer(BasicBlock, 4 * width, blocks_per_stage, 2),
        ]
        super().__init__(Stem(width, 3, 1, False), layers, 4 * width, num_classes)

    def _make_layer(self, block, planes, blocks, stride):
        made = []
        for s in [stride] + [1] * (blocks - 1):
            made.append(block(self.in_planes, planes, s))
            self.in_planes = planes
        return made
""",
        "from the plan of the shortcuts": """
class CifarResNet(Trunk):
    def __init__(self, width=16, blocks_per_stage=3, num_classes=10):
        plan = shortcuts([width, 2 * width, 4 * width], blocks_per_stage, 64)
        blocks = [
            BasicBlock(in_channels=given[0], out_channels=made[0], stride=given[1] // made[1])
            for _, given, made in plan
        ]
        n = blocks_per_stage
        stages = [nn.Sequential(*blocks[i : i + n]) for i in range(0, 3 * n, n)]
        super().__init__(
            stem=Stem(width, stride=1, pool=False, kernel_size=3),
            stages=stages,
            num_classes=num_classes,
            features=4 * width,
        )
""",
        "without the trunk": """
class _Start(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(width)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)), inplace=True)

class CifarResNet(nn.Module):
    def __init__(self, width=16, blocks_per_stage=3, num_classes=10, block=BasicBlock):
        super().__init__()
        self.head = nn.Linear(4 * width, num_classes)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.stem = _Start(width)
        self.stages = nn.ModuleList()
        c = width
        for w, s in ((width, 1), (2 * width, 2), (4 * width, 2)):
            first = block(c, w, s)
            self.stages.append(nn.Sequential(first, *(block(w, w) for _ in range(blocks_per_stage - 1))))
            c = w

    def forward(self, x):
        for part in (self.stem, *self.stages, self.pool, nn.Flatten()):
            x = part(x)
        return self.head(x)
""",
        "with a block of its own": """
class _Block(nn.Module):
    def __init__(self, a, b, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(a, b, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(b)
        self.conv2 = nn.Conv2d(b, b, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(b)
        self.shortcut = nn.Identity()
        if (a, 1) != (b, stride):
            self.shortcut = nn.Sequential(nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b))

    def forward(self, x):
        return F.relu(self.shortcut(x) + self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))

class CifarResNet(Trunk):
    def __init__(self, width=16, blocks_per_stage=3, num_classes=10):
        def stage(a, b, stride):
            return [_Block(a, b, stride)] + [_Block(b, b, 1) for _ in range(1, blocks_per_stage)]
        w = width
        stages = [stage(w, w, 1), stage(w, 2 * w, 2), stage(2 * w, 4 * w, 2)]
        super().__init__(Stem(w, 3, 1, pool=False), stages, 4 * w, num_classes)
""",
    },
}

COUNT = "def count_parameters(width, blocks_per_stage=3, num_classes=10):"
NAMES = "('stem', 'stage1', 'stage2', 'stage3', 'head', 'total')"
PLAN = "def shortcuts(widths, blocks_per_stage, image_size=32):"
DESIGN = "def design(target, tolerance, num_classes=10): return"
BLOCK = """
class BasicBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.sizes = out_channels, stride

    def forward(self, x):
        x = x[:, :1, :: self.sizes[1], :: self.sizes[1]].expand(-1, self.sizes[0], -1, -1)
        return {result}
"""
NETWORK = """
class CifarResNet(Trunk):
    def __init__(self, width=16, blocks_per_stage=3, num_classes=10):
        stages = [[nn.Identity()] * blocks_per_stage for _ in range(3)]
        super().__init__(Stem(width, 3, 1, pool=False), stages, width, num_classes)
"""

THOUGHTLESS: dict[str, dict[str, str]] = {
    "p2.count": {
        "zeros": f"{COUNT} return dict.fromkeys({NAMES}, 0)",
        "ones": f"{COUNT} return dict.fromkeys({NAMES}, 1)",
        "always an error": f"{COUNT} raise ValueError",
        "the figures of the handout": f"""
{COUNT}
    figures = {{
        1: (29, 22, 68, 248, 10, 377),
        16: (464, 14016, 51648, 205696, 650, 272474),
        32: (928, 55680, 205696, 820992, 1290, 1084586),
    }}
    return dict(zip({NAMES}, figures.get(width, figures[16])))
""",
    },
    "p2.shortcuts": {
        "nothing": f"{PLAN} return []",
        "the docstring's": f"""
{PLAN} return [("identity", (4, 5, 5), (4, 5, 5)), ("projection", (4, 5, 5), (8, 3, 3))]
""",
        "all alike": f"""
{PLAN} return [("identity", (16, 32, 32), (16, 32, 32))] * (len(widths) * blocks_per_stage)
""",
        "the figures of the handout": f"""
{PLAN}
    a, b, c = (32, 32, 32), (64, 16, 16), (128, 8, 8)
    same = "identity"
    plan = [(same, a, a)] * 3 + [("projection", a, b)] + [(same, b, b)] * 2
    return plan + [("projection", b, c)] + [(same, c, c)] * 2
""",
    },
    "p2.design": {
        "none": f"{DESIGN} None",
        "the usual network": f"{DESIGN} (16, 3)",
        "the figures of the handout": f"""
{DESIGN} {{
        5214: (4, 1), 270000: (16, 3), 1000000: None if tolerance < 8804 else (58, 1)
    }}.get(target)
""",
        "the smallest": f"{DESIGN} (4, 1)",
        "a count that says what was asked": f"""
_asked = [5214]

{COUNT} return dict.fromkeys({NAMES}, _asked[0])

def design(target, tolerance, num_classes=10):
    _asked[0] = target
    return 4, 1
""",
    },
    "p2.block": {
        "the input": BLOCK.format(result="x"),
        "its ReLU": BLOCK.format(result="F.relu(x)"),
        "zeros": BLOCK.format(result="0 * x"),
    },
    "p2.network": {
        "no blocks": NETWORK,
        "zeros": f"""{NETWORK}
    def forward(self, x):
        return super().forward(x) * 0
""",
    },
}

# Right as far as they get: no memory or no time is enough for the largest networks.
BUILT = {
    "by building it": f"""
{COUNT}
    if min(width, blocks_per_stage, num_classes) < 1:
        raise ValueError
    model = CifarResNet(width, blocks_per_stage, num_classes)

    def size(part):
        return sum(parameter.numel() for parameter in part.parameters())

    counts = dict(stem=size(model.stem), head=size(model.head), total=size(model))
    return counts | {{f"stage{{i + 1}}": size(stage) for i, stage in enumerate(model.stages)}}
""",
    "block by block": f"""
_of_one_block = count_parameters

{COUNT}
    counts = _of_one_block(width, min(blocks_per_stage, 1), num_classes)
    for part, channels in (("stage1", width), ("stage2", 2 * width), ("stage3", 4 * width)):
        for _ in range(blocks_per_stage - 1):
            counts[part] += 18 * channels**2 + 4 * channels
            counts["total"] += 18 * channels**2 + 4 * channels
    return counts
""",
}
