import os

engine, here = os.path.dirname(os.path.abspath(__file__)), os.getcwd()
course = os.path.join(engine, *[os.pardir] * 4, "course")
os.makedirs("a/b")
for number, target in enumerate((course, "/", "..", ".", "/proc/self", "/dev/shm", engine, here)):
    os.symlink(target, f"link{number}")
    os.symlink(target, f"a/b/link{number}")
os.mkfifo("pipe")
os.symlink("loop", "loop")
for source in (__file__, os.path.join(course, "assignments", "p1", "points.toml")):
    try:
        os.link(source, "hard")
        os.unlink("hard")
        made = True
    except OSError:
        made = False
try:
    os.rename(here, here + "-redteam")
    os.symlink(course, here)
    moved = True
except OSError:
    moved = False
print("attack: folder moved:", moved, "hard link:", made)


def forward(x, w1, w2, w3, target):
    return dict.fromkeys(["z1", "h1", "z2", "h2", "y", "loss"], 0.0)
