import os

folder, found = os.path.dirname(os.path.abspath(__file__)), []
for _ in range(8):
    folder = os.path.dirname(folder)
    try:
        names = os.listdir(folder)
    except OSError:
        continue
    found += [
        name for name in names if name.endswith(".json") and os.access(os.path.join(folder, name), os.R_OK)
    ]
print("attack: results seen:", len(found))
