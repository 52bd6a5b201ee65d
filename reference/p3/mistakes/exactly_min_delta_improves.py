"""A fall by exactly min_delta was taken for an improvement, and with min_delta 0 a tie. Strictly more is
asked.
"""

QUESTIONS = ("p3.early_stopping",)
MODULE = "overfitting"


_right_stopping = EarlyStopping


class EarlyStopping(_right_stopping):
    def step(self, val_loss, epoch, model):
        if val_loss <= self.best_loss - self.min_delta and val_loss < math.inf:
            self.best_loss, self.best_epoch = val_loss, epoch
            self._waited = 0
            self._kept = {name: value.detach().clone() for name, value in model.state_dict().items()}
        else:
            self._waited += 1
        return self._waited >= self.patience
