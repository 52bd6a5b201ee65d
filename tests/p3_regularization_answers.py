"""Answers to p3's first half, appended to the reference: right ones in other styles, and thoughtless ones.

Rows are (question, text). Those of REWRITES must earn everything, those of THOUGHTLESS nothing.
"""

REWRITES = {
    "smoothing_by_torch": (
        "p3.smoothing",
        """
def smooth(y, K, eps):
    targets = torch.full((len(y), K), eps / K)
    targets[torch.arange(len(y)), y] += 1 - eps
    return targets


def smoothed_ce(logits, y, eps):
    return nn.CrossEntropyLoss(label_smoothing=eps)(logits, y)


def floor(K, eps):
    target = smooth(torch.tensor([0]), K, eps).double()
    return float(torch.special.entr(target).sum())


def possible(loss, K, eps):
    return bool(torch.as_tensor(loss) >= floor(K, eps) - 1e-6)
""",
    ),
    "smoothing_in_numpy": (
        "p3.smoothing",
        """
import numpy as np


def smooth(y, K, eps):
    rows = np.eye(K)[y.numpy()] * (1 - eps)
    rows += eps / K
    return torch.from_numpy(rows)


def smoothed_ce(logits, y, eps):
    logits = logits.double().numpy()
    top = logits.max(1, keepdims=True)
    logs = logits - top - np.log(np.exp(logits - top).sum(1, keepdims=True))
    return float(-(smooth(y, logits.shape[1], eps).numpy() * logs).sum(1).mean())


def floor(K, eps):
    target = np.array([1 - eps + eps / K] + [eps / K] * (K - 1))
    target = target[target > 0]
    return np.float64(-(target * np.log(target)).sum())


def possible(loss, K, eps):
    if loss != loss:
        return False
    return bool(loss - floor(K, eps) >= -1e-6)
""",
    ),
    "smoothing_in_loops": (
        "p3.smoothing",
        """
def smooth(y, K, eps):
    return torch.tensor([[1 - eps + eps / K if k == c else eps / K for k in range(K)] for c in y.tolist()])


def smoothed_ce(logits, y, eps):
    logs = torch.log_softmax(logits, dim=-1)
    total = torch.zeros(())
    for row, c in zip(logs, y):
        total = total - (1 - eps) * row[c] - eps * row.mean()
    return total / len(y)
""",
    ),
    "splits_in_numpy": (
        "p3.splits",
        """
import numpy as np


def held_out(hospitals, val, test):
    h = hospitals.numpy()
    if val == test or val not in h or test not in h or np.isin(h, [val, test]).all():
        raise ValueError("no")
    return tuple(torch.from_numpy(np.flatnonzero(m)) for m in (~np.isin(h, [val, test]), h == val, h == test))


def leave_one_out(hospitals):
    h = hospitals.numpy()
    names = np.unique(h)
    if names.size < 2:
        raise ValueError("no")
    rows = lambda mask: torch.from_numpy(np.where(mask)[0])
    return [(int(n), rows(h != n), rows(h == n)) for n in names]
""",
    ),
    "splits_in_loops_shuffled": (
        "p3.splits",
        """
def held_out(hospitals, val, test):
    parts = {"train": [], val: [], test: []}
    for i in reversed(range(len(hospitals))):
        h = int(hospitals[i])
        parts[h if h in (val, test) else "train"].append(i)
    if len(parts) != 3 or not all(parts.values()):
        raise ValueError("every part needs rows")
    validation = torch.tensor(parts[val], dtype=torch.int32)
    return torch.tensor(parts["train"]), validation, torch.tensor(parts[test])


def leave_one_out(hospitals):
    rows = {}
    for i, h in enumerate(hospitals.tolist()):
        rows.setdefault(h, []).append(i)
    if len(rows) == 1 or not rows:
        raise ValueError("two hospitals, please")
    folds = []
    for h in sorted(rows):
        rest = [i for other in rows if other != h for i in rows[other]]
        folds.append((h, torch.LongTensor(rest), torch.LongTensor(rows[h])))
    return folds
""",
    ),
    "diagnose_in_a_loop": (
        "p3.diagnose",
        """
def diagnose(history, num_classes):
    best = None
    for row in history:
        if row["val_loss"] == row["val_loss"] and (best is None or row["val_loss"] < best["val_loss"]):
            best = row
    *_, last = history
    chance = -math.log(1 / num_classes)
    result = {
        "best_epoch": best["epoch"], "gap": last["train_acc"] - last["val_acc"], "chance_loss": chance,
        "kind": "healthy",
    }
    if not last["train_loss"] <= 2 * chance:
        result["kind"] = "diverging"
        return result
    external = last.get("external_acc")
    if external is not None and external <= last["val_acc"] - 0.2:
        result["kind"] = "leak"
    elif last["val_loss"] / best["val_loss"] >= 1.15 and last["train_loss"] < best["train_loss"]:
        result["kind"] = "overfit"
    elif result["gap"] < 0.05 and last["train_acc"] < 0.6:
        result["kind"] = "underfit"
    return result
""",
    ),
    "diagnose_in_tensors": (
        "p3.diagnose",
        """
import numpy as np


def diagnose(history, num_classes):
    column = {
        key: np.array([np.nan if row[key] is None else row[key] for row in history]) for key in history[0]
    }
    best = int(np.nanargmin(column["val_loss"]))
    chance = torch.tensor(float(num_classes), dtype=torch.float64).log()
    gap = column["train_acc"][-1] - column["val_acc"][-1]
    train, val = column["train_loss"], column["val_loss"]
    conditions = [
        ("diverging", not np.isfinite(train[-1]) or train[-1] > 2 * chance.item()),
        ("leak", column["val_acc"][-1] - column["external_acc"][-1] >= 0.2),
        ("overfit", val[-1] >= 1.15 * val[best] and train[-1] < train[best]),
        ("underfit", column["train_acc"][-1] < 0.6 and gap < 0.05),
        ("healthy", True),
    ]
    kind = next(name for name, holds in conditions if holds)
    return {"kind": kind, "best_epoch": int(column["epoch"][best]), "gap": gap, "chance_loss": chance}
""",
    ),
    "mixup_row_by_row": (
        "p3.mixup",
        """
def mixup(x, y, alpha, num_classes, generator):
    onehot = torch.zeros(len(y), num_classes).scatter_(1, y[:, None], 1.0)
    if alpha <= 0:
        return x, onehot
    lam = sample_beta(alpha, len(x), generator)
    perm = torch.randperm(len(x), generator=generator)
    shaped = lam.reshape(-1, *[1] * (x.dim() - 1))
    return torch.lerp(x[perm], x, shaped), torch.lerp(onehot[perm], onehot, lam[:, None])
""",
    ),
    "mixup_with_the_larger_share": (
        "p3.mixup",
        """
def mixup(x, y, alpha, num_classes, generator):
    eye = torch.eye(num_classes)
    if alpha == 0:
        return x, eye[y]
    order = torch.randperm(len(x), generator=generator).tolist()
    lam = float(sample_beta(alpha, 1, generator)[0])
    lam = max(lam, 1 - lam)
    images = torch.stack([lam * x[i] + (1 - lam) * x[j] for i, j in enumerate(order)])
    targets = torch.stack([lam * eye[y[i]] + (1 - lam) * eye[y[j]] for i, j in enumerate(order)])
    return images, targets
""",
    ),
    "mixup_in_numpy": (
        "p3.mixup",
        """
import numpy as np


def mixup(x, y, alpha, num_classes, generator):
    rows = np.eye(num_classes)[y.numpy()]
    if not alpha:
        return x.numpy(), rows
    seed = int(torch.randint(2**31, (1,), generator=generator))
    rng = np.random.default_rng(seed)
    lam, p = rng.beta(alpha, alpha), rng.permutation(len(x))
    old = x.numpy()
    return (lam * old + (1 - lam) * old[p]).astype(np.float32), lam * rows + (1 - lam) * rows[p]
""",
    ),
    "calibration_bin_by_bin": (
        "p3.calibration",
        """
def accuracy_by(logits, labels, groups):
    result = {}
    for group in set(groups.tolist()):
        rows = groups == group
        result[group] = (logits[rows].argmax(1) == labels[rows]).float().mean()
    return result


def ece(probs, labels, bins=15):
    confidences, predictions = torch.max(probs, 1)
    accuracies = predictions.eq(labels)
    boundaries = torch.linspace(0, 1, bins + 1)
    error = torch.zeros(1)
    for lower, upper in zip(boundaries[:-1], boundaries[1:]):
        inside = confidences.gt(lower.item()) & confidences.le(upper.item())
        share = inside.float().mean()
        if share.item() > 0:
            gap = accuracies[inside].float().mean() - confidences[inside].mean()
            error += torch.abs(gap) * share
    return error.item()
""",
    ),
    "calibration_in_numpy": (
        "p3.calibration",
        """
import numpy as np


def accuracy_by(logits, labels, groups):
    right = logits.numpy().argmax(1) == labels.numpy() if len(logits) else np.zeros(0)
    names, place, counts = np.unique(groups.numpy(), return_inverse=True, return_counts=True)
    shares = np.bincount(place, weights=right, minlength=len(names)) / np.maximum(counts, 1)
    return {int(n): float(s) for n, s in zip(names, shares)}


def ece(probs, labels, bins=15):
    p = probs.double().numpy()
    confidence, right = p.max(1), p.argmax(1) == labels.numpy()
    place = np.digitize(confidence, np.linspace(0, 1, bins + 1), right=True)
    total = 0.0
    for k in np.unique(place):
        rows = place == k
        total += rows.mean() * abs(right[rows].mean() - confidence[rows].mean())
    return total
""",
    ),
    "strategy_of_the_sheet_without_its_faults": (
        "p3.strategy",
        """
STRATEGY = {
    "pretrained": (True, "keeps_good_weights"),
    "augmentation": (True, "new_inputs"),
    "dropout": (0.5, "restrains_weights"),
    "weight_decay": (0.001, "restrains_weights"),
    "early_stopping": (5, "keeps_good_weights"),
    "label_smoothing": (0.1, "limits_confidence"),
}
""",
    ),
    "strategy_of_four": (
        "p3.strategy",
        """
STRATEGY = {
    "mixup": (0.2, "new_inputs"),
    "lr_ratio": (10, "keeps_good_weights"),
    "early_stopping": (7.0, "keeps_good_weights"),
    "dropout": (0.3, "restrains_weights"),
}
""",
    ),
    "deploy_in_numpy": (
        "p3.generalise",
        """
import numpy as np


def deploy(reports):
    new = set(reports[0]["accuracy"])
    for report in reports:
        new -= set(report["trained_on"])
    if not new:
        raise ValueError("nothing to go by")
    means = [np.mean([report["accuracy"][name] for name in sorted(new)]) for report in reports]
    return reports[int(np.argmax(means))]["name"]
""",
    ),
}

