"""Answers to p4's training.py, appended to the reference: right ones in other styles, and thoughtless ones.

Rows are (question, text). Those of REWRITES must earn everything, those of THOUGHTLESS nothing.
"""

REWRITES = {
    "alerts_in_numpy": (
        "p4.monitor",
        """
from numpy.lib.stride_tricks import sliding_window_view


def alerts(trace):
    loss, norm = np.array(trace["loss"]), np.array(trace["grad_norm"])
    broken = ~(np.isfinite(loss) & np.isfinite(norm))
    n = int(broken.argmax()) if broken.any() else len(loss)
    loss, norm = loss[:n], norm[:n]
    out = {"nan": n} if broken.any() else {}

    def first(name, mask, offset):
        if mask.any():
            out[name] = int(mask.argmax()) + offset

    for name, column, factor in (("spike", loss, 3), ("exploding_grad", norm, 10)):
        usual = np.median(sliding_window_view(column[:-1], 50), axis=1)
        first(name, column[50:] > factor * usual, 50)
    w = trace["warmup"]
    if n > w + 200:
        recent = sliding_window_view(loss, 200).min(axis=1)[w + 1 :]
        first("plateau", recent > 0.99 * np.minimum.accumulate(loss[w : n - 200]), w + 200)
    plan = np.array(trace["planned_lr"][:n])
    off = np.abs(np.array(trace["lr"][:n]) / plan - 1) > 1e-3
    first("lr_off_schedule", off[1:] & off[:-1], 1)
    speed = np.array(trace["throughput"][:n])
    slow = speed < np.median(speed[:50]) / 2
    first("throughput_drop", sliding_window_view(slow, 20).all(axis=1), 19)
    at = np.array([s for s in trace["eval_steps"] if s < n])
    val, score = np.array(trace["val_loss"])[: len(at)], np.array(trace["caption_score"])[: len(at)]
    for k in range(2, len(at)):
        last = slice(k - 2, k + 1)
        if (val[last] < trace["chance_loss"] / 2).all() and (score[last] < 0.05).all():
            out.setdefault("score_disagrees", at[k])
        if k > 2 and (np.diff(val[k - 3 : k + 1]) > 0).all():
            now, then = (np.median(loss[: s + 1][-50:]) for s in (at[k], at[k - 3]))
            if now < then:
                out.setdefault("overfit", at[k])
    return out
""",
    ),
    "alerts_in_torch": (
        "p4.monitor",
        """
def alerts(trace):
    loss = torch.tensor(trace["loss"], dtype=torch.float64)
    norm = torch.tensor(trace["grad_norm"], dtype=torch.float64)
    bad = torch.nonzero(~(loss.isfinite() & norm.isfinite())).flatten()
    n = int(bad[0]) if len(bad) else len(loss)
    found = [("nan", bad[0])] if len(bad) else []
    column = {name: torch.tensor(trace[name][:n], dtype=torch.float64)
              for name in ("loss", "grad_norm", "lr", "planned_lr", "throughput")}
    for t in range(n):
        window = slice(t - 50, t)
        if t >= 50:
            if column["loss"][t] > 3 * column["loss"][window].median():
                found.append(("spike", t))
            if column["grad_norm"][t] > 10 * column["grad_norm"][window].median():
                found.append(("exploding_grad", t))
        if t >= trace["warmup"] + 200:
            before = column["loss"][trace["warmup"] : t - 199].min()
            if column["loss"][t - 199 : t + 1].min() >= 0.99 * before:
                found.append(("plateau", t))
    off = (column["lr"] - column["planned_lr"]).abs() >= 1e-3 * column["planned_lr"]
    found += [("lr_off_schedule", t) for t in range(1, n) if off[t] and off[t - 1]]
    slow = column["throughput"] <= 0.5 * column["throughput"][:50].median()
    found += [("throughput_drop", t) for t in range(19, n) if slow[t - 19 : t + 1].all()]
    rises = quiet = 0
    steps = trace["eval_steps"]
    for k, step in enumerate(steps):
        if step >= n:
            break
        rises = rises + 1 if k and trace["val_loss"][k] > trace["val_loss"][k - 1] else 0
        low = trace["val_loss"][k] < 0.5 * trace["chance_loss"] and trace["caption_score"][k] < 0.05
        quiet = quiet + 1 if low else 0
        if quiet >= 3:
            found.append(("score_disagrees", step))
        if rises >= 3:
            now = column["loss"][step - 49 : step + 1].median()
            if now < column["loss"][steps[k - 3] - 49 : steps[k - 3] + 1].median():
                found.append(("overfit", step))
    return {name: step for name, step in reversed(found)}
""",
    ),
    "step_clipped_by_hand": (
        "p4.amp",
        """
def train_step(model, batch, loss_fn, optimizer, scheduler, scaler, max_norm, dtype):
    for p in model.parameters():
        p.grad = None
    with torch.amp.autocast(device_type="cpu", dtype=dtype, enabled=True):
        loss = loss_fn(model(batch[0]), batch[1])
    (loss if scaler is None else scaler.scale(loss)).backward()
    if scaler is not None:
        scaler.unscale_(optimizer)
    norm = sum((p.grad.double() ** 2).sum() for p in model.parameters()) ** 0.5
    if norm > max_norm:
        for p in model.parameters():
            p.grad.mul_(max_norm / norm)
    if scaler is None:
        optimizer.step()
    else:
        scaler.step(optimizer)
        scaler.update()
    if scaler is None or torch.isfinite(norm):
        scheduler.step()
    return loss.detach(), norm
""",
    ),
    "step_with_a_scaler_that_sleeps": (
        "p4.amp",
        """
def train_step(model, batch, loss_fn, optimizer, scheduler, scaler, max_norm, dtype):
    model.train()
    inputs, targets = batch
    scaler = scaler or torch.amp.GradScaler("cpu", enabled=False)
    with torch.autocast(device_type=inputs.device.type, dtype=dtype):
        outputs = model(inputs)
        loss = loss_fn(outputs, targets)
    optimizer.zero_grad(set_to_none=False)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    grads = [p.grad for g in optimizer.param_groups for p in g["params"]]
    total = torch.nn.utils.get_total_norm(grads)
    torch.nn.utils.clip_grads_with_norm_(model.parameters(), max_norm, total)
    before = scaler.get_scale()
    scaler.step(optimizer)
    scaler.update()
    skipped = before > scaler.get_scale()
    if not skipped:
        scheduler.step()
    optimizer.zero_grad()
    return float(loss), float(total)
""",
    ),
    "checkpoint_pickled": (
        "p4.checkpoint",
        """
import pickle
import tempfile


def save(state, path):
    parts = {k: v.state_dict() for k, v in vars(state).items() if hasattr(v, "state_dict")}
    rest = {k: v for k, v in vars(state).items() if not hasattr(v, "state_dict")}
    blob = pickle.dumps((parts, rest, random.getstate(), np.random.get_state(), torch.random.get_rng_state()))
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(blob)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)


def load(state, path):
    parts, rest, python, numpy_state, torch_state = pickle.loads(path.read_bytes())
    for name, value in parts.items():
        getattr(state, name).load_state_dict(value)
    for name, value in rest.items():
        setattr(state, name, value)
    random.setstate(python)
    np.random.set_state(numpy_state)
    torch.random.set_rng_state(torch_state)


def should_save(step, score, best, total, every=5000):
    due = set()
    if not step % every:
        due.add("regular")
    if score is not None and score == score:
        if best is None:
            due.add("best")
        elif score > best:
            due.add("best")
    if step >= total:
        due |= {"final"}
    return due
""",
    ),
    "checkpoint_in_memory_first": (
        "p4.checkpoint",
        """
import io
import shutil


def save(state, path):
    buffer = io.BytesIO()
    torch.save({
        "weights": state.model.state_dict(), "optimizer": state.optimizer.state_dict(),
        "scheduler": state.scheduler.state_dict(),
        "scaler": state.scaler.state_dict() if state.scaler else {},
        "progress": dict(order=state.order.clone(), position=state.position, step=state.step,
                         epoch=state.epoch, best=state.best),
        "rng": {"torch": torch.get_rng_state(), "numpy": np.random.get_state(legacy=False),
                "python": random.getstate()},
    }, buffer)
    temporary = f"{path}.tmp"
    with open(temporary, "wb") as file:
        file.write(buffer.getvalue())
    shutil.move(temporary, path)


def load(state, path):
    kept = torch.load(str(path), weights_only=False, map_location="cpu")
    state.model.load_state_dict(kept["weights"], strict=True)
    state.optimizer.load_state_dict(kept["optimizer"])
    state.scheduler.load_state_dict(kept["scheduler"])
    if state.scaler:
        state.scaler.load_state_dict(kept["scaler"])
    vars(state).update(kept["progress"])
    torch.set_rng_state(kept["rng"]["torch"])
    np.random.set_state(kept["rng"]["numpy"])
    random.setstate(kept["rng"]["python"])


def should_save(step, score, best, total, every=5000):
    better = float("-inf") if best is None else best
    first = best is None and score is not None and not math.isnan(score)
    return ({"regular"} if step % every == 0 else set()) | (
        {"best"} if first or (score is not None and score > better) else set()) | (
        {"final"} if step == total else set())
""",
    ),
    "ranks_in_numpy_and_two_passes": (
        "p4.distributed",
        """
import torch.distributed as dist


def shard(n, world, rank, epoch, seed):
    if rank not in range(world):
        raise ValueError("no such rank")
    order = np.random.default_rng([seed, epoch]).permutation(n)
    return torch.from_numpy(np.array_split(order, world)[rank])


def accumulate(model, micro_batches, pad):
    count = torch.tensor(float(sum((t != pad).sum() for _, t in micro_batches)))
    up = dist.is_available() and dist.is_initialized()
    if up:
        dist.all_reduce(count, op=dist.ReduceOp.SUM)
    model.zero_grad()
    total = torch.zeros(())
    for x, y in micro_batches:
        logp = model(x).log_softmax(-1)
        real = y != pad
        picked = logp.gather(-1, y.where(real, 0)[..., None])[..., 0]
        loss = -(picked * real).sum() / count.clamp(min=1)
        loss.backward()
        total += loss.detach()
    if up:
        learning = [p for p in model.parameters() if p.requires_grad]
        flat = torch.cat([total[None]] + [(p.grad if p.grad is not None else torch.zeros_like(p)).flatten()
                                          for p in learning])
        dist.all_reduce(flat)
        total, at = flat[0], 1
        for p in learning:
            p.grad = flat[at : at + p.numel()].view_as(p).clone()
            at += p.numel()
    return total
""",
    ),
    "ranks_in_python_and_autograd_grad": (
        "p4.distributed",
        """
from random import Random


def shard(n, world, rank, epoch, seed):
    if rank < 0 or rank >= world:
        raise ValueError(rank)
    rows = list(range(n))
    Random(seed + epoch).shuffle(rows)
    return [row for at, row in enumerate(rows) if at % world == rank]


def accumulate(model, micro_batches, pad):
    model.train()
    params = [p for p in model.parameters() if p.requires_grad]
    sums = [torch.zeros_like(p) for p in params]
    loss_sum, tokens = 0.0, 0
    for x, y in micro_batches:
        if not (y != pad).any():
            continue
        loss = F.cross_entropy(model(x).transpose(1, 2), y, ignore_index=pad, reduction="none").sum()
        for total, g in zip(sums, torch.autograd.grad(loss, params, allow_unused=True)):
            if g is not None:
                total.add_(g)
        loss_sum += float(loss)
        tokens += int((y != pad).sum())
    if torch.distributed.is_initialized():
        everything = [None] * torch.distributed.get_world_size()
        torch.distributed.all_gather_object(everything, (loss_sum, tokens))
        loss_sum, tokens = map(sum, zip(*everything))
        for total in sums:
            torch.distributed.all_reduce(total)
    for p, total in zip(params, sums):
        p.grad = total / tokens if tokens else total
    return loss_sum / tokens if tokens else 0
""",
    ),
}

