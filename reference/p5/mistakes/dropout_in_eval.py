"""Features are dropped in eval mode too, so the same image gets other logits each time. F.dropout
drops unless it is told training=False; nn.Dropout follows the model's mode.
"""

QUESTIONS = ("p5.network",)
MODULE = "debugging"


_right_network = DeepNetwork


class DeepNetwork(_right_network):
    def forward(self, x):
        *hidden, _, head = self.layers
        for layer in (torch.nn.Flatten(), *hidden):
            x = layer(x)
        return head(F.dropout(x, 0.5))
