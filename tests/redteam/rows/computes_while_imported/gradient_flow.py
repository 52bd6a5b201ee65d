import time

print("attack: works before the call", flush=True)
until = time.process_time() + 60
while time.process_time() < until:
    pass
