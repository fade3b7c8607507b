"""Draws mutants in the modules where not all are tried: ``python -m tests.mutants [SEED] [HOW MANY] [MODULE…]``.

``make mutants`` tries all the mutants of the modules that ``pyproject.toml`` names. This module draws among the modules that have
a test of the same name, ten mutants each. A mutant is written in a copy of the checkout and tried against that test; if it
survives, against the tests of the modules that import its own. Mutants that no test detects are printed with their change. The
mutants of a module follow from the seed, which is printed with the commit, and from its name: naming some modules does not
change theirs.
"""

import argparse
import ast
import difflib
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from mutmut.mutation.file_mutation import mutate_file_contents

from pipelines.settings import PROJECT_ROOT
from tests.imports import graph, imports, name_of

EACH, DRAWN, AROUND = 10, 300, 6
PATIENCE = 300  # seconds of a run of tests: a mutant that never ends is seen


def main() -> None:
    """Draw, try against each module's own test, then what survived against the others; print what no test sees."""
    asked = argparse.ArgumentParser(prog="python -m tests.mutants")
    asked.add_argument("seed", nargs="?", type=int, default=secrets.randbelow(10**6))
    asked.add_argument("wanted", nargs="?", type=int, default=DRAWN)
    asked.add_argument("modules", nargs="*")
    seed, wanted, named = vars(asked.parse_args()).values()
    print(f"seed {seed}, commit {_git('describe', '--always', '--dirty').strip()}", flush=True)
    modules, tried, survived = mirrored(), 0, []
    with tempfile.TemporaryDirectory() as folder:
        copy = _copied(Path(folder))
        for module, test in random.Random(seed).sample(modules, len(modules)):
            if named and module not in named:
                continue
            began = time.monotonic()
            if not _passes(copy, [test]):
                print(f"     not tried, its test does not pass without a mutant: {module}", flush=True)
                continue
            alone, mutants = time.monotonic() - began, dict(_mutants(module))
            draw = random.Random(f"{seed} {module}")
            chosen = draw.sample(sorted(mutants), min(EACH, len(mutants), wanted - tried))
            left = {name: mutants[name] for name in chosen if _passes(copy, [test], module, mutants[name])}
            tried += len(chosen)
            survived += [(module, test, left)] if left else []
            print(
                f"{tried:4} tried, {sum(len(one) for *_, one in survived)} left: {module}, {alone:.0f} s",
                *left,
                flush=True,
            )
            if tried >= wanted:
                break
        alive = 0
        for module, test, left in survived:
            others = _around(module, test)
            others = others if others and _passes(copy, others) else []
            seen_by_none = {name: one for name, one in left.items() if not others or _passes(copy, others, module, one)}
            alive += len(seen_by_none)
            for name, text in seen_by_none.items():
                print(module, name, *_change(PROJECT_ROOT / module, text), sep="\n    ", flush=True)
    print(f"{tried - alive} of {tried} killed")


def mirrored() -> list[tuple[str, str]]:
    """(module, its test) for the modules that have a test of their name, but those of which all mutants are tried."""
    whole = (PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("only_mutate")[2].partition("]")[0]
    modules = [Path(file) for file in _git("ls-files", "pipelines/*.py").splitlines() if f'"{file}"' not in whole]
    tests = [(file, Path("tests", *file.parts[1:-1], f"test_{file.name}")) for file in modules]
    return [(str(file), str(test)) for file, test in tests if (PROJECT_ROOT / test).is_file()]


def _copied(folder: Path) -> Path:
    """The checkout in ``folder``, as a repository of its own: some tests ask git for the list of files."""
    for file in _git("ls-files").splitlines():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes((PROJECT_ROOT / file).read_bytes())
    for arguments in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    return folder


def _mutants(module: str) -> Iterator[tuple[str, str]]:
    """(name, text of the module) of each mutant: the function as mutmut changes it, in the place of the one that it changes."""
    text = (PROJECT_ROOT / module).read_text(encoding="utf-8")
    made = mutate_file_contents(module, text)
    originals, changed = dict(_functions(ast.parse(text))), dict(_functions(ast.parse(made.code)))
    lines, there = text.splitlines(), made.code.splitlines()
    for name in made.mutant_names:
        mangled = name.rpartition("__mutmut_")[0]
        place = tuple(mangled[2:].split("ǁ")) if mangled.startswith("xǁ") else (mangled[2:],)
        (mutant,) = [node for path, node in changed.items() if path[-1] == name]
        node = originals[place]
        body = there[mutant.lineno - 1 : mutant.end_lineno]
        body[0] = body[0].replace(name, place[-1], 1)
        yield name, "\n".join([*lines[: node.lineno - 1], *body, *lines[node.end_lineno :]]) + "\n"


def _functions(tree: ast.Module) -> Iterator[tuple[tuple[str, ...], ast.FunctionDef | ast.AsyncFunctionDef]]:
    """(its class if it has one, its name) → each function that mutmut may change."""
    for node in tree.body:
        for inner in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                yield (node.name, inner.name) if isinstance(node, ast.ClassDef) else (inner.name,), inner


def _around(module: str, own: str) -> list[str]:
    """Other tests that import the module, or else those of its folder, or those that import a module that does."""
    name = name_of(PROJECT_ROOT / module)
    near = {one for one, others in graph().items() if name in others}
    found = []
    for file in sorted((PROJECT_ROOT / "tests").rglob("test_*.py")):
        read = {part for one in imports(file) for part in (one, one.rpartition(".")[0])}
        place = str(file.relative_to(PROJECT_ROOT))
        is_beside = Path(place).parent == Path(own).parent
        if (read & {name, *near} or is_beside) and place != own and "end_to_end" not in place:
            found.append((name not in read, not (is_beside and read & near), not is_beside, place))
    return [place for *_, place in sorted(found)[:AROUND]]


def _passes(copy: Path, tests: list[str], module: str = "", text: str = "") -> bool:
    """Whether tests pass, with this text in the place of a module."""
    if module:
        (copy / module).write_text(text, encoding="utf-8")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
            cwd=copy,
            env=os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    finally:
        if module:
            (copy / module).write_bytes((PROJECT_ROOT / module).read_bytes())
    return done.returncode == 0


def _change(file: Path, text: str) -> list[str]:
    former = file.read_text(encoding="utf-8").splitlines()
    changed = difflib.unified_diff(former, text.splitlines(), n=0, lineterm="")
    return [line for line in changed if not line.startswith(("---", "+++", "@@"))]


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main()
