"""Names that belong to one test."""

import uuid


def unique(prefix: str) -> str:
    """A name that no other test uses: `prefix-1f0c…`."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"
