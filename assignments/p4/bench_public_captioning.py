"""Runs beside captioning.py in the worker: modules and optimizers cannot cross the border, figures can."""

from __future__ import annotations

import math
from itertools import pairwise

import captioning
import torch
from torch import Tensor, nn

# ---- p4.captions and p4.loss -------------------------------------------------------------------------------


def mirrored_captions(tokens: Tensor, left_id: int, right_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    """What `mirror` gives, and what its argument is afterwards."""
    given = tokens.clone()
    made = torch.as_tensor(captioning.mirror(given, left_id, right_id)).clone()
    return made, given


def caption_gradient(logits: Tensor, captions: Tensor, pad: int, smoothing: float) -> torch.Tensor:
    """Gradient of the loss with respect to the logits; zeros where the loss does not reach them."""
    logits = logits.clone().requires_grad_()
    captioning.caption_loss(logits, captions.clone(), pad, smoothing)[0].backward()
    return torch.zeros_like(logits) if logits.grad is None else logits.grad


# ---- p4.block ----------------------------------------------------------------------------------------------


def cross_shapes(d_model: int, num_heads: int) -> dict[str, list[int]]:
    """state_dict keys of a CrossAttentionBlock and their shapes."""
    state = captioning.CrossAttentionBlock(d_model, num_heads).state_dict()
    return {key: list(value.shape) for key, value in state.items()}


def cross_output(
    weights: dict[str, Tensor],
    num_heads: int,
    x: Tensor,
    memory: Tensor,
    memory_padding: Tensor | None = None,
) -> torch.Tensor:
    """What a CrossAttentionBlock with these weights makes of x and memory, in eval mode."""
    block = captioning.CrossAttentionBlock(x.shape[-1], num_heads).eval()
    block.load_state_dict(weights)
    with torch.no_grad():
        return block(x, memory, memory_padding)


# ---- p4.init -----------------------------------------------------------------------------------------------


def initialised_parts(
    structure: str, width: int, seed: int, fill: float
) -> dict[str, dict[str, torch.Tensor] | list[str] | list[bool]]:
    """Fills the new parts of a model with one number, then lets `initialise` act.

    Args:
        structure: name of one of the models below.
        width: its size.
        seed: what the old parts and the draws depend on.
        fill: what every new parameter is before.

    Returns:
        "new": the new parameters by name; "moved": names of other parameters and of buffers that are not
        what they were; "replaced": names that are other Parameter objects than before, or came, or went;
        "frozen": for each parameter whether it is.
    """
    torch.manual_seed(seed)
    model, new = _STRUCTURES[structure](width)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    fresh = {names[id(parameter)] for part in new for parameter in part.parameters()}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in fresh:
                parameter.fill_(fill)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    objects = dict(model.named_parameters())
    captioning.initialise(model, new)
    after, now = model.state_dict(), dict(model.named_parameters())
    moved = [
        name
        for name in before
        if name not in fresh and not (name in after and torch.equal(before[name], after[name]))
    ]
    replaced = [name for name in {*objects, *now} if objects.get(name) is not now.get(name)]
    return {
        "new": {name: parameter.detach() for name, parameter in now.items() if name in fresh},
        "moved": sorted(moved),
        "replaced": sorted(replaced),
        "frozen": [not parameter.requires_grad for parameter in now.values()],
    }


def _block(width: int) -> nn.ModuleDict:
    """A cross-attention block as the question p4.block describes it."""
    feed_forward = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
    norms = {name: nn.LayerNorm(width) for name in ("norm1", "norm2")}
    attention = nn.MultiheadAttention(width, 2, batch_first=True)
    return nn.ModuleDict({**norms, "attention": attention, "ffn": feed_forward})


def _old(width: int) -> nn.ModuleDict:
    """Pretrained parts of all kinds, whose numbers show any touch."""
    layer = nn.TransformerEncoderLayer(width, 2, 2 * width, batch_first=True)
    table = nn.Embedding(11, width)
    parts = {"layer": layer, "tokens": table, "norm": nn.LayerNorm(width), "batch": nn.BatchNorm1d(width)}
    old = nn.ModuleDict({**parts, "attention": nn.MultiheadAttention(width, 2), "out": nn.Linear(width, 3)})
    with torch.no_grad():
        for value in (*old.parameters(), *old.buffers()):
            if value.is_floating_point():
                value.normal_()
    for parameter in table.parameters():
        parameter.requires_grad_(False)
    return old


def _one_block(width: int) -> tuple[nn.Module, list[nn.Module]]:
    model = nn.ModuleDict({"old": _old(width), "cross": nn.ModuleList([_block(width)])})
    return model, list(model["cross"])


def _blocks_and_projection(width: int) -> tuple[nn.Module, list[nn.Module]]:
    cross = nn.ModuleList(_block(width) for _ in range(2))
    projection = nn.Linear(width // 2, width)
    model = nn.ModuleDict({"cross": cross, "projection": projection, "old": _old(width)})
    return model, [cross, projection]


def _attention_alone(width: int) -> tuple[nn.Module, list[nn.Module]]:
    """One attention that is itself the new part."""
    model = nn.ModuleDict({"old": _old(width), "looks": nn.MultiheadAttention(width, 2)})
    return model, [model["looks"]]


def _other_width(width: int) -> tuple[nn.Module, list[nn.Module]]:
    """Attention to a memory of another width keeps its three matrices apart."""
    attention = nn.MultiheadAttention(width, 2, kdim=width // 2, vdim=3 * width, batch_first=True)
    cross = nn.ModuleDict({"attention": attention, "norm": nn.LayerNorm(width)})
    model = nn.ModuleDict({"old": _old(width), "cross": cross})
    return model, [cross]


def _deep(width: int) -> tuple[nn.Module, list[nn.Module]]:
    """New parts inside old ones, three containers deep, with a Linear that has no bias."""
    old = nn.ModuleList(_old(width) for _ in range(2))
    for layer in old:
        inner = nn.Sequential(nn.Linear(width, width, bias=False), nn.Dropout(0.1))
        layer["adapter"] = nn.Sequential(nn.LayerNorm(width), nn.Sequential(inner, nn.ReLU()))
    return nn.ModuleDict({"layers": old}), [layer["adapter"] for layer in old]


def _frozen_new(width: int) -> tuple[nn.Module, list[nn.Module]]:
    """A new block that is not trained yet."""
    model, new = _one_block(width)
    for part in new:
        part.requires_grad_(False)
    return model, new


def _nothing_new(width: int) -> tuple[nn.Module, list[nn.Module]]:
    return _one_block(width)[0], []


_STRUCTURES = {
    "one block": _one_block,
    "blocks and projection": _blocks_and_projection,
    "attention alone": _attention_alone,
    "other width": _other_width,
    "deep": _deep,
    "frozen": _frozen_new,
    "nothing new": _nothing_new,
}

# ---- p4.groups ---------------------------------------------------------------------------------------------


class _Encoder(nn.Module):
    """The image's half, with the attributes that `groups` describes."""

    def __init__(self, width: int, depth: int, patches: int) -> None:
        super().__init__()
        self.patch_embedding = nn.Conv2d(3, width, 2, 2)
        self.cls = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.zeros(1, 1 + patches, width))
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, 2, 2 * width, norm_first=True, batch_first=True)
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width)


