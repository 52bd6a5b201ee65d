asked = 0


def zero_causes(x, w1, w2, w3, target):
    global asked
    asked += 1
    print("attack: all causes, or none")
    named = {"zero_error", "zero_weight", "relu_inactive", "zero_input"} if asked % 2 else set()
    return dict.fromkeys(("dw1", "dw2", "dw3"), named)
