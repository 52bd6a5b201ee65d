"""Each operator, on a line or two: what it makes of them, and what it leaves alone."""

from __future__ import annotations

import textwrap

import pytest

from grader.mutation import OPERATORS, Mutant, mutants_of


def made(text: str) -> list[Mutant]:
    """The mutants of a solution that stands at module level."""
    marked = f"# BEGIN SOLUTION q1.x\n{textwrap.dedent(text).strip()}\n# END SOLUTION\n"
    return mutants_of(marked, "x.py", ["q1.x"])


def afters(operator: str, text: str) -> list[str]:
    """What an operator makes of the changed statements, sorted."""
    return sorted(mutant.after for mutant in made(text) if mutant.operator == operator)


TABLE = [
    # term
    ("term", "y = a + b", ["y = a", "y = b"]),
    ("term", "y = a * b", ["y = a", "y = b"]),
    ("term", "y = a @ b", ["y = a", "y = b"]),
    ("term", "y = a - b", ["y = a"]),
    ("term", "y = 1 - b", ["y = 1", "y = b"]),
    ("term", "y = a / b", ["y = a"]),
    ("term", "y = a**n", ["y = a"]),
    ("term", "y = a * (b + c)", ["y = (b + c)", "y = a", "y = a * b", "y = a * c"]),
    # The parentheses around what is left stay.
    ("term", "y = (a - b) * c", ["y = (a - b)", "y = a * c", "y = c"]),
    ("term", "y = (a - b + c) % d", ["y = (a + c) % d", "y = (a - b + c)", "y = (a - b) % d", "y = c % d"]),
    ("term", "y = path + '.part'", []),
    # sign
    ("sign", "y = a + b", ["y = a - b"]),
    ("sign", "y = a - b", ["y = a + b"]),
    ("sign", "y = -a", ["y = a"]),
    ("sign", "y = -(-a // b)", ["y = (-a // b)", "y = -(a // b)"]),
    ("sign", "y = x[-1]", []),
    ("sign", "y = name + '.part'", []),
    # arithmetic
    ("arithmetic", "y = a * b", ["y = a / b"]),
    ("arithmetic", "y = a / b", ["y = a * b", "y = a // b"]),
    ("arithmetic", "y = a // b", ["y = a / b"]),
    ("arithmetic", "y = a % b", ["y = a // b"]),
    ("arithmetic", "y = a**t", ["y = a**(t + 1)", "y = a**(t - 1)"]),
    ("arithmetic", "y = '%d' % b", []),
    # epsilon
    ("epsilon", "y = m / (v.sqrt() + eps)", ["y = m / ((v + eps).sqrt())", "y = m / (v.sqrt())"]),
    ("epsilon", "y = math.sqrt(v) + 1e-8", ["y = math.sqrt(v + 1e-8)", "y = math.sqrt(v)"]),
    ("epsilon", "y = m / (v + self.eps).sqrt()", ["y = m / (v.sqrt() + self.eps)", "y = m / v.sqrt()"]),
    ("epsilon", "y = torch.sqrt(v + eps)", ["y = torch.sqrt(v) + eps", "y = torch.sqrt(v)"]),
    ("epsilon", "y = 1e-9 + a", ["y = a"]),
    ("epsilon", "y = a + 0.5", []),
    # comparison
    ("comparison", "y = a < b", ["y = a <= b", "y = a > b"]),
    ("comparison", "y = a <= b", ["y = a < b", "y = a >= b"]),
    ("comparison", "y = a > b", ["y = a < b", "y = a >= b"]),
    ("comparison", "y = a >= b", ["y = a <= b", "y = a > b"]),
    ("comparison", "y = a == b", ["y = a != b"]),
    ("comparison", "y = a is None", ["y = a is not None"]),
    ("comparison", "y = a not in b", ["y = a in b"]),
    ("comparison", "y = a < b == c", ["y = a <= b == c", "y = a > b == c", "y = a < b != c"]),
    ("comparison", "y = a and b", ["y = a", "y = a or b", "y = b"]),
    ("comparison", "y = not a", ["y = a"]),
    ("comparison", "y = a & ~b", ["y = a", "y = a & b", "y = a | ~b", "y = ~b"]),
    ("comparison", "y = isinstance(a, A | B)", ["y = isinstance(a, A)", "y = isinstance(a, B)"]),
    # axis
    ("axis", "y = x.sum(dim=1)", ["y = x.sum(dim=-1)", "y = x.sum(dim=0)"]),
    ("axis", "y = x.mean(axis=-1)", ["y = x.mean(axis=0)", "y = x.mean(axis=1)"]),
    ("axis", "y = x.mean(dim=(2, 3))", ["y = x.mean(dim=2)", "y = x.mean(dim=3)"]),
    ("axis", "y = x.amax(1, keepdim=True)", ["y = x.amax(1)"]),
    ("axis", "y = x @ w.T", ["y = x @ w"]),
    ("axis", "y = x.transpose(1, 2)", ["y = x"]),
    ("axis", "y = x.permute(0, 2, 1)", ["y = x", "y = x.permute(0, 1, 2)", "y = x.permute(2, 0, 1)"]),
    ("axis", "y = x.view(n, m)", ["y = x.view(m, n)"]),
    # reduction
    ("reduction", "y = x.mean()", ["y = x.sum()"]),
    ("reduction", "y = torch.sum(x)", ["y = torch.mean(x)"]),
    ("reduction", "y = max(a, b)", ["y = min(a, b)"]),
    ("reduction", "y = x.amin(1)", ["y = x.amax(1)"]),
    ("reduction", "y = any(a)", ["y = all(a)"]),
    ("reduction", "y = x.argmax(1)", ["y = x.argmin(1)"]),
    ("reduction", "y = x.std(0)", ["y = x.std(0, correction=0)", "y = x.var(0)"]),
    ("reduction", "y = x.var(0, unbiased=False)", ["y = x.std(0, unbiased=False)"]),
    ("reduction", "y = torch.linalg.vector_norm(x)", ["y = torch.linalg.vector_norm(x, ord=1)"]),
    ("reduction", "y = sum(x)", []),  # nothing built in is called mean
    ("reduction", "def any(x):\n    return x\ny = any(a)", []),  # it is not the built-in one
    # mode
    ("mode", "model.train()", ["model.eval()", "pass"]),
    ("mode", "model.eval()", ["model.train()", "pass"]),
    ("mode", "y = f(x, training=self.training)", ["y = f(x, training=not self.training)"]),
    ("mode", "with torch.no_grad():\n    y = a", ["if True:"]),
    ("mode", "with a, b:\n    y = c", ["with a:", "with b:"]),
    ("mode", "with open(a) as f:\n    y = f", []),
    # detach
    ("detach", "y = x.detach()", ["y = x"]),
    ("detach", "y = x.detach().clone()", ["y = x.clone()", "y = x.detach()"]),
    ("detach", "y = x.to(torch.float64)", ["y = x"]),
    ("detach", "y = math.sqrt(x)", ["y = x"]),
    ("detach", "y = abs(a - b)", ["y = a - b"]),
    ("detach", "y = abs(a - b) * c", ["y = (a - b) * c"]),
    ("detach", "y = copy.deepcopy(x)", ["y = x"]),
    ("detach", "y = x.clamp(min=0)", ["y = x"]),
    ("detach", "optimizer.zero_grad()", ["pass"]),
    ("detach", "loss.backward()", ["pass"]),
    ("detach", "nn.utils.clip_grad_norm_(p, 1.0)", ["pass"]),
    # slice
    ("slice", "y = x[1:]", ["y = x[:-1]", "y = x[:]"]),
    ("slice", "y = x[:-1]", ["y = x[1:]", "y = x[:]"]),
    ("slice", "y = x[0]", ["y = x[-1]"]),
    ("slice", "y = x[-1]", ["y = x[0]"]),
    ("slice", "y = x[:n]", ["y = x[:]", "y = x[:n + 1]", "y = x[:n - 1]"]),
    (
        "slice",
        "y = x[k::n]",
        ["y = x[::n]", "y = x[k + 1::n]", "y = x[k - 1::n]", "y = x[k:]"],
    ),
    ("slice", "for i in range(n):\n    f(i)", ["for i in range(1, n):", "for i in range(n - 1):"]),
    ("slice", "for _ in range(n):\n    f()", ["for _ in range(n - 1):"]),
    ("slice", "y = torch.arange(1, n)", ["y = torch.arange(1, n - 1)", "y = torch.arange(n)"]),
    ("slice", "y = range(a, n, s)", ["y = range(a, n - 1, s)", "y = range(a, n)", "y = range(n, s)"]),
    # branch
    ("branch", "if a:\n    b = 1", ["if False:", "if True:"]),
    ("branch", "if a:\n    b = 1\nelse:\n    b = 2", ["", "if False:", "if True:"]),
    ("branch", "if a:\n    f()\nelif c:\n    g()", ["elif False:", "elif True:", "if False:", "if True:"]),
    ("branch", "while a:\n    a = f(a)", ["while False:"]),
    ("branch", "y = a if c else b", ["y = a", "y = b", "y = b if c else a"]),
    ("branch", "y = [a for a in b if c]", ["y = [a for a in b if True]"]),
    ("branch", "for a in b:\n    f()\n    break", ["continue"]),
    ("branch", "for a in b:\n    if a:\n        continue\n    f()", ["break", "if False:", "if True:"]),
    # statement
    ("statement", "x += y", ["pass", "x -= y", "x = y"]),
    ("statement", "x *= y", ["pass", "x /= y", "x = y"]),
    ("statement", "found.append(a)", ["pass"]),
    ("statement", "x[i] = a", ["pass"]),
    ("statement", "group.lr = a", ["pass"]),
    ("statement", "x = f(x)", ["pass"]),
    ("statement", "x = f(y)", []),
    ("statement", "class A:\n    def __init__(self):\n        super().__init__()\n        self.a = b", []),
    # argument
    ("argument", "y = f(a, b, c)", ["y = f(a, c, b)", "y = f(b, a, c)"]),
    ("argument", "y = f(a, a)", []),
    ("argument", "y = math.hypot(a, b)", []),
    ("argument", "y = isinstance(a, b)", []),
    ("argument", "y = f('name', a)", []),
    ("argument", "y = F.pad(a, (1, n))", []),
    ("argument", "y = torch.where(c, a, b)", ["y = torch.where(c, b, a)"]),
    ("argument", "y = f(a, k=b)", ["y = f(a)"]),
    ("argument", "y = Record(a=1, b=2, c=3, d=4, **e)", []),
    ("argument", "y = Net(a=1, b=2)", ["y = Net(a=1)", "y = Net(b=2)"]),
    ("argument", "y = zip(a, b, strict=True)", ["y = zip(b, a, strict=True)"]),
    ("argument", "y = x.clamp(min=0)", ["y = x.clamp()", "y = x.clamp(max=0)"]),
    ("argument", "y = [a, b]", ["y = [b, a]"]),
    ("argument", "y = [{'lr': a}, b]", []),
    # function
    ("function", "y = F.relu(x)", ["y = F.gelu(x)", "y = F.leaky_relu(x)", "y = x"]),
    ("function", "y = math.sin(x)", ["y = math.cos(x)"]),
    ("function", "y = math.log(x)", ["y = math.log1p(x)", "y = math.log2(x)"]),
    ("function", "y = x.exp()", ["y = x.expm1()"]),
    ("function", "y = math.floor(x)", ["y = math.ceil(x)"]),
    ("function", "y = floor(x)", []),  # whose it is cannot be seen
    ("function", "y = torch.ones(n)", ["y = torch.zeros(n)"]),
    ("function", "y = torch.zeros_like(x)", ["y = torch.ones_like(x)"]),
    ("function", "y = x.softmax(1)", ["y = x.log_softmax(1)"]),
    ("function", "y = math.isfinite(x)", ["y = not math.isnan(x)"]),
    ("function", "y = sorted(x)", ["y = sorted(x, reverse=True)"]),
    ("function", "y = self.norm(x)", ["y = x"]),
    ("function", "y = nn.Sequential(a, b)", ["y = nn.Sequential(a)", "y = nn.Sequential(b)"]),
    ("function", "y = nn.LayerNorm(d)", ["y = nn.Identity(d)"]),
    ("function", "y = torch.optim.Adam", ["y = torch.optim.AdamW"]),
    ("function", "nn.init.ones_(w)", ["nn.init.zeros_(w)"]),
    # constant
    ("constant", "y = 3", ["y = 2", "y = 4"]),
    ("constant", "y = 0", ["y = 1"]),
    ("constant", "y = 2.0", ["y = 0.2", "y = 4.0"]),
    ("constant", "y = 1e-3", ["y = 0.0001", "y = 0.002"]),
    ("constant", "y = 0.9", ["y = 0.8", "y = 0.99"]),
    ("constant", "y = 1e-8", ["y = 0.0", "y = 1e-05"]),
    ("constant", "y = 0.0", ["y = 1.0"]),
    ("constant", "y = True", ["y = False"]),
    ("constant", "y = math.inf", ["y = -math.inf"]),
    ("constant", "y = x.sum(dim=1)", []),
    ("constant", "y = zip(a, strict=True)", []),
    ("constant", "y = f(x, reduction='mean')", ["y = f(x, reduction='none')", "y = f(x, reduction='sum')"]),
    ("constant", "y = {'key': a}", []),
    ("constant", "y = f'{a} steps'", []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("operator", "text", "expected"), TABLE, ids=[f"{name}: {text}" for name, text, _ in TABLE]
)
def test_what_an_operator_makes_of_a_statement(operator: str, text: str, expected: list[str]) -> None:
    assert afters(operator, text) == sorted(expected)


def test_every_operator_is_in_the_table_and_says_what_it_does() -> None:
    assert {name for name, *_ in TABLE} == {operator.name for operator in OPERATORS}
    for operator in OPERATORS:
        assert operator.description.endswith(".")
        assert len(operator.description) < 140


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        pytest.param(
            "a = s == 'sgd'\nb = s == 'adam'\nc = t == 'x'",
            1,
            {"a = s == 'adam'"},
            id="compared with the same",
        ),
        pytest.param("a = f(k='u')\nb = f(k='v')\nc = f(l='w')", 1, {"a = f(k='v')"}, id="the same argument"),
        pytest.param("a = r['u']\nb = r['v']\nc = q['w']", 1, {"a = r['v']"}, id="looked up in the same"),
        pytest.param("a = 'u'\na = 'v'\nb = 'w'", 1, {"a = 'v'"}, id="assigned to the same"),
        pytest.param(
            "def f():\n    if a:\n        return 'u'\n    return 'v'",
            3,
            {"return 'v'"},
            id="returned by the same",
        ),
        pytest.param(
            "a = {'k': 'u', 'l': 'v'}\nb = {'k': 'w'}",
            1,
            {"a = {'k': 'v', 'l': 'v'}", "a = {'k': 'u', 'l': 'u'}"},
            id="values of the same dict",
        ),
        pytest.param(
            "a = [{'k': 'u', 'l': 'x'}, {'k': 'v', 'l': 'y'}]",
            1,
            {
                "a = [{'k': 'v', 'l': 'x'}, {'k': 'v', 'l': 'y'}]",
                "a = [{'k': 'u', 'l': 'x'}, {'k': 'u', 'l': 'y'}]",
                "a = [{'k': 'u', 'l': 'y'}, {'k': 'v', 'l': 'y'}]",
                "a = [{'k': 'u', 'l': 'x'}, {'k': 'v', 'l': 'x'}]",
            },
            id="the same field of several records",
        ),
        pytest.param(
            "a = {'k': ('u', 'x'), 'l': ('v', 'y')}",
            1,
            {
                "a = {'k': ('v', 'x'), 'l': ('v', 'y')}",
                "a = {'k': ('u', 'x'), 'l': ('u', 'y')}",
                "a = {'k': ('u', 'y'), 'l': ('v', 'y')}",
                "a = {'k': ('u', 'x'), 'l': ('v', 'x')}",
            },
            id="the same place of tuples",
        ),
        pytest.param(
            "for a in ('u', 'v'):\n    f(a)",
            1,
            {"for a in ('v', 'v'):", "for a in ('u', 'u'):"},
            id="gone through",
        ),
        pytest.param("a = 'u' + '.part'\na = 'v' + '.part'", 1, set(), id="put together"),
    ],
)
def test_a_word_is_exchanged_for_those_with_the_same_role(text: str, line: int, expected: set[str]) -> None:
    found = {m.after for m in made(text) if m.operator == "constant" and m.line == line + 1}
    assert found == expected


def test_a_change_keeps_the_meaning_of_its_surroundings() -> None:
    """What binds less tightly than the text around it is put into parentheses."""
    assert afters("term", "y = a @ (b if c else d).T") == ["y = (b if c else d).T", "y = a"]
    assert "y = (a + b).sqrt()" in afters("detach", "y = (a + b).abs().sqrt()")
    assert afters("detach", "y = 2 * abs(a + b)") == ["y = 2 * (a + b)"]
    assert afters("reduction", "y = -x.max()") == ["y = -x.min()"]


def test_what_is_left_out_leaves_no_line_of_its_own() -> None:
    (mutant,) = [
        m for m in made("if a:\n    b = 1\n# or\nelse:\n    b = 2\nc = 3") if m.before.startswith("else")
    ]
    assert mutant.source.splitlines()[1:-1] == ["if a:", "    b = 1", "c = 3"]


def test_a_header_is_changed_and_its_block_stays() -> None:
    (mutant,) = [
        m for m in made("with torch.no_grad():  # fast\n    y = a\n    z = b") if m.operator == "mode"
    ]
    assert mutant.source.splitlines()[1:-1] == ["if True:  # fast", "    y = a", "    z = b"]
