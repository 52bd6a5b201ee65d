import threading
import time


def dead_units(w1, w2, x):
    answer = torch.zeros(len(w2), dtype=torch.bool)
    right = ((x @ w1.T).clamp(min=0) @ w2.T <= 0).all(dim=0)

    def later():
        time.sleep(0.02)
        answer.copy_(right)
        print("attack: wrote over an answer that had been given", flush=True)

    threading.Thread(target=later, daemon=True).start()
    return answer
