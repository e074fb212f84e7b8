"""The analytics flow with epochs of any length.

    python -m dataflows.launch pipelines/payments.yaml -r DIR -s 100ms -b 0

Takes the options of `python -m bytewax.run`, which starts the same flow with epochs of whole
seconds. A process of a cluster is started with `-i` and `-a`, as there.
"""

import sys
from collections.abc import Callable, Sequence
from datetime import timedelta

from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig
from bytewax.run import cli_main

from dataflows.analytics import flow
from dataflows.lifecycle.invocation import Invocation, argument_parser, invocation_of
from dataflows.lifecycle.startup import COULD_NOT_RUN
from tidegauge.errors import UserMistake
from tidegauge.texts import visible


def main(
    arguments: Sequence[str] | None = None, make_flow: Callable[[str], Dataflow] = flow
) -> None:
    """Run the flow of a pipeline file until it ends; exit code 2 when it could not start.

    Args:
        arguments: the command line; that of this process by default.
        make_flow: makes the flow out of the name of the file.
    """
    parser = argument_parser()
    parser.add_argument("file", metavar="FILE", help="pipeline file")
    try:
        given = parser.parse_args(arguments)
        invocation = invocation_of(given)
    except (ValueError, UserMistake) as error:
        sys.stderr.write(f"{visible(str(error))}\n")
        raise SystemExit(COULD_NOT_RUN) from None
    run(make_flow(given.file), invocation)


def run(graph: Dataflow, invocation: Invocation) -> None:
    """Run a flow as one process, or as one of a cluster."""
    recovery = None
    if invocation.recovery is not None:
        backup = timedelta(seconds=invocation.backup_s)
        recovery = RecoveryConfig(invocation.recovery, backup)  # type: ignore[no-untyped-call]  # it has no types
    cli_main(  # type: ignore[no-untyped-call]  # as above
        graph,
        workers_per_process=invocation.workers,
        process_id=invocation.process,
        addresses=list(invocation.addresses) or None,
        epoch_interval=timedelta(microseconds=invocation.epoch_ns / 1_000),
        recovery_config=recovery,
    )


if __name__ == "__main__":
    main()
