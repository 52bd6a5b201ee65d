"""The first weights come from whatever random numbers were drawn before. The same arguments have to give
the same model: seed before the model is built, not after.
"""

QUESTIONS = ("p4.train",)
MODULE = "captioner"


class _Seeded:
    def __getattr__(self, name: str) -> object:
        return getattr(_torch, name)

    def manual_seed(self, seed: int) -> None:
        return None


_torch, torch = torch, _Seeded()