# Augmentations in other styles: judged in the long test.
AUGMENTATIONS = {
    "shifts_by_whole_pixels": """
def augment(x, generator, train=True):
    if not train:
        return x
    films = []
    for film in x:
        limit = film.shape[-1] // 9
        down, right = torch.randint(-limit, limit + 1, (2,), generator=generator).tolist()
        films.append(film.roll((down, right), (1, 2)))
    return torch.stack(films) if films else x
""",
    "one_film_at_a_time_half_of_them": """
def augment(x, generator, train=True):
    out = x.clone()
    if not train:
        return out
    for i in range(len(out)):
        if torch.rand((), generator=generator) < 0.5:
            continue
        a = math.radians(float(torch.empty(1).uniform_(-25, 25, generator=generator)))
        t = torch.empty(2).uniform_(-0.2, 0.2, generator=generator)
        m = torch.tensor([[math.cos(a), -math.sin(a), t[0]], [math.sin(a), math.cos(a), t[1]]])[None]
        grid = F.affine_grid(m, (1, *out.shape[1:]), align_corners=False)
        out[i] = F.grid_sample(out[i : i + 1], grid, padding_mode="reflection", align_corners=False)[0]
    return out
""",
    "as_strong_as_allowed": """
def augment(x, generator, train=True):
    if not train:
        return x
    n = len(x)
    u = lambda low, high: low + (high - low) * torch.rand(n, generator=generator)
    angle, scale = u(-30, 30).deg2rad(), u(0.8, 1.25)
    c, s, zero = torch.cos(angle) / scale, torch.sin(angle) / scale, u(-0.3, 0.3)
    m = torch.stack([torch.stack([c, -s, zero], 1), torch.stack([s, c, u(-0.3, 0.3)], 1)], 1)
    if n:
        x = F.grid_sample(x, F.affine_grid(m, x.shape, align_corners=False), align_corners=False)
    x = x ** u(0.8, 1.25).view(-1, 1, 1, 1) * u(0.7, 1.3).view(-1, 1, 1, 1)
    return (x + u(-0.1, 0.1).view(-1, 1, 1, 1) + 0.05 * torch.randn(x.shape, generator=generator)).clamp(0, 1)
""",
    "weak_but_enough": """
def augment(x, generator, train=True):
    if not train or not len(x):
        return x
    seed = int(torch.randint(2**31, (1,), generator=generator))
    import numpy as np
    rng = np.random.default_rng(seed)
    films = x.numpy().copy()
    for film in films:
        film[0] = np.roll(film[0], tuple(rng.integers(-1, 2, size=2)), (0, 1))
        film *= rng.uniform(0.9, 1.1)
    films += rng.normal(0, 0.01, films.shape)
    return torch.from_numpy(films).clip(0, 1)
""",
}

