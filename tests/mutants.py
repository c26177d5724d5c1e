"""Small changes to the exercises' worked answers, of which a check should let none pass.

    python tests/mutants.py [lesson or task ...]

says for each task how many it made, how many the check finds, and which it does not ("04" stands for the whole
lesson). Whatever survives is a wrong answer that would be called right, unless it computes the same: then
tests/survivors.toml says why. tests/test_mutants.py keeps that table true.
"""
import ast
import contextlib
import copy
import io
import itertools
import signal
import sys
import tomllib
import warnings
from pathlib import Path
from typing import NamedTuple

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # for `utils` and `exercises`
SOURCES = {path.parent.name: path for path in sorted((ROOT / "exercises" / "source").glob("*/*.ipynb"))}
TABLE = ROOT / "tests" / "survivors.toml"
LIMIT = 3  # seconds of CPU time, which a busy machine does not use up; a check takes a tenth of a second


class Mutant(NamedTuple):
    task: str
    line: int  # within the cell, from 1
    what: str  # what was changed, for a reader
    source: str  # the whole cell, changed
    key: str  # the changed line, by which survivors.toml names it


class Endless(KeyboardInterrupt):
    """Raised in a mutant that takes too long: the checks let a KeyboardInterrupt through, and nothing else."""


# ---------------------------------------------------------------- making mutants

ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
              ast.MatMult: "@"}
COMPARISON = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.Is: "is",
              ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in"}
OTHERS = {"+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "//": ["/"], "%": ["//"], "**": ["*"], "@": [],
          "<": ["<=", ">", ">="], "<=": ["<", ">", ">="], ">": [">=", "<", "<="], ">=": [">", "<", "<="],
          "==": ["!="], "!=": ["=="], "is": ["is not"], "is not": ["is"], "in": ["not in"], "not in": ["in"]}
NODES = {symbol: node for node, symbol in (ARITHMETIC | COMPARISON).items()}
NAMES = {"mean": "sum", "sum": "mean", "max": "min", "min": "max", "amax": "amin", "amin": "amax", "argmax": "argmin",
         "argmin": "argmax", "maximum": "minimum", "minimum": "maximum", "zeros": "ones", "ones": "zeros",
         "zeros_": "ones_", "ones_": "zeros_", "zeros_like": "ones_like", "ones_like": "zeros_like", "std": "var",
         "var": "std", "log1p": "log", "expm1": "exp", "any": "all", "all": "any", "ReLU": "Identity",
         "MaxPool1d": "AvgPool1d", "MaxPool2d": "AvgPool2d"}
BUILT_IN = {"max", "min", "any", "all"}  # of NAMES, those whose other is a built-in function too


def mutants(task, source):
    """Yield a Mutant for each small change to the regions between BEGIN SOLUTION and END SOLUTION, no two the same."""
    tree, lines = ast.parse(source), _region(source)
    local = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    local |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    seen, keys = {ast.unparse(tree)}, {}
    for holder, place, node, above in list(_places(tree, ())):
        statement = next((other for other in (node, *reversed(above)) if isinstance(other, ast.stmt)), None)
        if statement is None or statement.lineno not in lines or _is_docstring(statement):
            continue
        for what, new in _changes(node, above, local):
            holder[place] = new
            try:
                changed, header = ast.unparse(tree), _header(new if statement is node else statement)
            finally:
                holder[place] = node
            if changed in seen or not _compiles(changed):
                continue
            seen.add(changed)
            key = f"without {_header(node)}" if isinstance(new, ast.Pass) else header
            keys[key] = keys.get(key, 0) + 1  # the same line may come from two places
            yield Mutant(task, node.lineno, what, changed, key if keys[key] == 1 else f"{key}  # {keys[key]}")


def _region(source):
    """The numbers of the lines between the markers."""
    inside, lines = False, set()
    for number, line in enumerate(source.splitlines(), 1):
        if line.strip() in ("### BEGIN SOLUTION", "### END SOLUTION"):
            inside = "BEGIN" in line
        elif inside:
            lines.add(number)
    return lines