THOUGHTLESS = {
    "no_alert": ("p4.monitor", "def alerts(trace):\n    return {}"),
    "every_alert_at_once": (
        "p4.monitor",
        """
def alerts(trace):
    from given import ALERTS

    return dict.fromkeys(ALERTS, len(trace["loss"]) // 2)
""",
    ),
    "alert_of_the_example": ("p4.monitor", 'def alerts(trace):\n    return {"lr_off_schedule": 101}'),
    "nothing_is_trained": (
        "p4.amp",
        "def train_step(model, batch, loss_fn, optimizer, scheduler, scaler, max_norm, dtype):\n"
        "    return 9.0, 18.0",
    ),
    "zeros_for_a_step": (
        "p4.amp",
        "def train_step(model, batch, loss_fn, optimizer, scheduler, scaler, max_norm, dtype):\n"
        "    for p in model.parameters():\n"
        "        p.data.zero_()\n"
        "    return torch.zeros(()), torch.zeros(())",
    ),
    "empty_checkpoint": (
        "p4.checkpoint",
        """
def save(state, path):
    path.write_bytes(b"saved")


def load(state, path):
    path.read_bytes()


def should_save(step, score, best, total, every=5000):
    return {"regular", "best"}
""",
    ),
    "always_every_checkpoint": (
        "p4.checkpoint",
        """
def save(state, path):
    pass


def load(state, path):
    pass


def should_save(step, score, best, total, every=5000):
    return {"regular", "best", "final"}
""",
    ),
    "never_a_checkpoint": (
        "p4.checkpoint",
        """
def save(state, path):
    path.touch()


def load(state, path):
    pass


def should_save(step, score, best, total, every=5000):
    return set()
""",
    ),
    "everybody_gets_everything": (
        "p4.distributed",
        """
def shard(n, world, rank, epoch, seed):
    return list(range(n))


def accumulate(model, micro_batches, pad):
    return 0.0
""",
    ),
    "in_order_and_untrained": (
        "p4.distributed",
        """
def shard(n, world, rank, epoch, seed):
    return list(range(n))[rank::world]


def accumulate(model, micro_batches, pad):
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    return math.log(5)
""",
    ),
}
