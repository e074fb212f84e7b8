"""The recovery directory of this process is its cluster's alone for as long as it runs."""

from connectors.recovery.lock import Claim, claim
from dataflows.lifecycle.invocation import Invocation
from operators.keygroups.shelf import Saving

_held: list[Claim] = []
"""The kernel takes them back at the end of the process, and not before."""


def own_recovery_directory(saving: Saving, invocation: Invocation, flow: str) -> None:
    """Lock the folder of saved state; nothing where none is saved.

    Args:
        saving: where state is saved.
        invocation: how this process was told to run the flow.
        flow: name of that.

    Raises:
        UserMistake: another flow has it, or this process runs already.
    """
    if saving.folder is not None:
        cluster = ";".join(invocation.addresses)
        _held.append(claim(saving.folder.parent, cluster, invocation.process or 0, flow))