def _places(node, above):
    """Yield (a dictionary or list, the key or index at which it holds a node, the node, the nodes above it)."""
    for field, value in ast.iter_fields(node):
        holder, items = (value, list(enumerate(value))) if isinstance(value, list) else (vars(node), [(field, value)])
        for place, child in items:
            if isinstance(child, ast.stmt | ast.expr):
                yield holder, place, child, (*above, node)
            if isinstance(child, ast.AST):
                yield from _places(child, (*above, node))


def _is_docstring(statement):
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _compiles(source):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as for the call of a constant
            compile(source, "<mutant>", "exec")
    except SyntaxError:  # such as a `continue` outside of its loop
        return False
    return True


def _header(statement):
    return ast.unparse(statement).splitlines()[0]


def _short(node, most=70):
    text = _header(node)
    return f"`{text}`" if len(text) <= most else f"`{text[:most - 1]}…`"


def _like(node, **fields):
    """A copy of a node with other fields; what it holds is shared, as nothing is changed in place for long."""
    new = copy.copy(node)
    vars(new).update(fields)
    return new


def _without(items, i):
    return items[:i] + items[i + 1:]


def _swapped(items, i, j):
    items = list(items)
    items[i], items[j] = items[j], items[i]
    return items


def _number(value):
    return ast.UnaryOp(ast.USub(), ast.Constant(-value)) if value < 0 else ast.Constant(value)


def _is_number(node):
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def _is_negative(node):
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)


def _changes(node, above, local):
    """Yield (what is changed, in words, and the node that takes this one's place)."""
    if isinstance(node, ast.stmt):
        yield from _statement(node)
    elif isinstance(node, ast.Call):
        yield from _call(node, above, local)
    else:
        yield from _expression(node, above)
    if any(node is getattr(other, "test", None) or node in getattr(other, "ifs", ()) for other in above[-1:]):
        yield f"condition {_short(node)} negated", ast.UnaryOp(ast.Not(), node)


def _statement(node):
    if not isinstance(node, ast.Pass):
        yield f"{_short(node)} removed", ast.copy_location(ast.Pass(), node)
    if isinstance(node, ast.AugAssign):
        symbol = ARITHMETIC.get(type(node.op))
        for other in OTHERS.get(symbol, ()):
            yield f"`{symbol}=` to `{other}=` in {_short(node)}", _like(node, op=NODES[other]())
        yield f"`{symbol}=` to `=` in {_short(node)}", ast.copy_location(ast.Assign([node.target], node.value), node)


