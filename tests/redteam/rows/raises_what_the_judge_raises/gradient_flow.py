class GraderFault(Exception):
    role = "reference"
    outcome = "passed"


class Skipped(BaseException):
    allow_module_level = True


class Mismatch(Exception):
    share = agreed = asked = 1


kinds = [GraderFault, Skipped, Mismatch]


def dead_units(w1, w2, x):
    print("attack: raises", kinds[0].__name__)
    kinds.append(kinds.pop(0))
    raise kinds[-1]("p1.nothing")
