"""The best loss follows every small fall, and only the count asks for min_delta. A slow drift that adds up
to more than min_delta then counts as standing still.
"""

QUESTIONS = ("p3.early_stopping",)
MODULE = "overfitting"


_right_stopping = EarlyStopping


class EarlyStopping(_right_stopping):
    def step(self, val_loss, epoch, model):
        if val_loss < self.best_loss - self.min_delta:
            self.best_loss, self.best_epoch = val_loss, epoch
            self._waited = 0
            self._kept = {name: value.detach().clone() for name, value in model.state_dict().items()}
        else:
            self._waited += 1
            self.best_loss = min(self.best_loss, val_loss)
        return self._waited >= self.patience
