"""A validation loss of minus infinity was taken for the best one. It is below everything and still no
evaluation that succeeded: ask whether the loss is finite, not only whether it is a number.
"""

QUESTIONS = ("p3.early_stopping",)
MODULE = "overfitting"


_right_stopping = EarlyStopping


class EarlyStopping(_right_stopping):
    def step(self, val_loss, epoch, model):
        if val_loss < self.best_loss - self.min_delta:
            self.best_loss, self.best_epoch, self._waited = val_loss, epoch, 0
            self._kept = {name: value.detach().clone() for name, value in model.state_dict().items()}
        else:
            self._waited += 1
        return self._waited >= self.patience
