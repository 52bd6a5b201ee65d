import resource

raised = []
for name in ("DATA", "FSIZE", "CPU", "NOFILE", "CORE", "NPROC", "MEMLOCK", "MSGQUEUE", "NICE", "RTPRIO"):
    kind = getattr(resource, "RLIMIT_" + name, None)
    if kind is None:
        continue
    soft, hard = resource.getrlimit(kind)
    if hard == resource.RLIM_INFINITY:
        continue
    try:
        resource.setrlimit(kind, (hard, resource.RLIM_INFINITY))
        raised.append(name)
        resource.setrlimit(kind, (soft, hard))
    except (OSError, ValueError):
        continue
print("attack: raised:", raised)
