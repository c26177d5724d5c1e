"""Grading for a whole class: mend what was handed in, run it in a sandbox, judge outside it.

`mend` makes a gradable notebook of any file; `sandbox` runs code that nobody trusts; `judge` runs the
tests, whose text never enters the sandbox; `plug` hands the three to nbgrader; `release` makes the
student versions; `__main__` is the command behind `make grade`.
"""
import sys

# nbformat imports jsonschema, and that a grammar of addresses in any script, which no notebook's schema asks for and which takes longer to
# build than all the rest (rfc3987-syntax 1.1 does it when it is imported). Without it jsonschema leaves that one format out.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
