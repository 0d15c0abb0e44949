"""The imports of a module, read from its source without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Import:
    """One imported name, dotted and absolute: ``from a import b`` is ``a.b``."""

    name: str
    line: int
    is_lazy: bool
    """Whether it stands in a function, and so runs when that is called."""

    def is_within(self, package: str) -> bool:
        return self.name == package or self.name.startswith(package + ".")


def imports_of(source: str, module: str, *, is_package: bool = False) -> list[Import]:
    """Return what `source`, the text of `module`, imports."""
    base = module if is_package else module.rpartition(".")[0]
    return list(_walk(ast.parse(source), base, is_lazy=False))


def _walk(node: ast.AST, base: str, *, is_lazy: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        for name in _names(child, base):
            yield Import(name, getattr(child, "lineno", 0), is_lazy)
        is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _walk(child, base, is_lazy=is_lazy or is_function)


def _names(node: ast.AST, base: str) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        package = _absolute(node, base)
        return [f"{package}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call):
        return _named_in_call(node)
    return []


def _absolute(node: ast.ImportFrom, base: str) -> str:
    parts = base.split(".")
    kept = parts[: len(parts) - node.level + 1] if node.level else []
    return ".".join([*kept, *([node.module] if node.module else [])])


def _named_in_call(node: ast.Call) -> list[str]:
    """Return the module of ``import_module("name")`` and of ``__import__("name")``."""
    function = node.func.attr if isinstance(node.func, ast.Attribute) else node.func
    name = function.id if isinstance(function, ast.Name) else function
    if name not in {"import_module", "__import__"} or not node.args:
        return []
    first = node.args[0]
    return [first.value] if isinstance(first, ast.Constant) and isinstance(first.value, str) else []


def modules(root: Path, package: str) -> Iterator[tuple[str, Path]]:
    """Yield the dotted name and the path of each module of `package`, which lies in `root`."""
    for path in sorted((root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), path
