"""The lessons as nobody has run them yet, in blank/: what Colab, Binder and `make lab` open.

A committed lesson shows its outputs, so that it reads well on GitHub and is tested against them; a reader who is asked to
predict must not see the answer below the question. So blank/ holds each lesson without outputs, made of notebooks/ by

    python tools/blank.py        # after `make notebooks`, which runs it

A test fails when the two are out of step.
"""
import json

from course import ROOT

BLANK = "blank"


def blank(text):
    """Return a notebook's text without outputs and execution counts."""
    notebook = json.loads(text)
    notebook["metadata"].pop("course", None)  # what the outputs were made of (tools/stamp.py)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def blanks(root=ROOT):
    """Return {name below blank/: text} of all lessons."""
    return {path.name: blank(path.read_text(encoding="utf-8")) for path in sorted(root.glob("notebooks/*.ipynb"))}


def main(root=ROOT):
    """Write blank/; return the names of the files that changed."""
    folder = root / BLANK
    folder.mkdir(exist_ok=True)
    made, changed = blanks(root), []
    for path in folder.glob("*.ipynb"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != text:
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
            changed.append(f"{BLANK}/{name}")
    return changed


if __name__ == "__main__":
    for name in main():
        print(f"{name} written.")
