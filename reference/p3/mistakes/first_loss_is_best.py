"""The first loss was taken as the best whatever it is. If it is NaN, nothing is ever below it: every later
comparison is false.
"""

QUESTIONS = ("p3.early_stopping",)
MODULE = "overfitting"


_right_stopping = EarlyStopping


class EarlyStopping(_right_stopping):
    def step(self, val_loss, epoch, model):
        if self.best_epoch is None or val_loss < self.best_loss - self.min_delta:
            self.best_loss, self.best_epoch = val_loss, epoch
            self._waited = 0
            self._kept = {name: value.detach().clone() for name, value in model.state_dict().items()}
        else:
            self._waited += 1
        return self._waited >= self.patience
