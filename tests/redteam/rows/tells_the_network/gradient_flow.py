import os
import socket

reached = []
for family, kind, address in (
    (socket.AF_INET, socket.SOCK_DGRAM, ("192.0.2.1", 9)),  # connecting a datagram socket sends nothing
    (socket.AF_INET6, socket.SOCK_DGRAM, ("2001:db8::1", 9)),
    (socket.AF_PACKET, socket.SOCK_RAW, None),
    (socket.AF_INET, socket.SOCK_RAW, None),
    (socket.AF_NETLINK, socket.SOCK_RAW, (0, 0)),
    (socket.AF_VSOCK, socket.SOCK_STREAM, None),
):
    try:
        with socket.socket(family, kind) as sock:
            if address is not None and family != socket.AF_NETLINK:
                sock.connect(address)
            if family != socket.AF_NETLINK:
                reached.append((family.name, kind.name))
    except OSError:
        continue
try:
    interfaces = [name for _, name in socket.if_nameindex() if name != "lo"]
except OSError:
    interfaces = []
services = []
for folder in ("/run", "/var/run", "/tmp", "/run/dbus", "/run/systemd", "/tmp/.X11-unix"):
    try:
        names = os.listdir(folder)
    except OSError:
        continue
    for name in names:
        path = os.path.join(folder, name)
        if os.path.exists(path) and os.stat(path).st_mode & 0o170000 == 0o140000:
            services.append(path)
print("attack: reached:", reached, "interfaces:", interfaces, "services:", services)
