"""Saved states of key groups."""

from tidegauge.errors import UserMistake


def check_version(what: str, found: int, own: int) -> None:
    """Refuse a saved state of another version.

    Raises:
        UserMistake: `found`, the version in the state, is not `own`, the version written here.
    """
    if found != own:
        raise UserMistake(
            f"saved state: {what} have version {found}, this program reads {own};"
            " start with an empty recovery directory or with the program that wrote it"
        )
