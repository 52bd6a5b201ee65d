"""restore put the kept tensors themselves into the model. What is trained afterwards changes what was kept;
copy them in.
"""

QUESTIONS = ("p3.early_stopping",)
MODULE = "overfitting"


_right_stopping = EarlyStopping


class EarlyStopping(_right_stopping):
    def restore(self, model):
        if self._kept is not None:
            for name, tensor in (*model.named_parameters(), *model.named_buffers()):
                tensor.data = self._kept[name]
