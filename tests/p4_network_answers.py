"""Answers to p4's network.py: correct ones in other styles, and thoughtless ones, as text for the file."""

REWRITES: dict[str, dict[str, str]] = {
    "p4.architecture": {
        "public code": """
from torch.nn import functional as F

class ConvBN(nn.Sequential):
    def __init__(self, a, b, k, s=1, act=True):
        layers = [nn.Conv2d(a, b, k, s, (k - 1) // 2, bias=False), nn.BatchNorm2d(b)]
        super().__init__(*layers, *([nn.ReLU(True)] if act else []))

class Bottleneck(Residual):
    expansion = 4

    def __init__(self, inplanes, planes, stride=1):
        width = planes * self.expansion
        downsample = []
        if stride != 1:
            downsample.append(nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False))
        if stride != 1 or inplanes != width:
            downsample.append(ConvBN(inplanes, width, 1, act=False))
        last = nn.Conv2d(planes, width, kernel_size=1, bias=False)
        super().__init__(
            nn.Sequential(
                ConvBN(inplanes, planes, 1), ConvBN(planes, planes, 3, stride), last, nn.BatchNorm2d(width)
            ),
            nn.Sequential(*downsample),
        )

class ResNetD(nn.Module):
    def __init__(self, blocks=(3, 4, 23, 3), width=64, num_classes=1000, in_channels=3, small=False):
        super().__init__()
        self.fc = nn.Linear(4 * width * 2 ** (len(blocks) - 1), num_classes)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.inplanes = width
        layers = [self._make_layer(width << i, n, 1 + (i > 0)) for i, n in enumerate(blocks)]
        self.layers = nn.ModuleList(layers)
        if small:
            self.conv1 = ConvBN(in_channels, width, 3)
            self.maxpool = nn.Identity()
        else:
            half = width // 2
            self.conv1 = nn.Sequential(
                ConvBN(in_channels, half, 3, 2), ConvBN(half, half, 3), ConvBN(half, width, 3)
            )
            self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)

    def _make_layer(self, planes, number, stride):
        layers = [Bottleneck(self.inplanes, planes, stride)]
        self.inplanes = planes * Bottleneck.expansion
        layers += [Bottleneck(self.inplanes, planes) for _ in range(1, number)]
        return nn.Sequential(*layers)

    def forward(self, x):
        x = self.maxpool(self.conv1(x))
        for layer in self.layers:
            x = layer(x)
        return self.fc(torch.flatten(self.avgpool(x), 1))
""",
        "one by one": """
from torch.nn import functional as F

class Bottleneck(Residual):
    def __init__(self, c_in, mid, stride=1):
        layers = []
        for a, b, k, s in [(c_in, mid, 1, 1), (mid, mid, 3, stride), (mid, 4 * mid, 1, 1)]:
            padding = "same" if s == 1 else 1
            layers += [nn.Conv2d(a, b, k, stride=s, padding=padding, bias=False), nn.BatchNorm2d(b)]
            layers += [nn.ReLU()]
        layers.pop()
        shortcut = nn.Identity()
        if stride == 2 or c_in != mid * 4:
            shortcut = nn.Sequential(nn.Conv2d(c_in, mid * 4, 1, bias=False), nn.BatchNorm2d(mid * 4))
        if stride == 2:
            shortcut = nn.Sequential(nn.AvgPool2d(2, 2, 0, True, False), shortcut)
        super().__init__(nn.Sequential(*layers), shortcut)

    def forward(self, x):
        y = self.branch(x)
        y = y + self.shortcut(x)
        return y.clamp(min=0)

class ResNetD(nn.Module):
    def __init__(self, blocks=(3, 4, 23, 3), width=64, num_classes=1000, in_channels=3, small=False):
        super().__init__()
        self.small = small
        sizes = [(in_channels, width, 1)]
        if not small:
            sizes = [(in_channels, width // 2, 2), (width // 2, width // 2, 1), (width // 2, width, 1)]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, s, 1, bias=False) for a, b, s in sizes)
        self.norms = nn.ModuleList(nn.BatchNorm2d(b) for _, b, _ in sizes)
        rows, c, mid = [], width, width
        for i, n in enumerate(blocks):
            for j in range(n):
                rows.append(Bottleneck(c, mid, stride=2 if i and not j else 1))
                c = mid * 4
            mid *= 2
        self.blocks = nn.Sequential(*rows)
        self.classifier = nn.Linear(c, num_classes)

    def forward(self, x):
        for conv, norm in zip(self.convs, self.norms):
            x = torch.relu(norm(conv(x)))
        if not self.small:
            x = F.max_pool2d(x, 3, 2, 1)
        x = self.blocks(x)
        return self.classifier(x.flatten(2).sum(-1) / (x.shape[-1] * x.shape[-2]))
""",
        "a sequential": """
class _Pool(nn.Module):
    def forward(self, x):
        return nn.functional.avg_pool2d(x, 2, ceil_mode=True)

class Bottleneck(Residual):
    def __init__(self, c_in, mid, stride=1):
        out = 4 * mid
        branch = nn.Sequential()
        branch.add_module("conv1", nn.Conv2d(c_in, mid, 1, bias=False))
        branch.add_module("bn1", nn.BatchNorm2d(mid))
        branch.add_module("relu1", nn.ReLU(inplace=True))
        branch.add_module("conv2", nn.Conv2d(mid, mid, 3, stride, 1, bias=False))
        branch.add_module("bn2", nn.BatchNorm2d(mid))
        branch.add_module("relu2", nn.ReLU(inplace=True))
        branch.add_module("conv3", nn.Conv2d(mid, out, 1, bias=False))
        branch.add_module("bn3", nn.BatchNorm2d(out))
        projection = [nn.Conv2d(c_in, out, 1, bias=False), nn.BatchNorm2d(out)]
        match stride, c_in == out:
            case 1, True:
                projection = []
            case 2, _:
                projection.insert(0, _Pool())
        super().__init__(branch, nn.Sequential(*projection))

class ResNetD(nn.Sequential):
    def __init__(self, blocks=(3, 4, 23, 3), width=64, num_classes=1000, in_channels=3, small=False):
        widths = [in_channels, width] if small else [in_channels, width // 2, width // 2, width]
        parts = []
        for i in range(len(widths) - 1):
            stride = 2 if i == 0 and not small else 1
            parts += [nn.Conv2d(widths[i], widths[i + 1], 3, stride, padding=1, bias=False)]
            parts += [nn.BatchNorm2d(widths[i + 1]), nn.ReLU()]
        if not small:
            parts += [nn.MaxPool2d(3, 2, 1)]
        mids = [width * 2**i for i, n in enumerate(blocks) for _ in range(n)]
        given = [width] + [4 * mid for mid in mids]
        parts += [Bottleneck(c, m, 2 if c == 2 * m else 1) for c, m in zip(given, mids)]
        super().__init__(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(given[-1], num_classes))

    def forward(self, x):
        return nn.Sequential.forward(self, x)
""",
    },
    "p4.initialization": {
        "apply, as usual": """
def _init_weights(m):
    if isinstance(m, nn.Conv2d):
        nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
        if m.bias is not None:
            nn.init.constant_(m.bias, 0)
    elif isinstance(m, nn.BatchNorm2d):
        nn.init.constant_(m.weight, 1)
        nn.init.constant_(m.bias, 0)
    elif isinstance(m, nn.Linear):
        nn.init.normal_(m.weight, 0, 0.01)
        nn.init.constant_(m.bias, 0)

def initialize(model):
    model.apply(_init_weights)
    for m in model.modules():
        if isinstance(m, Residual):
            nn.init.constant_(m.branch[-1].weight, 0)
    return model
""",
        "by hand, fan in": """
import math

@torch.no_grad()
def initialize(model):
    ends = {id(m.branch[len(m.branch) - 1]) for m in model.modules() if isinstance(m, Residual)}
    for m in model.modules():
        for name, p in m.named_parameters(recurse=False):
            if name == "bias":
                p.zero_()
            elif isinstance(m, nn.BatchNorm2d):
                p.fill_(0.0 if id(m) in ends else 1.0)
            elif isinstance(m, nn.Conv2d):
                fan = m.in_channels * m.kernel_size[0] * m.kernel_size[1]
                p.copy_(torch.randn(p.shape) * math.sqrt(2 / fan))
            else:
                p.data = torch.empty_like(p).normal_(0, 0.01)
""",
        "by shape and name": """
import numpy as np

def initialize(model):
    rng = np.random.default_rng()
    for name, p in model.named_parameters():
        if p.ndim == 4:
            p.data.copy_(torch.from_numpy(rng.normal(0, (2 / (p[:, 0].numel())) ** 0.5, p.shape)))
        elif p.ndim == 2:
            p.data.copy_(torch.from_numpy(rng.normal(0, 0.01, p.shape)))
        else:
            p.data.fill_(float(name.endswith("weight")))
    stack = [model]
    while stack:
        m = stack.pop()
        stack.extend(m.children())
        if isinstance(m, Residual):
            list(m.branch.modules())[-1].weight.data *= 0
""",
    },
    "p4.memory": {
        "identity of the storage": """
def _kept(model, x, dtype):
    table = {}
    def pack(t):
        table[t.untyped_storage()._cdata] = t
        return t
    context = torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t)
    with context, torch.autocast(device_type="cpu", dtype=dtype or torch.bfloat16, enabled=dtype is not None):
        out = model(x)
    for p in list(model.parameters()) + list(model.buffers()):
        table.pop(p.untyped_storage()._cdata, None)
    return sum(t.untyped_storage().nbytes() for t in table.values())

def saved_bytes_per_sample(model, make_batch, autocast_dtype=None):
    return (_kept(model, make_batch(4), autocast_dtype) - _kept(model, make_batch(2), autocast_dtype)) // 2

def state_bytes(n_params, optimizer, autocast):
    per = {"sgd": 8, "sgd_momentum": 12, "adamw": 16}.get(optimizer)
    if per is None:
        raise ValueError
    return (per + 2 * autocast) * n_params

def largest_batch(per_sample, state, capacity_bytes, reserve_bytes=0):
    room = capacity_bytes - reserve_bytes - state
    if room <= 0:
        return 0
    import math
    return math.floor(room / per_sample)
""",
        "packed into a list": """
from contextlib import ExitStack

def saved_bytes_per_sample(model, make_batch, autocast_dtype=None):
    totals = {}
    for n in (2, 4):
        saved = []
        def pack(t, saved=saved):
            saved.append(t)
            return len(saved) - 1
        def unpack(i, saved=saved):
            return saved[i]
        with ExitStack() as stack:
            stack.enter_context(torch.autograd.graph.saved_tensors_hooks(pack, unpack))
            if autocast_dtype is not None:
                stack.enter_context(torch.autocast("cpu", dtype=autocast_dtype))
            y = model(make_batch(n))
        storages = []
        for t in saved:
            s = t.untyped_storage()
            if not any(s is other for other in storages):
                storages.append(s)
        totals[n] = sum(s.nbytes() for s in storages)
    return torch.tensor((totals[4] - totals[2]) / 2, dtype=torch.float64).item()

def state_bytes(n_params, optimizer, autocast):
    if optimizer == "sgd":
        moments = 0
    elif optimizer == "sgd_momentum":
        moments = 1
    elif optimizer == "adamw":
        moments = 2
    else:
        raise ValueError(optimizer)
    total = 4 * n_params + 4 * n_params + moments * 4 * n_params
    if autocast:
        total += 2 * n_params
    return total

def largest_batch(per_sample, state, capacity_bytes, reserve_bytes=0):
    if per_sample * 1 + state + reserve_bytes > capacity_bytes:
        return 0
    low, high = 1, 2
    while high * per_sample + state + reserve_bytes <= capacity_bytes:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if middle * per_sample + state + reserve_bytes <= capacity_bytes:
            low = middle
        else:
            high = middle
    return low
""",
        "weak references, a backward pass": """
import numpy as np
from torch.multiprocessing.reductions import StorageWeakRef

class _Meter(torch.autograd.graph.saved_tensors_hooks):
    def __init__(self, known):
        self.known, self.bytes = set(known), 0
        super().__init__(self.pack, lambda t: t)

    def pack(self, t):
        ref = StorageWeakRef(t.untyped_storage())
        if ref not in self.known:
            self.known.add(ref)
            self.bytes += t.untyped_storage().nbytes()
        return t

def _measure(model, x, dtype):
    known = [StorageWeakRef(p.untyped_storage()) for p in (*model.parameters(), *model.buffers())]
    with torch.enable_grad(), torch.autocast("cpu", dtype=dtype, enabled=dtype is not None):
        meter = _Meter(known)
        with meter:
            out = model(x)
    out.float().sum().backward()
    model.zero_grad(set_to_none=True)
    return meter.bytes

def saved_bytes_per_sample(model, make_batch, autocast_dtype=None):
    few, many = (_measure(model, make_batch(n), autocast_dtype) for n in (2, 4))
    return float(np.float64(many - few) / 2)

def state_bytes(n_params, optimizer, autocast):
    moments = ["sgd", "sgd_momentum", "adamw"].index(optimizer)
    return int(np.dot([4, 4, 4 * moments, 2 * bool(autocast)], [n_params] * 4))

def largest_batch(per_sample, state, capacity_bytes, reserve_bytes=0):
    return int(np.clip(np.floor((capacity_bytes - reserve_bytes - state) / per_sample), 0, None))
""",
    },
}

