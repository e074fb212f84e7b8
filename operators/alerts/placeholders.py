"""What the template of a summary names."""

from string import Formatter


def placeholders(template: str) -> frozenset[str]:
    """Names in brackets."""
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name)