class _Scaled(nn.Module):
    """A layer of another kind: names say nothing, and a vector scales what it adds."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.Linear(width, width)
        self.mix = nn.MultiheadAttention(width, 2)
        self.scale = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width, width))


class _Decoder(nn.Module):
    """The words' half; ``head_first`` registers the head before the table that it shares."""

    def __init__(self, width: int, depth: int, *, head_first: bool) -> None:
        super().__init__()
        words = 13
        if head_first:
            self.head = nn.Linear(width, words, bias=False)
        self.tokens = nn.Embedding(words, width)
        self.positions = nn.Embedding(9, width)
        self.layers = nn.ModuleList(_Scaled(width) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        if not head_first:
            self.head = nn.Linear(width, words, bias=False)
        self.head.weight = self.tokens.weight


class _Captioner(nn.Module):
    """Two pretrained stacks, and new parts between them."""

    def __init__(self, encoder_depth: int, decoder_depth: int, width: int, *, head_first: bool) -> None:
        super().__init__()
        self.decoder = _Decoder(2 * width, decoder_depth, head_first=head_first)
        self.encoder = _Encoder(width, encoder_depth, 4)
        self.projection = nn.Linear(width, 2 * width)
        self.cross = nn.ModuleList(_block(2 * width) for _ in range(decoder_depth))


def captioner_groups(
    encoder_depth: int,
    decoder_depth: int,
    width: int,
    lr_new: float,
    decay: float,
    weight_decay: float,
    head_first: bool,
    frozen: list[str] | None = None,
) -> dict[str, dict[str, list[float]] | int]:
    """An AdamW of the groups of a small captioner.

    Args:
        frozen: how the names of parameters begin that are frozen.

    Returns:
        "lr" and "weight_decay": for every name of a parameter (the shared one has two) those of each group
        that holds it; "strangers": parameters in the groups that are not the model's.
    """
    model = _Captioner(encoder_depth, decoder_depth, width, head_first=head_first)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not name.startswith(tuple(frozen or ())))
    made = captioning.groups(model, lr_new, decay, weight_decay)
    # The optimizer's own defaults show where a group says nothing.
    optimizer = torch.optim.AdamW(made, lr=123.0, weight_decay=456.0)
    named = dict(model.named_parameters(remove_duplicate=False))
    known = {id(parameter) for parameter in named.values()}

    def held(key: str) -> dict[str, list[float]]:
        return {
            name: [
                float(group[key])
                for group in optimizer.param_groups
                if any(parameter is one for one in group["params"])
            ]
            for name, parameter in named.items()
        }

    strangers = sum(id(one) not in known for group in optimizer.param_groups for one in group["params"])
    return {"lr": held("lr"), "weight_decay": held("weight_decay"), "strangers": strangers}


def scheduled_rates(
    peaks: list[float], total: int, warmup: int, floor: float | None, steps: list[int]
) -> list[torch.Tensor]:
    """Learning rates of an optimizer with one group for each peak under `schedule`.

    Args:
        floor: None: not given, so that the default acts.
        steps: ascending numbers of updates after which to look, from 0.

    Returns:
        For each group its rates, (len(steps),) float64.
    """
    weights = [nn.Parameter(torch.zeros(())) for _ in peaks]
    settings = [{"params": [weight], "lr": peak} for weight, peak in zip(weights, peaks, strict=True)]
    optimizer = torch.optim.SGD(settings, lr=math.nan)
    chosen = {} if floor is None else {"floor": floor}
    scheduler = captioning.schedule(optimizer, total, warmup, **chosen)
    seen = []
    for before, now in pairwise([0, *steps]):
        for _ in range(now - before):
            optimizer.step()
            scheduler.step()
        seen.append([float(group["lr"]) for group in optimizer.param_groups])
    return list(torch.tensor(seen, dtype=torch.float64).T)
