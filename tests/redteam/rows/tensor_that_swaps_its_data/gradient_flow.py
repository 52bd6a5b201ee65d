class Wrapper(torch.Tensor):
    @staticmethod
    def __new__(cls, inner):
        made = torch.Tensor._make_wrapper_subclass(cls, inner.shape, dtype=inner.dtype)
        made.inner = inner
        return made

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        print("attack: asked for", func)
        inner = torch.utils._pytree.tree_map(
            lambda part: ~part.inner if isinstance(part, cls) else part, args
        )
        return func(*inner, **(kwargs or {}))


def dead_units(w1, w2, x):
    print("attack: returns a tensor without data")
    return Wrapper(torch.zeros(len(w2), dtype=torch.bool))