def _expression(node, above):
    """Changes to all expressions but calls."""
    context = _context(above)
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield f"`{node.value}` to `{not node.value}` in {context}", ast.Constant(not node.value)
    elif _is_number(node) and not _is_negative(above[-1]) or _is_negative(node) and _is_number(node.operand):
        value = -node.operand.value if _is_negative(node) else node.value
        for other in (value + 1, value - 1, *((2 * value, value / 2) if isinstance(value, float) else ())):
            yield f"`{value}` to `{other}` in {context}", _number(other)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield f"`{'-' if _is_negative(node) else 'not'}` dropped from {_short(node)}", node.operand
    elif isinstance(node, ast.BinOp):
        symbol = ARITHMETIC.get(type(node.op))
        for other in OTHERS.get(symbol, ()):
            yield f"`{symbol}` to `{other}` in {_short(node)}", _like(node, op=NODES[other]())
        if symbol == "@":
            yield f"operands swapped in {_short(node)}", _like(node, left=node.right, right=node.left)
        elif symbol:
            yield f"`{symbol} {ast.unparse(node.right)}` dropped from {_short(node)}", node.left
        if symbol in ("+", "-", "*"):
            yield f"`{ast.unparse(node.left)} {symbol}` dropped from {_short(node)}", node.right
    elif isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            for other in OTHERS[symbol := COMPARISON[type(op)]]:
                ops = [*node.ops[:i], NODES[other](), *node.ops[i + 1:]]
                yield f"`{symbol}` to `{other}` in {_short(node)}", _like(node, ops=ops)
    elif isinstance(node, ast.BoolOp):
        is_and = isinstance(node.op, ast.And)
        yield (f"`{'and' if is_and else 'or'}` to `{'or' if is_and else 'and'}` in {_short(node)}",
               _like(node, op=ast.Or() if is_and else ast.And()))
    elif isinstance(node, ast.Slice):
        for bound in ("lower", "upper"):
            if getattr(node, bound):
                yield f"{bound} bound dropped in {context}", _like(node, **{bound: None})
    elif isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        yield f"`.{node.attr}` dropped from {_short(node)}", node.value
    elif isinstance(node, ast.Tuple | ast.List):
        # Names on the left of `=` are not swapped where the values on its right are: it is the same.
        same = isinstance(node.ctx, ast.Store) and isinstance(getattr(above[-1], "value", None), ast.Tuple)
        for i in range(0 if same else len(node.elts) - 1):
            yield (f"{_short(node.elts[i])} and {_short(node.elts[i + 1])} swapped in {context}",
                   _like(node, elts=_swapped(node.elts, i, i + 1)))


def _call(node, above, local):
    """Changes to a call: its name, its arguments, and the call left out."""
    func, text = node.func, _short(node)
    name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    if name in NAMES and (isinstance(func, ast.Attribute) or name in BUILT_IN):
        new = _like(func, **{"attr" if isinstance(func, ast.Attribute) else "id": NAMES[name]})
        yield f"`{name}` to `{NAMES[name]}` in {text}", _like(node, func=new)
    for i, keyword in enumerate(node.keywords):
        if keyword.arg:
            yield f"`{ast.unparse(keyword)}` dropped from {text}", _like(node, keywords=_without(node.keywords, i))
        if keyword.arg in ("min", "max"):
            other = _like(keyword, arg=NAMES[keyword.arg])
            yield (f"`{keyword.arg}=` to `{other.arg}=` in {text}",
                   _like(node, keywords=[*node.keywords[:i], other, *node.keywords[i + 1:]]))
    for i, j in itertools.combinations(range(len(node.args)), 2):
        if not isinstance(node.args[i], ast.Starred) and not isinstance(node.args[j], ast.Starred):
            yield (f"{_short(node.args[i])} and {_short(node.args[j])} swapped in {text}",
                   _like(node, args=_swapped(node.args, i, j)))
    for i, argument in enumerate(node.args):
        if _is_number(argument) or _is_negative(argument) and _is_number(argument.operand):  # an axis, most often
            yield f"{_short(argument)} dropped from {text}", _like(node, args=_without(node.args, i))
    if isinstance(above[-1], ast.Expr) or name[:1].isupper():
        return  # the statement removed is the same; what a class makes is needed
    if _is_method(func, local):
        call = ast.unparse(_like(node, func=ast.Name(func.attr)))
        yield f"`.{call}` dropped from {text}", func.value
    elif node.args and not isinstance(node.args[0], ast.Starred):
        yield f"{text} to {_short(node.args[0])}", node.args[0]


def _is_method(func, local):
    """Is it a method of a value, as `X.sum` is, and not a module's function or a layer, as `torch.exp` and `self.net` are?"""
    if not isinstance(func, ast.Attribute):
        return False
    root = func.value
    while isinstance(root, ast.Attribute):
        root = root.value
    return not isinstance(root, ast.Name) or root.id in local - {"self"}


def _context(above):
    """The expression around a node, or the first line of its statement."""
    return _short(next(node for node in reversed(above) if isinstance(node, ast.stmt | ast.expr)
                       and not isinstance(node, ast.Slice) and not _is_negative(node)))


# ---------------------------------------------------------------- running them

