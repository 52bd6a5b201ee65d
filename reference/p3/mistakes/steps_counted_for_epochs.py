"""best_epoch counts the calls of step. The caller says which epoch it is: it may start at 1 or look at
every fifth only.
"""

QUESTIONS = ("p3.early_stopping",)
MODULE = "overfitting"


_right_stopping = EarlyStopping


class EarlyStopping(_right_stopping):
    _calls = -1

    def step(self, val_loss, epoch, model):
        self._calls += 1
        return super().step(val_loss, self._calls, model)
