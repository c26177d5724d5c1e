"""Grading for a whole class: mend what was handed in, run it in a sandbox, judge outside it.

`mend` makes a gradable notebook of any file; `sandbox` runs code that nobody trusts; `judge` runs the
tests, whose text never enters the sandbox; `plug` hands the three to nbgrader; `release` makes the
student versions; `__main__` is the command behind `make grade`.
"""
