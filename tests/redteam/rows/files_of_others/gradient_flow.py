import os

own, found = (os.path.dirname(os.path.abspath(__file__)), os.getcwd()), []
homes = {os.path.expanduser("~root"), os.path.expanduser("~"), "/home"}
for top in (
    "/tmp",
    "/var/tmp",
    "/dev/shm",
    "/run",
    "/var/cache",
    "/var/lib",
    "/var/log",
    "/dev/mqueue",
    *sorted(homes),
):
    for place, folders, names in os.walk(top):
        if place.count(os.sep) > 4 or place.startswith(own):
            folders.clear()
        if place.startswith(own):
            continue
        found += [path for name in names[:50] if os.access(path := os.path.join(place, name), os.R_OK)]
        if len(found) > 200:
            break
print("attack: files of others:", len(found), found[:3])
