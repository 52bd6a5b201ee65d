"""Content of p3's second half, the long part: known mistakes, correct rewrites, thoughtless answers."""

from __future__ import annotations

import pytest
from local import Half

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

HALF = Half("p3", "overfitting")
GATES = ("test_recipe_accuracy", "test_recipe_accuracy_in_public", "test_forecast_of_the_recipe")
TRAININGS = (
    *GATES,
    "test_recipe_returns_the_best_epoch",
    "test_recipe_follows_its_seed",
    "test_recipe_only_looks_at_the_validation",
)
GATED = HALF.config.gates["p3.recipe"].wrong
FORECASTS = [name for name, known in HALF.mistakes.items() if known.questions == ("p3.predict",)]
SEEN = [name for name in HALF.mistakes if name not in {*GATED, *FORECASTS}]


@pytest.mark.parametrize("name", SEEN)
def test_a_known_mistake_loses_points_where_it_says_and_nowhere_else(name: str) -> None:
    asked = HALF.mistakes[name].questions
    without = GATES if "p3.recipe" in asked else TRAININGS
    # A recipe that is wrong spoils its own forecast; three whole runs of it are left to the graded run.
    wanted = set(asked) - ({"p3.predict"} if "p3.recipe" in asked else set())
    assert set(HALF.lost(HALF.planted(name), without=without)) == wanted


def test_a_mistake_in_early_stopping_is_not_paid_for_in_the_recipe() -> None:
    for name in (
        "weights_aliased",
        "nothing_restored_without_a_stop",
        "waiting_never_reset",
        "higher_is_better",
    ):
        assert HALF.lost(HALF.planted(name), "p3.recipe", without=GATES) == {}


def test_a_stub_of_early_stopping_is_not_paid_for_in_the_recipe() -> None:
    stub = "class EarlyStopping:\n    def __init__(self, patience, min_delta=0.0):\n"
    stub += "        raise NotImplementedError('p3.early_stopping')\n"
    assert HALF.lost(HALF.submission(overfitting=stub), "p3.recipe", without=GATES) == {}


