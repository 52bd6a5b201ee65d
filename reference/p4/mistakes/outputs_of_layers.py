"""The outputs of all layers are counted. What stays in memory is what autograd saves: the outputs of
convolutions and linear layers often are not among it, inputs and masks are.
"""

QUESTIONS = ("p4.memory",)
MODULE = "network"


def _saved_bytes(model, x, autocast_dtype):
    kept = {}

    def behind(module, given, made):
        kept[made.untyped_storage()] = made

    leaves = [module for module in model.modules() if not list(module.children())]
    hooks = [module.register_forward_hook(behind) for module in leaves]
    with torch.autocast("cpu", dtype=autocast_dtype, enabled=autocast_dtype is not None):
        model(x)
    for hook in hooks:
        hook.remove()
    return sum(storage.nbytes() for storage in kept)
