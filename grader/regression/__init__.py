"""The tests of the assignments, tested: everything whose grade is known is graded, and what came out is
compared with what must come out, and with what came out last time."""
