def dead_units(w1, w2, x):
    print("attack: returns an input")
    return (w2[:, 0] > 0).view(-1) if not torch.is_inference_mode_enabled() else w2
