"""Answers to p4's captioning.py: right ones in other styles, thoughtless ones, as text for the module."""

REWRITES: dict[str, dict[str, str]] = {
    "p4.captions": {
        "nested where": """
def mirror(tokens, left_id, right_id):
    return torch.where(tokens == left_id, right_id, torch.where(tokens == right_id, left_id, tokens))
""",
        "by a table": """
def mirror(tokens, left_id, right_id):
    size = max(left_id, right_id, int(tokens.max()) if tokens.numel() else 0) + 1
    table = torch.arange(size)
    table[[left_id, right_id]] = table[[right_id, left_id]]
    return table[tokens]
""",
        "numpy": """
def mirror(tokens, left_id, right_id):
    mirrored = tokens.numpy().copy()
    left, right = mirrored == left_id, mirrored == right_id
    mirrored[left] = right_id
    mirrored[right] = left_id
    return mirrored
""",
        "plain loops": """
def mirror(tokens, left_id, right_id):
    swap = {left_id: right_id, right_id: left_id}
    rows = [[swap.get(word, word) for word in row] for row in tokens.tolist()]
    return torch.tensor(rows, dtype=torch.int64).reshape(tokens.shape)
""",
        "a third word in between": """
def mirror(tokens, left_id, right_id):
    tokens = tokens.clone()
    tokens[tokens == left_id] = -1
    tokens[tokens == right_id] = left_id
    tokens[tokens == -1] = right_id
    return tokens
""",
    },
    "p4.loss": {
        "by log_softmax and gather": """
def caption_loss(logits, captions, pad, smoothing=0.0):
    log_p = logits[:, :-1].log_softmax(-1)
    targets = captions[:, 1:]
    real = (targets != pad).float()
    n = max(real.sum().item(), 1.0)
    nll = -log_p.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    plain = (nll * real).sum() / n
    loss = (1 - smoothing) * plain + smoothing * (-(log_p.mean(-1)) * real).sum() / n
    return loss, plain.exp()
""",
        "targets picked by a mask": """
import torch.nn.functional as F

def caption_loss(logits, captions, pad, smoothing=0.0):
    keep = captions[:, 1:] != pad
    if not keep.any():
        return logits.sum() * 0.0, torch.tensor(1.0)
    z, y = logits[:, :-1][keep], captions[:, 1:][keep]
    loss = F.cross_entropy(z, y, label_smoothing=smoothing)
    with torch.no_grad():
        perplexity = F.cross_entropy(z, y).exp()
    return loss, perplexity
""",
        "cross_entropy over the second axis, mean of torch": """
import torch.nn.functional as F

def caption_loss(logits, captions, pad, smoothing=0.0):
    z, y = logits[:, :-1].transpose(1, 2), captions[:, 1:]
    if (y == pad).all():
        return torch.zeros((), requires_grad=True), 1.0
    loss = F.cross_entropy(z, y, ignore_index=pad, label_smoothing=smoothing)
    plain = F.cross_entropy(z.detach(), y, ignore_index=pad)
    return loss, math.exp(plain.item())
""",
        "smoothed targets written out, in float64": """
def caption_loss(logits, captions, pad, smoothing=0.0):
    words = logits.shape[-1]
    log_p = torch.log_softmax(logits[:, :-1].double(), dim=-1)
    wanted = torch.nn.functional.one_hot(captions[:, 1:], words).double()
    real = captions[:, 1:].ne(pad)
    n = real.sum().clamp_min(1)
    soft = wanted * (1 - smoothing) + smoothing / words
    loss = -((soft * log_p).sum(-1) * real).sum() / n
    plain = -((wanted * log_p).sum(-1) * real).sum() / n
    return loss.float(), torch.exp(plain).float()
""",
        "caption by caption": """
def caption_loss(logits, captions, pad, smoothing=0.0):
    total, plain, count = logits.sum() * 0, 0.0, 0
    for said, caption in zip(logits, captions):
        for t in range(len(caption) - 1):
            word = int(caption[t + 1])
            if word == pad:
                continue
            log_p = said[t] - torch.logsumexp(said[t], 0)
            total = total - (1 - smoothing) * log_p[word] - smoothing * log_p.mean()
            plain = plain - log_p[word]
            count += 1
    if count == 0:
        return total, torch.ones(())
    return total / count, torch.exp(plain / count)
""",
        "targets shifted and filled": """
def caption_loss(logits, captions, pad, smoothing=0.0):
    targets = torch.full_like(captions, -100)
    targets[:, :-1] = captions[:, 1:]
    targets[targets == pad] = -100
    count = int((targets != -100).sum())
    criterion = nn.CrossEntropyLoss(ignore_index=-100, label_smoothing=smoothing, reduction="sum")
    plain = nn.CrossEntropyLoss(ignore_index=-100, reduction="sum")
    z, y = logits.reshape(-1, logits.size(-1)), targets.reshape(-1)
    divisor = count if count else 1
    return criterion(z, y) / divisor, (plain(z, y) / divisor).exp()
""",
    },
    "p4.block": {
        "attention written out": """
class CrossAttentionBlock(nn.Module):
    def __init__(self, d_model, num_heads, dropout=0.0):
        super().__init__()
        self.num_heads, self.p = num_heads, dropout
        self.norm1, self.norm2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.attention = nn.Module()
        self.attention.in_proj_weight = nn.Parameter(torch.empty(3 * d_model, d_model))
        self.attention.in_proj_bias = nn.Parameter(torch.zeros(3 * d_model))
        nn.init.xavier_uniform_(self.attention.in_proj_weight)
        self.attention.out_proj = nn.Linear(d_model, d_model)
        self.ffn = nn.Sequential(
            nn.Linear(d_model, 4 * d_model), nn.GELU(), nn.Dropout(dropout), nn.Linear(4 * d_model, d_model),
            nn.Dropout(dropout),
        )

    def forward(self, x, memory, memory_padding=None):
        B, T, d = x.shape
        S, h = memory.shape[1], self.num_heads
        wq, wk, wv = self.attention.in_proj_weight.chunk(3)
        bq, bk, bv = self.attention.in_proj_bias.chunk(3)
        q = (self.norm1(x) @ wq.T + bq).view(B, T, h, d // h).transpose(1, 2)
        k = (memory @ wk.T + bk).view(B, S, h, d // h).transpose(1, 2)
        v = (memory @ wv.T + bv).view(B, S, h, d // h).transpose(1, 2)
        scores = q @ k.transpose(-2, -1) / math.sqrt(d // h)
        if memory_padding is not None:
            scores = scores.masked_fill(memory_padding[:, None, None, :], float("-inf"))
        weights = nn.functional.dropout(scores.softmax(-1), self.p, self.training)
        out = self.attention.out_proj((weights @ v).transpose(1, 2).reshape(B, T, d))
        x = x + nn.functional.dropout(out, self.p, self.training)
        return x + self.ffn(self.norm2(x))
""",
        "sequence first, in einsum": """
class CrossAttentionBlock(nn.Module):
    def __init__(self, d_model, num_heads, dropout=0.0):
        super().__init__()
        self.norm1 = nn.LayerNorm(d_model, eps=1e-5)
        self.attention = nn.MultiheadAttention(d_model, num_heads, dropout=dropout)
        self.norm2 = nn.LayerNorm(d_model, eps=1e-5)
        self.ffn = nn.Sequential()
        self.ffn.add_module("0", nn.Linear(d_model, d_model * 4))
        self.ffn.add_module("1", nn.GELU())
        self.ffn.add_module("2", nn.Dropout(p=dropout))
        self.ffn.add_module("3", nn.Linear(d_model * 4, d_model))
        self.drop1, self.drop2 = nn.Dropout(dropout), nn.Dropout(dropout)

    def forward(self, x, memory, memory_padding=None):
        kv = memory.transpose(0, 1)
        out = self.attention(self.norm1(x).transpose(0, 1), kv, kv, key_padding_mask=memory_padding)[0]
        x = x + self.drop1(out.transpose(0, 1))
        x = x + self.drop2(self.ffn(self.norm2(x)))
        return x
""",
        "a float mask": """
class CrossAttentionBlock(nn.Module):
    def __init__(self, d_model, num_heads, dropout=0.0):
        super().__init__()
        self.heads = num_heads
        self.norm1 = nn.LayerNorm(d_model)
        self.norm2 = nn.LayerNorm(d_model)
        self.attention = nn.MultiheadAttention(d_model, num_heads, dropout=dropout, batch_first=True)
        self.ffn = nn.Sequential(
            nn.Linear(d_model, 4 * d_model), nn.GELU(), nn.Dropout(dropout), nn.Linear(4 * d_model, d_model)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, memory, memory_padding=None):
        mask = None
        if memory_padding is not None:
            mask = torch.zeros(memory_padding.shape).masked_fill(memory_padding, float("-inf"))
            mask = mask[:, None].expand(-1, x.shape[1], -1).repeat_interleave(self.heads, 0)
        h, _ = self.attention(query=self.norm1(x), key=memory, value=memory, attn_mask=mask)
        h = x + self.dropout(h)
        return h + self.dropout(self.ffn(self.norm2(h)))
""",
        "scaled_dot_product_attention": """
import torch.nn.functional as F

class CrossAttentionBlock(nn.Module):
    def __init__(self, d_model, num_heads, dropout=0.0):
        super().__init__()
        self.d, self.h, self.p = d_model, num_heads, dropout
        self.norm1 = nn.LayerNorm(d_model)
        self.attention = nn.MultiheadAttention(d_model, num_heads, batch_first=True)
        self.norm2 = nn.LayerNorm(d_model)
        self.ffn = nn.ModuleList([
            nn.Linear(d_model, 4 * d_model), nn.GELU(), nn.Dropout(dropout), nn.Linear(4 * d_model, d_model)
        ])

    def split(self, t):
        return t.unflatten(-1, (self.h, self.d // self.h)).transpose(1, 2)

    def forward(self, x, memory, memory_padding=None):
        a, p = self.attention, self.p if self.training else 0.0
        q = F.linear(self.norm1(x), a.in_proj_weight[: self.d], a.in_proj_bias[: self.d])
        k, v = F.linear(memory, a.in_proj_weight[self.d :], a.in_proj_bias[self.d :]).chunk(2, -1)
        mask = None if memory_padding is None else ~memory_padding[:, None, None]
        z = F.scaled_dot_product_attention(self.split(q), self.split(k), self.split(v), mask, p)
        x = x + F.dropout(a.out_proj(z.transpose(1, 2).flatten(2)), p)
        y = self.norm2(x)
        for layer in self.ffn:
            y = layer(y)
        return x + F.dropout(y, p)
""",
    },
    "p4.init": {
        "by names": """
def initialise(model, new):
    with torch.no_grad():
        for part in new:
            norms = {id(p) for m in part.modules() if isinstance(m, nn.LayerNorm) for p in m.parameters()}
            for name, parameter in part.named_parameters():
                if name.endswith("bias"):
                    parameter.zero_()
                elif id(parameter) in norms:
                    parameter.fill_(1)
                else:
                    nn.init.xavier_uniform_(parameter)
""",
        "apply, query and key and value apart": """
def _set(module):
    if isinstance(module, nn.LayerNorm):
        module.reset_parameters()
    elif isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.MultiheadAttention):
        if module.in_proj_weight is not None:
            for matrix in module.in_proj_weight.chunk(3):
                nn.init.xavier_uniform_(matrix)
        else:
            for matrix in (module.q_proj_weight, module.k_proj_weight, module.v_proj_weight):
                nn.init.xavier_uniform_(matrix)
        nn.init.zeros_(module.in_proj_bias)

def initialise(model, new):
    for part in new:
        part.apply(_set)
""",
        "numbers drawn by hand": """
def initialise(model, new):
    for part in new:
        for parameter in part.parameters():
            if parameter.ndim == 2:
                rows, columns = parameter.shape
                bound = (6 / (rows + columns)) ** 0.5
                parameter.data = (torch.rand(rows, columns) * 2 - 1) * bound
            else:
                parameter.data.zero_()
        for module in part.modules():
            if isinstance(module, nn.LayerNorm):
                module.weight.data.fill_(1.0)
""",
        "numpy": """
import numpy as np

def initialise(model, new):
    rng = np.random.default_rng(int(torch.randint(2**31, ())))
    for part in new:
        for module in part.modules():
            own = dict(module.named_parameters(recurse=False))
            for name, parameter in own.items():
                if parameter.dim() > 1:
                    b = np.sqrt(6 / sum(parameter.shape))
                    drawn = rng.uniform(-b, b, size=tuple(parameter.shape))
                    parameter.data.copy_(torch.from_numpy(drawn))
                else:
                    is_scale = isinstance(module, nn.LayerNorm) and name == "weight"
                    parameter.data.fill_(1.0 if is_scale else 0.0)
""",
        "torch's reset, and then what it leaves": """
def initialise(model, new):
    for block in new:
        for m in block.modules():
            if isinstance(m, nn.MultiheadAttention):
                m._reset_parameters()
        for m in block.modules():
            if isinstance(m, nn.Linear):
                torch.nn.init.xavier_uniform_(m.weight)
                if m.bias is not None:
                    torch.nn.init.constant_(m.bias, 0.0)
            if isinstance(m, nn.LayerNorm):
                torch.nn.init.constant_(m.weight, 1.0)
                torch.nn.init.constant_(m.bias, 0.0)
""",
    },
    "p4.groups": {
        "one group for each parameter, by its name": """
import re

def groups(model, lr_new, decay, weight_decay):
    result = []
    for name, p in model.named_parameters():
        stack = {"encoder": model.encoder, "decoder": model.decoder}.get(name.split(".")[0])
        if stack is None:
            power = 0
        elif m := re.search(r"^\\w+\\.layers\\.(\\d+)\\.", name):
            power = len(stack.layers) - int(m.group(1))
        elif ".".join(name.split(".")[1:]) in ("norm.weight", "norm.bias"):
            power = 1
        else:
            power = len(stack.layers) + 1
        table = name in ("encoder.cls", "encoder.positions", "decoder.positions.weight",
                         "decoder.tokens.weight", "decoder.head.weight")
        wd = 0.0 if p.ndim < 2 or table else weight_decay
        result.append({"params": [p], "lr": lr_new * decay**power, "weight_decay": wd})
    return result

def schedule(optimizer, total, warmup, floor=0.1):
    import numpy as np
    curve = [s / warmup for s in range(warmup)]
    if total > warmup:
        x = np.linspace(0, np.pi, total - warmup + 1)
        curve += list(floor + (1 - floor) * 0.5 * (1 + np.cos(x)))
    curve.append(floor)
    return torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: float(floor if s >= total else curve[s])
    )
""",
        "collected by rate": """
from collections import defaultdict

def groups(model, lr_new, decay, weight_decay):
    rate = {}
    for stack in (model.encoder, model.decoder):
        n = len(stack.layers)
        for p in stack.parameters():
            rate[p] = lr_new * decay ** (n + 1)
        for k in range(n):
            for p in stack.layers[k].parameters():
                rate[p] = lr_new * decay ** (n - k)
        for p in stack.norm.parameters():
            rate[p] = lr_new * decay
    tables = {model.encoder.cls, model.encoder.positions}
    tables |= {m.weight for m in model.modules() if isinstance(m, nn.Embedding)}
    collected = defaultdict(list)
    for p in model.parameters():
        wd = weight_decay if p.dim() > 1 and p not in tables else 0.0
        collected[rate.get(p, lr_new), wd].append(p)
    return [dict(params=ps, lr=lr, weight_decay=wd) for (lr, wd), ps in collected.items()]

class _Own(torch.optim.lr_scheduler.LRScheduler):
    def __init__(self, optimizer, total, warmup, floor):
        self.total, self.warmup, self.floor = total, warmup, floor
        super().__init__(optimizer)

    def get_lr(self):
        s = self.last_epoch
        if s < self.warmup:
            f = s / self.warmup
        elif s < self.total:
            u = (s - self.warmup) / (self.total - self.warmup)
            f = 0.5 * (1 + self.floor) + 0.5 * (1 - self.floor) * math.cos(math.pi * u)
        else:
            f = self.floor
        return [base * f for base in self.base_lrs]

def schedule(optimizer, total, warmup, floor=0.1):
    return _Own(optimizer, total, warmup, floor)
""",
        "generators, empty groups and tensors as rates": """
def _split(parameters, lr, weight_decay, skip=()):
    parameters = list(parameters)
    ids = {id(p) for p in skip}
    yes = [p for p in parameters if p.ndim > 1 and id(p) not in ids]
    no = [p for p in parameters if not (p.ndim > 1 and id(p) not in ids)]
    yield {"params": yes, "lr": lr, "weight_decay": weight_decay}
    yield {"params": no, "lr": lr, "weight_decay": 0}

def groups(model, lr_new, decay, weight_decay):
    made = []
    for part in [model.cross, model.projection]:
        made += _split(part.parameters(), lr_new, weight_decay)
    for stack in [model.encoder, model.decoder]:
        lr = lr_new
        made_here = []
        for depth, layer in enumerate(reversed(stack.layers)):
            lr = lr * decay
            made_here += _split(layer.parameters(), lr, weight_decay)
            if depth == 0:
                made_here += _split(stack.norm.parameters(), lr, weight_decay)
        held = {id(p) for group in made_here for p in group["params"]}
        rest = [p for p in stack.parameters() if id(p) not in held]
        skip = [p for n, p in stack.named_parameters() if not n.startswith("patch")]
        made += made_here + list(_split(rest, lr * decay, weight_decay, skip))
    return made

class _PerGroup:
    def __init__(self, optimizer, total, warmup, floor):
        self.optimizer, self.s = optimizer, 0
        self.total, self.warmup, self.floor = total, warmup, floor
        self.peaks = [g["lr"] for g in optimizer.param_groups]
        self.write()

    def write(self):
        s = min(self.s, self.total)
        if s >= self.total:
            f = self.floor
        elif s < self.warmup:
            f = s / self.warmup
        else:
            u = (s - self.warmup) / (self.total - self.warmup)
            f = self.floor + (1 - self.floor) * math.cos(math.pi * u / 2) ** 2
        for g, peak in zip(self.optimizer.param_groups, self.peaks):
            g["lr"] = peak * f

    def step(self):
        self.s += 1
        self.write()

def schedule(optimizer, total, warmup, floor=0.1):
    return _PerGroup(optimizer, total, warmup, floor)
""",
        "two factors for each group": """
def schedule(optimizer, total, warmup, floor=0.1):
    def up(s):
        return 1.0 if warmup == 0 else min(1.0, s / warmup)

    def down(s):
        if s >= total:
            return floor
        if total == warmup:
            return 1.0
        u = min(1.0, max(0.0, (s - warmup) / (total - warmup)))
        return floor + (1 - floor) * (1 + math.cos(math.pi * u)) / 2

    factors = [lambda s: up(s) * down(s) for _ in optimizer.param_groups]
    return torch.optim.lr_scheduler.LambdaLR(optimizer, factors)
""",
    },
}