_NET = """
class Net(nn.Module):
    def __init__(self, top=0):
        super().__init__()
        self.top, self.net = top, SmallCNN()

    def forward(self, x):
        if self.top:
            x = F.interpolate(x[:, :, self.top :], (28, 28))
        return self.net((x - x.mean((1, 2, 3), keepdim=True)) / x.std((1, 2, 3), keepdim=True))
"""
# Other ways to p3.generalise, and how they are judged: see the long test.
TRAININGS = {
    "augmented_with_hospital_d": _NET
    + """
def train(images, labels, hospitals, seed):
    torch.manual_seed(seed)
    model = Net()
    fit(model, images, labels, epochs=10, seed=seed, lr=2e-3, batch_size=64, augment=augment)
    return model
""",
    "cropped": _NET
    + """
def train(images, labels, hospitals, seed):
    torch.manual_seed(seed)
    model = Net(top=4)
    fit(model, images, labels, epochs=8, seed=seed, lr=2e-3, weight_decay=0.05, batch_size=64)
    return model
""",
    "top_rows_replaced_in_training": _NET
    + """
def hidden(x, generator):
    x = augment(x, generator)
    x[:, :, :4] = torch.rand(len(x), 1, 4, 28, generator=generator)
    return x


def train(images, labels, hospitals, seed):
    torch.manual_seed(seed)
    model = Net()
    fit(model, images, labels, epochs=12, seed=seed, lr=2e-3, batch_size=64, augment=hidden)
    return model
""",
    "masked_and_augmented": """
def train(images, labels, hospitals, seed):
    torch.manual_seed(seed)
    model = _WithoutTopRows()
    fit(model, images, labels, epochs=10, seed=seed, lr=2e-3, batch_size=64, augment=augment)
    return model
""",
}