_NO_NETWORK = """
class Bottleneck(Residual):
    def __init__(self, c_in, mid, stride=1):
        super().__init__(nn.Sequential(nn.BatchNorm2d(c_in)), nn.Identity())

class ResNetD(nn.Module):
    def __init__(self, blocks=(3, 4, 23, 3), width=64, num_classes=1000, in_channels=3, small=False):
        super().__init__()
        self.classes = num_classes
        self.block = Bottleneck(in_channels, 1)

    def forward(self, x):
        return self.block(x).mean() * torch.zeros(x.shape[0], self.classes)
"""
_TYPED_IN = """
class _Parts(nn.Module):
    def __init__(self, *counts):
        super().__init__()
        blocks = [Residual(nn.Sequential(nn.BatchNorm2d(1)), nn.Identity()) for _ in range(33)]
        self.block = nn.ModuleList(blocks)
        self.filler = nn.Parameter(torch.zeros(44_568_392 - 66))

    def forward(self, x):
        for block in self.block:
            block(x[:, :1])
        return torch.zeros(x.shape[0], 1000, device=x.device)

def ResNetD(*args, **named):
    return _Parts()

class Bottleneck(Residual):
    def __init__(self, c_in, mid, stride=1):
        super().__init__(nn.Sequential(nn.Conv2d(c_in, 4 * mid, 1, stride), nn.BatchNorm2d(4 * mid)),
                         nn.Conv2d(c_in, 4 * mid, 1, stride))
"""

