"""Makes mutants of the reference: each a small mistake that somebody could make in tensor code.

What a grading says about a mutant tells how much its tests see; running them is not done here. A mutant that
no test can tell from the reference stands in ``reference/pN/equivalent.toml`` with the reason.

The way of a mutant: ``marks.py`` says which lines are a solution and of which question, ``operators/`` what
may be changed at a node of the syntax tree, ``making.py`` puts the changes into the text, drops those that
change nothing, and names them; ``sampling.py`` chooses some, ``equivalents.py`` keeps the list of reasons.
"""

from grader.mutation.equivalents import Equivalent, entry, load_equivalents, stale
from grader.mutation.making import mutants, mutants_of
from grader.mutation.mutant import Mutant
from grader.mutation.operators import OPERATORS, Operator
from grader.mutation.sampling import sample

__all__ = [
    "OPERATORS",
    "Equivalent",
    "Mutant",
    "Operator",
    "entry",
    "load_equivalents",
    "mutants",
    "mutants_of",
    "sample",
    "stale",
]
