"""Give the functions of a module that is imported already the code of another text."""

import gc
from collections import defaultdict
from collections.abc import Iterator
from inspect import CO_OPTIMIZED
from types import CodeType, FunctionType


def exchange(path: str, before: bytes, after: bytes) -> bool:
    """Exchange the code of all functions of a file that differ between two texts of it.

    False where that cannot be: the texts do not have the same functions.

    Args:
        path: of the file, as its functions know it.
        before: the text that was imported.
        after: the text with the new functions.
    """
    old, new = (_functions(compile(text, path, "exec")) for text in (before, after))
    changed = {key: new.get(key, []) for key, codes in old.items() if codes != new.get(key)}
    if old.keys() != new.keys() or any(len(codes) != 1 for codes in changed.values()):
        return False
    for function in [one for one in gc.get_objects() if isinstance(one, FunctionType)]:
        code = function.__code__
        key = code.co_qualname, code.co_firstlineno
        if key in changed and code.co_filename == path:
            if code.co_freevars != changed[key][0].co_freevars:
                return False
            function.__code__ = changed[key][0]
    return True


def _functions(module: CodeType) -> dict[tuple[str, int], list[CodeType]]:
    """Code by name and first line; there can be two of a name in a line."""
    found = defaultdict(list)
    for code in _inner(module):
        if code.co_flags & CO_OPTIMIZED:
            found[code.co_qualname, code.co_firstlineno].append(code)
    return found


def _inner(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _inner(constant)