def answers(lesson):
    """Return (the namespace in which a lesson's right answers are defined, {task: (its answer's code, its check's)})."""
    names, cells = {"__name__": "exercise"}, nbformat.read(SOURCES[lesson], as_version=4).cells
    code = {cell.id: cell.source for cell in cells if cell.cell_type == "code"}
    checks = [cell.id for cell in cells if cell.id in code and (cell.metadata.get("nbgrader") or {}).get("grade")]
    with _quiet():
        for name, source in code.items():
            if name not in checks:
                exec(compile(source, f"<{name}>", "exec"), names)
    return names, {name.removesuffix("-check"): (code[name.removesuffix("-check")], code[name]) for name in checks}


def survives(source, names, check, limit=LIMIT):
    """Does an answer pass its check? Where it takes more than `limit` seconds it does not.

    Whatever the check raises but its own errors is raised: a learner would see it instead of a sentence.
    """
    import utils  # noqa: F401  before torch
    import torch
    from exercises.checks import Wrong

    def stop(*_):
        raise Endless

    names = dict(names)
    torch.manual_seed(0)  # what a mutant no longer sets is drawn, each time the same
    before = signal.signal(signal.SIGPROF, stop)
    try:
        with _quiet():
            # Again and again: an exception raised while Python clears something away is lost.
            signal.setitimer(signal.ITIMER_PROF, limit, 0.5)
            try:
                try:
                    exec(compile(source, "<mutant>", "exec"), names)
                except Exception:  # it can't even be defined
                    return False
                exec(compile(check, "<check>", "exec"), names)
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
    except (Wrong, Endless):
        return False
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return True


@contextlib.contextmanager
def _quiet():
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def run(task, names, answer, check):
    """Return (all mutants of a task, {key: mutant} of those that pass its check, [(mutant, error)] where the check broke)."""
    if not survives(answer, names, check):
        raise ValueError(f"the worked answer to {task} does not pass its check, so no change to it says anything")
    made, alive, broken = list(mutants(task, answer)), {}, []
    for mutant in made:
        try:
            if survives(mutant.source, names, check):
                alive[mutant.key] = mutant
        except Exception as error:
            broken.append((mutant, error))
    return made, alive, broken


# ---------------------------------------------------------------- the table of survivors

def table():
    """survivors.toml as {task: {key: why it is not a wrong answer}}, its keys as this Python writes them."""
    entries = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {task: {normal(key): why for key, why in lines.items()} for task, lines in entries.items()}


def normal(key):
    """A key as this version of Python unparses its line: versions put parentheses in different places."""
    without = "without " if key.startswith("without ") else ""
    line, mark, count = key.removeprefix(without).partition("  # ")
    try:
        tree = ast.parse(line)
    except SyntaxError:  # the first line of a block
        tree = ast.parse(f"{line} pass")
    return without + _header(tree) + mark + count


def main(wanted):
    explained, asked = table(), set(wanted)
    for lesson in SOURCES:
        names, tasks = answers(lesson)
        for word in wanted:
            if lesson.startswith(word):
                asked = asked - {word} | set(tasks)
        for task, (answer, check) in tasks.items():
            if wanted and task not in asked:
                continue
            made, alive, broken = run(task, names, answer, check)
            print(f"{lesson} {task}: {len(made)} made, {len(made) - len(alive) - len(broken)} found")
            for mutant, error in broken:
                print(f"    line {mutant.line}: {mutant.what}\n        {mutant.key}\n"
                      f"        the check breaks: {type(error).__name__}: {error}")
            for key, mutant in alive.items():
                why = explained.get(task, {}).get(key)
                print(f"    line {mutant.line}: {mutant.what}\n        {key}" + (f"\n        explained: {why}" if why else ""))
            asked.discard(task)
    if asked and wanted:
        sys.exit(f"no lesson or task is called {', '.join(sorted(asked))}")


if __name__ == "__main__":
    main(sys.argv[1:])
