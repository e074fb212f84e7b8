"""Names of fields: keys of JSON objects, of which few are refused."""

from tidegauge.batch import RESERVED_PREFIX
from tidegauge.records import TIME_NS
from tidegauge.spec.checks.review import Review
from tidegauge.spec.mistakes import Path


def check_field_name(review: Review, path: Path, name: str) -> None:
    """Check that a column can have this name."""
    if name.startswith(RESERVED_PREFIX):
        review.say(path, f"names that begin with {RESERVED_PREFIX} are reserved")
    elif name == TIME_NS:
        review.say(path, f"{TIME_NS} is reserved for the time of records")
    elif not name or name == "*" or (name.startswith("^") and name.endswith("$")):
        review.say(path, f"{name!r} cannot be the name of a field")
    elif not name.isprintable() or len(name) > 200 or '"' in name or "\\" in name:
        message = "a field name is at most 200 printable characters, without quotation marks and \\"
        review.say(path, message)
