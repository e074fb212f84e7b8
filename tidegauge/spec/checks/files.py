"""Files that a pipeline file names."""

from pathlib import Path


def is_there(file: Path) -> bool:
    """Whether there is such a file; there is none of a name that no file can have."""
    try:
        return file.is_file()
    except OSError:
        return False
