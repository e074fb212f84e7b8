"""What was rendered once and is no more: Grafana keeps what its files no longer name.

Which rules and ways of telling there were is read from the files that are rendered over, and from
the list of those deleted before. So the list is the same wherever it is rendered over these files.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grafana.formats.deletions import Deletion, DeletionFile

_SECTION = re.compile(r"([A-Za-z]+):", re.ASCII)
_ENTRY = re.compile(r' *- uid: "?([A-Za-z0-9_-]{1,40})"?', re.ASCII)
_RULES = frozenset({"groups", "deleteRules"})
_CONTACT_POINTS = frozenset({"contactPoints", "deleteContactPoints"})


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What Grafana knows by uid from files of ours.

    Attributes:
        rules: uids of rules.
        contact_points: uids of ways of telling.
    """

    rules: frozenset[str] = frozenset()
    contact_points: frozenset[str] = frozenset()


def provisioned(texts: Iterable[str]) -> Provisioned:
    """What rendered files name, or say is deleted.

    They are read line by line, as they are written: of one with the marks of a merge in it both
    sides count.
    """
    found: dict[str, set[str]] = {"rules": set(), "contact_points": set()}
    for text in texts:
        section = ""
        for line in text.splitlines():
            if begun := _SECTION.match(line):
                section = begun[1]
            elif entry := _ENTRY.fullmatch(line):
                kind = "rules" if section in _RULES else "contact_points"
                if section in _RULES | _CONTACT_POINTS:
                    found[kind].add(entry[1])
    return Provisioned(**{kind: frozenset(uids) for kind, uids in found.items()})


def deletion_file(former: Provisioned, files: Mapping[str, str]) -> DeletionFile | None:
    """The file that deletes what was and is no more; None where there is nothing.

    Args:
        former: what earlier files named.
        files: those rendered now.
    """
    now = provisioned(files.values())
    rules = _deletions(former.rules - now.rules)
    contact_points = _deletions(former.contact_points - now.contact_points)
    if not rules and not contact_points:
        return None
    return DeletionFile(delete_rules=rules or None, delete_contact_points=contact_points or None)


def _deletions(uids: Iterable[str]) -> list[Deletion]:
    return [Deletion(uid=uid, org_id=1) for uid in sorted(uids)]
