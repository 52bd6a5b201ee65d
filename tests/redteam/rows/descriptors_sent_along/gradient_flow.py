import array
import os
import socket

genuine = forward


def forward(x, w1, w2, w3, target):
    sock = socket.socket(fileno=os.dup(3))
    print("attack: sends descriptors", flush=True)
    held = [os.open("/dev/zero", os.O_RDONLY) for _ in range(60)]
    try:
        sock.send(b"!", socket.MSG_OOB)
    except OSError:
        pass
    sock.sendmsg([b"\x10"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", held))])
    sock.shutdown(socket.SHUT_RD)
    return genuine(x, w1, w2, w3, target)