REWRITES = {
    "in NumPy": """
import numpy as np

def rank(runs):
    names = sorted(runs)
    for name in names:
        if len(runs[name]) < 2:
            raise ValueError(name)
    mean = {name: np.mean(runs[name]) for name in names}
    variance = {name: np.var(runs[name], ddof=1) / len(runs[name]) for name in names}
    groups, rest = [], sorted(names, key=lambda name: -mean[name])
    while rest:
        first = rest[0]
        tied = 1
        def near(name):
            return mean[first] - mean[name] <= 2 * np.sqrt(variance[first] + variance[name])
        while tied < len(rest) and near(rest[tied]):
            tied += 1
        groups.append(set(rest[:tied]))
        rest = rest[tied:]
    return groups

def jitter(images, generator):
    rng = np.random.default_rng(int(torch.randint(2**31, (1,), generator=generator)))
    n = len(images)
    pick = lambda limit, *more: torch.from_numpy(rng.uniform(-limit, limit, (n, *more)).astype(np.float32))
    bent = warp(images, pick(25), 1 + pick(0.2), pick(0.12, 2))
    return bent + 0.1 * torch.randn(images.shape, generator=generator)
""",
    "tensors and deep copies": """
import copy

def rank(runs):
    arms = []
    for name, values in runs.items():
        if len(values) <= 1:
            raise ValueError("one run")
        x = torch.tensor(values, dtype=torch.float64)
        arms.append((x.mean().item(), x.var(unbiased=True).item() / len(x), name))
    arms.sort(key=lambda arm: (-arm[0], arm[2]))
    groups = []
    for mean, error, name in arms:
        if not groups or top[0] - mean > 2 * (top[1] + error) ** 0.5:
            top = (mean, error)
            groups.append(set())
        groups[-1] |= {name}
    return groups

class EarlyStopping:
    def __init__(self, patience, min_delta=0.0):
        if patience <= 0:
            raise ValueError("patience")
        if min_delta < 0:
            raise ValueError("min_delta")
        self.patience = patience
        self.min_delta = min_delta
        self.counter = 0
        self.best_loss = float("inf")
        self.best_epoch = None
        self.best_model = None

    def step(self, val_loss, epoch, model):
        improved = self.best_loss - val_loss > self.min_delta
        if improved and math.isfinite(val_loss):
            self.best_loss = torch.tensor(val_loss, dtype=torch.float64)
            self.best_epoch = epoch
            self.best_model = copy.deepcopy(model)
            self.counter = 0
            return False
        self.counter += 1
        return self.counter >= self.patience

    def restore(self, model):
        if self.best_model is None:
            return
        model.load_state_dict(self.best_model.state_dict())

def prepare(model, num_classes, lr_backbone, lr_head, unfreeze=("layer4",)):
    for name in unfreeze:
        if name not in dict(model.named_children()) or name == "fc":
            raise ValueError(name)
    model.fc = nn.Linear(model.fc.weight.shape[1], num_classes)
    slow = []
    for name, parameter in model.named_parameters():
        stage = name.split(".")[0]
        parameter.requires_grad = stage in unfreeze or stage == "fc"
        if stage in unfreeze:
            slow.append(parameter)
    groups = [{"params": slow, "lr": lr_backbone}, {"params": list(model.fc.parameters())}]
    return torch.optim.SGD(groups, lr=lr_head, momentum=0.9)

def train_mode(model):
    def sleep(m):
        if isinstance(m, nn.modules.batchnorm._BatchNorm) and not m.weight.requires_grad:
            m.eval()
    model.train()
    model.apply(sleep)
""",
    "properties": """
from given import evaluate

class Best:
    loss, epoch, weights = math.inf, None, None

class EarlyStopping:
    def __init__(self, patience, min_delta=0.0):
        if not (patience >= 1 and min_delta >= 0):
            raise ValueError("settings")
        self._limits, self._best, self.bad_epochs = (patience, min_delta), Best(), 0

    best_loss = property(lambda self: self._best.loss)
    best_epoch = property(lambda self: self._best.epoch)
    should_stop = property(lambda self: self.bad_epochs >= self._limits[0])

    def step(self, val_loss, epoch, model):
        self.bad_epochs += 1
        if math.isfinite(val_loss) and val_loss < self.best_loss - self._limits[1]:
            self._best = Best()
            self._best.loss, self._best.epoch, self.bad_epochs = val_loss, epoch, 0
            self._best.weights = {k: v.clone() for k, v in model.state_dict().items()}
        return self.should_stop

    def restore(self, model):
        if self._best.weights:
            model.load_state_dict(self._best.weights)

def recipe(images, labels, val_images, val_labels, seed):
    torch.manual_seed(seed)
    generator = Generator().manual_seed(seed)
    model = SmallCNN(dropout=0.3)
    adam = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05, fused=True)
    stopper, history = EarlyStopping(25), []
    while len(history) < 80 and not stopper.should_stop:
        model.train()
        for batch in torch.randperm(len(images), generator=generator).split(32):
            adam.zero_grad()
            nn.functional.cross_entropy(model(jitter(images[batch], generator)), labels[batch]).backward()
            adam.step()
        row = dict(zip(("train_loss", "train_acc"), evaluate(model, images, labels)))
        row |= dict(zip(("val_loss", "val_acc"), evaluate(model, val_images, val_labels)))
        history.append(row)
        stopper.step(row["val_loss"], len(history), model)
    model.load_state_dict(stopper._best.weights)
    return model, history
""",
    "public code": """
class EarlyStopping:
    def __init__(self, patience=5, min_delta=0.0):
        if patience < 1 or not min_delta >= 0:
            raise ValueError
        self.__dict__.update(patience=patience, min_delta=min_delta, wait=0)
        self.__dict__.update(best_loss=math.inf, best_epoch=None)
        self.weights = {}

    def step(self, val_loss, epoch, model):
        if val_loss + 0 < self.best_loss - self.min_delta:
            self.best_loss = float(val_loss)
            self.best_epoch = int(epoch)
            self.wait = 0
            for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
                self.weights[name] = tensor.detach().cpu().numpy().copy()
        else:
            self.wait += 1
        return not self.wait < self.patience

    @torch.no_grad()
    def restore(self, model):
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
            if name in self.weights:
                tensor.copy_(torch.as_tensor(self.weights[name]))

def prepare(model, num_classes, lr_backbone, lr_head, unfreeze=("layer4",)):
    allowed = {"conv1", "bn1"} | {f"layer{k}" for k in range(1, 5)}
    if not set(unfreeze) <= allowed:
        raise ValueError(unfreeze)
    model.requires_grad_(False)
    model.fc = nn.Linear(model.fc.in_features, num_classes)
    groups = [dict(params=list(model.fc.parameters()), lr=lr_head)]
    for stage in unfreeze:
        getattr(model, stage).requires_grad_(True)
        groups.append(dict(params=list(getattr(model, stage).parameters()), lr=lr_backbone))
    return torch.optim.Adam(groups)

def train_mode(model):
    model.train()
    for part in model.children():
        if not any(p.requires_grad for p in part.parameters()):
            part.eval()

def recipe(images, labels, val_images, val_labels, seed):
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = SmallCNN(dropout=0.3)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    stopper = EarlyStopping(25, 1e-3)
    history = []
    for epoch in range(1, 71):
        model.train()
        for batch in torch.randperm(len(images)).split(25):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(jitter(images[batch], generator)), labels[batch]).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            row = {"epoch": epoch}
            for name, (x, y) in {"train": (images, labels), "val": (val_images, val_labels)}.items():
                logits = model(x)
                row[f"{name}_loss"] = nn.functional.cross_entropy(logits, y)
                row[f"{name}_acc"] = (logits.argmax(1) == y).float().mean()
        history.append(row)
        if stopper.step(row["val_loss"].item(), epoch, model):
            break
    stopper.restore(model)
    return model, history
""",
}


