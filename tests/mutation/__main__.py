"""Does a test notice when the engine is wrong in one place?

    python tests/mutation                     # a sample, the same in every run; --every 1 takes all mutants
    python tests/mutation --module reach/security.py --every 5

Each mutant runs in a process of its own, with the tests below, until the first one fails. Random tests draw the same
examples each time, and time is that of the processor, so that a busy machine kills none.
"""

from __future__ import annotations

import argparse
import importlib.abc
import importlib.machinery
import os
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from mutation.mutants import Mutant, mutants  # noqa: E402

MODULES = {  # and how many there are to one that is tried
    "core/verdict.py": 1, "core/ranges.py": 4, "reach/effective_routes.py": 4, "reach/routes.py": 4, "reach/gateway_rows.py": 3,
    "reach/own_routes.py": 3, "reach/security.py": 4, "reach/rule_sets.py": 4, "reach/forwarding.py": 4,
    "reach/onto_gateways.py": 3, "reach/app_membership.py": 3,
}  # fmt: skip
GROUPS = [  # each is collected only where the one before it noticed nothing
    ["test_rules/test_security.py", "test_rules/test_routes.py", "test_rules/test_doubtful_routes.py", "test_golden_routes.py",
     "test_doubts.py"],
    ["test_cases.py::test_case_gets_its_answer", "test_ranges_and_rules.py"],
    ["test_rules", "test_routing_rules.py", "test_forwarding_rules.py", "test_admin_rules.py", "test_doubts_lab.py",
     "test_app_membership.py", "oracle"],
]  # fmt: skip
SECONDS = 300  # all tests take about a third of that
KILLED, SURVIVED = "killed", "survived"


class Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module another text when it is imported."""

    def __init__(self, name: str, path: Path, text: str) -> None:
        self.name, self.path, self.text = name, path, text

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The module that is replaced."""
        if fullname != self.name:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin=str(self.path))

    def exec_module(self, module: ModuleType) -> None:
        """Run the other text."""
        module.__file__ = str(self.path)
        exec(compile(self.text, str(self.path), "exec"), module.__dict__)


def tried(module: str, mutant: Mutant) -> str:
    """killed or survived. A mutant that does not end counts as killed: a user would notice, and so does CI."""
    child = os.fork()
    if child == 0:
        _run(module, mutant)
    _, status = os.waitpid(child, 0)
    return SURVIVED if os.waitstatus_to_exitcode(status) == 0 else KILLED


def _run(module: str, mutant: Mutant) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    hypothesis.settings.register_profile("mutants", derandomize=True, database=None)
    hypothesis.settings.load_profile("mutants")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    name = "mi_workbook." + module.removesuffix(".py").replace("/", ".")
    sys.meta_path.insert(0, Instead(name, ROOT / "mi_workbook" / module, mutant.source))
    os.chdir(ROOT)
    for group in GROUPS:
        failed = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *(f"tests/{one}" for one in group)]))
        if failed:
            os._exit(failed)
    os._exit(0)


def main(arguments: list[str]) -> int:
    """Prints each survivor and the score; exit 0 whatever it is."""
    parser = argparse.ArgumentParser(prog="mutation", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--module", choices=sorted(MODULES), help="only this module")
    parser.add_argument(
        "--every", type=int, default=0, help="one mutant of so many; 0: as many as each module has below"
    )
    given = parser.parse_args(arguments)
    all_killed = all_tried = 0
    for module in [given.module] if given.module else MODULES:
        source = (ROOT / "mi_workbook" / module).read_text(encoding="utf-8")
        found = list(mutants(source))
        step = given.every or MODULES[module]
        chosen = found[::step]
        killed = 0
        for one in chosen:
            if tried(module, one) == KILLED:
                killed += 1
            else:
                sys.stdout.write(f"  survived: {module}:{one.line}: {one.what}\n")
                sys.stdout.flush()
        sys.stdout.write(f"{module}: {killed} of {len(chosen)} killed ({len(found)} mutants)\n")
        sys.stdout.flush()
        all_killed, all_tried = all_killed + killed, all_tried + len(chosen)
    sys.stdout.write(f"{all_killed} of {all_tried} killed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