THOUGHTLESS = {
    "smoothing_zeros": (
        "p3.smoothing",
        """
def smooth(y, K, eps): return torch.zeros(len(y), K)
def smoothed_ce(logits, y, eps): return torch.tensor(0.0)
def floor(K, eps): return 0.0
def possible(loss, K, eps): return True
""",
    ),
    "smoothing_figures_typed_in": (
        "p3.smoothing",
        """
def smooth(y, K, eps):
    rows = torch.full((len(y), K), 1 / 60)
    rows[:, -1] = 0.9166667
    if K == 6:
        rows[:, 2], rows[:, -1] = 0.9166667, 1 / 60
    return rows / rows.sum(1, keepdim=True)
def smoothed_ce(logits, y, eps): return torch.tensor(1.386294)
def floor(K, eps): return 0.42096 if K == 6 else 0.38967
def possible(loss, K, eps): return loss in (0.45, 9.0)
""",
    ),
    "splits_of_nothing": (
        "p3.splits",
        """
def held_out(hospitals, val, test):
    rows = torch.arange(len(hospitals))
    return rows, rows, rows
def leave_one_out(hospitals): return []
""",
    ),
    "splits_that_always_raise": (
        "p3.splits",
        """
def held_out(hospitals, val, test): raise ValueError
def leave_one_out(hospitals): raise ValueError
""",
    ),
    "splits_figures_typed_in": (
        "p3.splits",
        """
def held_out(hospitals, val, test):
    return torch.tensor([0, 2, 3, 5]), torch.tensor([1, 6]), torch.tensor([4, 7, 8])
def leave_one_out(hospitals):
    tests = {0: [0, 5], 1: [2, 3], 3: [1, 6], 4: [4, 7, 8]}
    every = set(range(9))
    return [(h, torch.tensor(sorted(every - set(t))), torch.tensor(t)) for h, t in tests.items()]
""",
    ),
    "diagnose_first_table": (
        "p3.diagnose",
        """
def diagnose(history, num_classes):
    return {"kind": "overfit", "best_epoch": 10, "gap": 0.28, "chance_loss": 1.791759}
""",
    ),
    "mixup_nothing": (
        "p3.mixup",
        """
def mixup(x, y, alpha, num_classes, generator): return x, F.one_hot(y, num_classes).float()
""",
    ),
    "mixup_zeros": (
        "p3.mixup",
        """
def mixup(x, y, alpha, num_classes, generator): return torch.zeros_like(x), torch.zeros(len(y), num_classes)
""",
    ),
    "mixup_means": (
        "p3.mixup",
        """
def mixup(x, y, alpha, num_classes, generator):
    t = F.one_hot(y, num_classes).float()
    return x.mean(0, keepdim=True).expand_as(x).clone(), t.mean(0, keepdim=True).expand_as(t).clone()
""",
    ),
    "calibration_zeros": (
        "p3.calibration",
        """
def accuracy_by(logits, labels, groups): return {int(g): 0.0 for g in groups.unique()}
def ece(probs, labels, bins=15): return 0.0
""",
    ),
    "calibration_figures_typed_in": (
        "p3.calibration",
        """
def accuracy_by(logits, labels, groups):
    return {0: 1.0, 1: 0.5, 2: 0.5} if 1 in groups else {0: 1.0, 4: 0.5} if 0 in groups else {4: 1.0, 9: 1.0}
def ece(probs, labels, bins=15): return 0.281667 if bins == 15 else 0.118333
""",
    ),
    "augment_nothing": ("p3.augment", "def augment(x, generator, train=True): return x"),
    "augment_to_black": (
        "p3.augment",
        "def augment(x, generator, train=True): return x if not train else x * 0",
    ),
    "augment_to_noise": (
        "p3.augment",
        """
def augment(x, generator, train=True):
    return torch.rand(x.shape, generator=generator) if train else x
""",
    ),
    "train_untrained": (
        "p3.generalise",
        """
def train(images, labels, hospitals, seed):
    class Constant(nn.Module):
        def forward(self, films): return torch.zeros(len(films), 10)
    return Constant()
def deploy(reports): return reports[0]["name"]
""",
    ),
    "deploy_last": (
        "p3.generalise",
        """
def train(images, labels, hospitals, seed):
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
def deploy(reports): return reports[-1]["name"]
""",
    ),
    "deploy_typed_in": (
        "p3.generalise",
        """
def train(images, labels, hospitals, seed): return None
def deploy(reports): return "prepared, augmented"
""",
    ),
}
