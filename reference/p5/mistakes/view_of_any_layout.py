"""The network calls view() on whatever it is given. view() needs values that lie in memory in the
order of the shape; a transposed or sliced batch does not. flatten() and reshape() copy where they
must.
"""

QUESTIONS = ("p5.network",)
MODULE = "debugging"


_right_network = DeepNetwork


class DeepNetwork(_right_network):
    def forward(self, x):
        return self.layers(x.view(-1, 784))
