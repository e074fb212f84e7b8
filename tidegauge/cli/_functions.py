"""Functions that `process` names, looked for without an import, which would run them."""

import ast
import sys
import types
import warnings
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path

_OPENING = {"globals", "vars", "exec", "eval", "setattr", "__getattr__", "__path__", "modules"}
"""What a module has in it that gets names by other means than by binding them."""
_LITERALS = (ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.Set, ast.Dict)


class UndecidedError(Exception):
    """Only an import tells whether there is such a function."""


def function_mistake(reference: str) -> str | None:
    """What is wrong with `module:function`; None where it is a function.

    Raises:
        UndecidedError: the module is no Python source, or makes its names as it runs.
    """
    module, _, name = reference.partition(":")
    try:
        found = _spec(module)
        if isinstance(found, str):
            return found
        tree = _tree(found)
    except SyntaxError as error:
        return f"module {module} cannot be imported: {error.msg} in line {error.lineno}"
    bindings = _bindings(tree, name)
    if bindings and all(isinstance(value, _LITERALS) for value in bindings):
        return f"{name} of module {module} is no function"
    if not bindings and _opening(tree):
        raise UndecidedError
    if not bindings and not callable(getattr(types.ModuleType(module), name, None)):
        return f"module {module} has no function {name}"
    return None


def _spec(module: str) -> ModuleSpec | str:
    """Where a module is, or why there is none."""
    spec: ModuleSpec | None = None
    # As of 'run', whose processes have the folder that they are started in on their path.
    parent, places = "", [str(Path.cwd()), *sys.path]
    for part in module.split("."):
        name = f"{parent}.{part}" if parent else part
        found = _find(name, places)
        if found is None:
            if name in sys.modules or (spec is not None and _opening(_tree(spec))):
                raise UndecidedError
            return f"there is no module {name} on the Python path"
        spec, parent = found, name
        places = list(found.submodule_search_locations or ())
    if spec is None:
        raise UndecidedError
    return spec


def _find(name: str, places: Sequence[str]) -> ModuleSpec | None:
    for finder in sys.meta_path:
        try:
            spec = finder.find_spec(name, places)
        except (AttributeError, ImportError, KeyError, ValueError):
            raise UndecidedError from None  # as of a namespace within one, without an import
        if spec is not None:
            return spec
    return None


def _tree(spec: ModuleSpec) -> ast.Module:
    """The source of a module, parsed."""
    if spec.loader is None:
        return ast.Module([], [])  # a folder without __init__.py
    get_source = getattr(spec.loader, "get_source", None)
    try:
        source: str | None = get_source(spec.name) if get_source else None
        if source is None:
            raise UndecidedError
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (ImportError, ValueError, RecursionError, MemoryError):
        raise UndecidedError from None


def _opening(tree: ast.Module) -> bool:
    """Whether a module may get names that it does not bind."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.FunctionDef(name=name):
                if name in _OPENING:
                    return True
            case ast.alias(name="*") | ast.Attribute(attr="__dict__"):
                return True
    return False


def _bindings(tree: ast.Module, name: str) -> list[ast.expr | None]:
    """What a module binds a name to: an expression, or None for what is no such."""
    found: list[ast.expr | None] = []
    for node in _own(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=bound)], value=value):
                found += [value] * (bound == name)
            case ast.AnnAssign(target=ast.Name(id=bound), value=ast.expr() as value):
                found += [value] * (bound == name)
            case ast.AnnAssign(value=None):
                pass
            case ast.alias(name=imported, asname=alias):
                found += [None] * ((alias or imported.partition(".")[0]) == name)
            case ast.Name(id=bound, ctx=ast.Store()):
                found += [None] * (bound == name)
            case ast.Global(names=names):
                found += [None] * (name in names)
            case _ if getattr(node, "name", None) == name:  # def, class, except, case
                found.append(None)
    return found


def _own(tree: ast.Module) -> Iterator[ast.AST]:
    """Nodes that bind names of the module; none that bind names of its functions and classes."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        yield node
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Lambda():
                yield from (inner for inner in ast.walk(node) if isinstance(inner, ast.Global))
            case ast.Assign(targets=[ast.Name()], value=value) | ast.AnnAssign(value=value):
                waiting += [value] if value is not None else []
            case _:
                waiting += ast.iter_child_nodes(node)