@pytest.mark.parametrize("seed", [20, 21])
@pytest.mark.parametrize("name", REWRITES)
def test_a_correct_rewrite_loses_nothing(name: str, seed: int) -> None:
    text = f"import math\n{REWRITES[name]}"
    assert HALF.lost(HALF.submission(overfitting=text), seed=seed, without=GATES) == {}


def test_another_recipe_passes_the_mark() -> None:
    text = f"import math\n{REWRITES['public code']}"
    assert HALF.lost(HALF.submission(overfitting=text), "p3.recipe", without=GATES[1:]) == {}


THOUGHTLESS = {
    "constants": """
def rank(runs):
    return [set(runs)]

class EarlyStopping:
    best_loss, best_epoch = 0.78, 10
    def __init__(self, patience, min_delta=0.0): pass
    def step(self, val_loss, epoch, model): return False
    def restore(self, model): pass

def prepare(model, num_classes, lr_backbone, lr_head, unfreeze=("layer4",)):
    return torch.optim.SGD(model.parameters(), lr=lr_head)

def train_mode(model):
    pass

def jitter(images, generator):
    return images

def recipe(images, labels, val_images, val_labels, seed):
    return SmallCNN(), [{"train_loss": 0.0, "train_acc": 1.0, "val_loss": 0.0, "val_acc": 1.0}]

IMPACT = dict.fromkeys(INTERVENTIONS, "raises_accuracy")
PREDICTION = {"accuracy": (0.0, 0.1), "gap": (0.0, 0.1), "order": list(CHANGES)}
PREDICTION |= {"train_loss": "lower", "best_epoch": "earlier"}
""",
    "the handout's figures": """
def rank(runs):
    if set(runs) == {"a", "b", "c"}:
        return [{"a", "b"}, {"c"}]
    if "nothing" in runs:
        return [{"augmentation", "mirrors too"}, {"dropout", "early stopping"}, {"nothing"}]
    return [{name} for name in runs]

class EarlyStopping:
    def __init__(self, patience, min_delta=0.0):
        self.best_loss, self.best_epoch = math.inf, None
    def step(self, val_loss, epoch, model):
        return epoch == 30
    def restore(self, model):
        nn.init.zeros_(next(model.parameters()))
""",
}


@pytest.mark.parametrize("name", THOUGHTLESS)
def test_a_thoughtless_answer_earns_nothing(name: str) -> None:
    changed = [*HALF.questions] if name == "constants" else ["p3.rank", "p3.early_stopping"]
    folder = HALF.submission(overfitting=THOUGHTLESS[name])
    points = HALF.points(folder, *changed, without=GATES)
    assert {question: points[question] for question in changed} == dict.fromkeys(changed, 0.0)
