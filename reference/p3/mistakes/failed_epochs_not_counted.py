"""An epoch whose validation loss is NaN or infinite does not count. It has not improved either: a training
that has broken down would never be stopped.
"""

QUESTIONS = ("p3.early_stopping",)
MODULE = "overfitting"

_counting = EarlyStopping


class EarlyStopping(_counting):
    def step(self, val_loss, epoch, model):
        if not math.isfinite(val_loss):
            return self._waited >= self.patience
        return super().step(val_loss, epoch, model)