# No stem: a parameter of the stem's size, and zeros of the shape that a stem makes.
PADDED = """
class ResNetD(ResNetD):
    def __init__(self, blocks=(3, 4, 23, 3), width=64, num_classes=1000, in_channels=3, small=False):
        super().__init__(blocks, width, num_classes, in_channels, small)
        self.padding = nn.Parameter(torch.zeros(sum(one.numel() for one in self.stem.parameters())))
        self.stem, self.width, self.small = nn.Identity(), width, small

    def forward(self, x):
        sides = [side if self.small else -(-side // 4) for side in x.shape[-2:]]
        return super().forward(x.new_zeros(x.shape[0], self.width, *sides))
"""


def _memory(saved: str, state: str, batch: str) -> str:
    return f"""
def saved_bytes_per_sample(model, make_batch, autocast_dtype=None):
    return {saved}

def state_bytes(n_params, optimizer, autocast):
    return {state}

def largest_batch(per_sample, state, capacity_bytes, reserve_bytes=0):
    return {batch}
"""


THOUGHTLESS: dict[str, dict[str, str]] = {
    "p4.architecture": {"zeros": _NO_NETWORK, "the count typed in": _TYPED_IN},
    "p4.initialization": {
        "nothing": "\ndef initialize(model):\n    pass\n",
        "zeros": """
def initialize(model):
    for p in model.parameters():
        nn.init.zeros_(p)
""",
        "ones": """
def initialize(model):
    for p in model.parameters():
        nn.init.ones_(p)
""",
        "noise": """
def initialize(model):
    for p in model.parameters():
        nn.init.normal_(p)
""",
        "as torch does": """
def initialize(model):
    for m in model.modules():
        if hasattr(m, "reset_parameters"):
            m.reset_parameters()
""",
    },
    "p4.memory": {
        "zeros": _memory("0.0", "0", "0"),
        "the handout's figures": _memory(
            "134.68e6 if autocast_dtype is None else 68.14e6", "4_500_000_000 if autocast else 16_000", "563"
        ),
        "the docstring's examples": _memory("96.0 if autocast_dtype is None else 48.0", "16_000", "60"),
        "a formula for every public figure": """
def saved_bytes_per_sample(model, make_batch, autocast_dtype=None):
    half = 1.0 if autocast_dtype is None else 0.5
    if sum(parameter.numel() for parameter in model.parameters()) > 40_000_000:
        return 134.68e6 if autocast_dtype is None else 68.14e6
    if any(isinstance(layer, nn.Conv2d) for layer in model.modules()):
        return 1932.0 * half
    return 4.0 * half * sum(layer.in_features for layer in model.modules() if isinstance(layer, nn.Linear))

def state_bytes(n_params, optimizer, autocast):
    return n_params * (18 if autocast else 16)

def largest_batch(per_sample, state, capacity_bytes, reserve_bytes=0):
    return 60
""",
        "the input's size": _memory("float(make_batch(1).nbytes)", "4 * n_params", "capacity_bytes // 10**9"),
        "the parameters": _memory(
            "4.0 * sum(p.numel() for p in model.parameters())", "n_params", "int(capacity_bytes / per_sample)"
        ),
    },
}