THOUGHTLESS: dict[str, dict[str, str]] = {
    "p4.captions": {
        "the captions as they are": "def mirror(tokens, left_id, right_id):\n    return tokens",
        "a copy of them": "def mirror(tokens, left_id, right_id):\n    return tokens.clone()",
        "zeros": "def mirror(tokens, left_id, right_id):\n    return torch.zeros_like(tokens)",
        "all left": "def mirror(tokens, left_id, right_id):\n    return torch.full_like(tokens, left_id)",
        "the sentences of the handout": """
def mirror(tokens, left_id, right_id):
    known = {(12, 5): 13, (13, 3): 12}
    made = tokens.clone()
    for row in made:
        if len(row) == 7 and (int(row[3]), int(row[4])) in known:
            row[3] = known[int(row[3]), int(row[4])]
    return made
""",
    },
    "p4.loss": {
        "nothing": """
def caption_loss(logits, captions, pad, smoothing=0.0):
    return logits.sum() * 0, torch.ones(())
""",
        "knowing nothing": """
def caption_loss(logits, captions, pad, smoothing=0.0):
    words = logits.shape[-1]
    return logits.sum() * 0 + math.log(words), torch.tensor(float(words))
""",
        "the mean of the logits": """
def caption_loss(logits, captions, pad, smoothing=0.0):
    return logits.mean(), logits.mean().exp()
""",
        "the figures of the handout": """
def caption_loss(logits, captions, pad, smoothing=0.0):
    figures = {4: 1.3862944, 50257: 10.824905, 14: 0.547273}
    loss = figures.get(logits.shape[-1], 1.0)
    return logits.sum() * 0 + loss, torch.tensor(1.1023622 if loss < 1 else math.exp(loss))
""",
    },
    "p4.block": {
        "the words as they are": """
def _forward(self, x, memory, memory_padding=None):
    return x

CrossAttentionBlock.forward = _forward
""",
        "zeros": """
def _forward(self, x, memory, memory_padding=None):
    return torch.zeros_like(x)

CrossAttentionBlock.forward = _forward
""",
        "the mean of the memory": """
def _forward(self, x, memory, memory_padding=None):
    return x + memory.mean(1, keepdim=True)

CrossAttentionBlock.forward = _forward
""",
    },
    "p4.init": {
        "nothing": "def initialise(model, new):\n    pass",
        "zeros": """
def initialise(model, new):
    for part in new:
        for parameter in part.parameters():
            nn.init.zeros_(parameter)
""",
        "everything drawn alike": """
def initialise(model, new):
    for parameter in model.parameters():
        nn.init.uniform_(parameter, -0.1, 0.1)
""",
    },
    "p4.groups": {
        "one group": """
def groups(model, lr_new, decay, weight_decay):
    return [{"params": list(model.parameters()), "lr": lr_new, "weight_decay": weight_decay}]

def schedule(optimizer, total, warmup, floor=0.1):
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
""",
        "nothing": """
def groups(model, lr_new, decay, weight_decay):
    return []

def schedule(optimizer, total, warmup, floor=0.1):
    return torch.optim.lr_scheduler.ConstantLR(optimizer)
""",
        "the notes' groups and their cosine": """
def groups(model, lr_new, decay, weight_decay):
    half = lambda layers: len(layers) // 2
    cut = []
    for stack in (model.encoder, model.decoder):
        middle = half(stack.layers)
        cut.append({"params": [p for m in stack.layers[:middle] for p in m.parameters()], "lr": 1e-6})
        cut.append({"params": [p for m in stack.layers[middle:] for p in m.parameters()], "lr": 5e-6})
    cut.append({"params": list(model.cross.parameters()), "lr": 5e-5})
    cut.append({"params": list(model.decoder.head.parameters()), "lr": 1e-5})
    return [group | {"weight_decay": 0.01} for group in cut]

def schedule(optimizer, total, warmup, floor=0.1):
    def factor(step):
        if step < warmup:
            return step / max(1, warmup)
        return max(0.0, 0.5 * (1.0 + math.cos(math.pi * (step - warmup) / max(1, total - warmup))))
    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
""",
    },
}
