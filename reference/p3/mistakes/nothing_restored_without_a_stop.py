"""The weights come back only after a stop. Where the epochs run out first, the last weights stay: the case
that a patient setting meets most.
"""

QUESTIONS = ("p3.early_stopping",)
MODULE = "overfitting"


_right_stopping = EarlyStopping


class EarlyStopping(_right_stopping):
    _stopped = False

    def step(self, val_loss, epoch, model):
        self._stopped = super().step(val_loss, epoch, model)
        return self._stopped

    def restore(self, model):
        if self._stopped:
            super().restore(model)
