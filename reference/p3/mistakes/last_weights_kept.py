"""The weights were kept after every epoch, not only after an improvement. What comes back are the last
ones.
"""

QUESTIONS = ("p3.early_stopping",)
MODULE = "overfitting"


_right_stopping = EarlyStopping


class EarlyStopping(_right_stopping):
    def step(self, val_loss, epoch, model):
        stop = super().step(val_loss, epoch, model)
        self._kept = {name: value.detach().clone() for name, value in model.state_dict().items()}
        return stop
