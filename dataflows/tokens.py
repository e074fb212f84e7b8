"""Tokens of InfluxDB with the least rights: one that writes, for the flow, and one that reads.

    python -m dataflows.tokens /run/tokens/flow/token /run/tokens/grafana/token

Makes both with the token of `INFLUXDB_TOKEN`, which may do everything, and puts each into a file
that only this user (the flow's) or also its group (Grafana's) can read. A token that is there and
that InfluxDB knows stays. No token is printed.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.authorization import Authorization
from influxdb_client.domain.permission import Permission
from influxdb_client.domain.permission_resource import PermissionResource
from influxdb_client.rest import ApiException
from pydantic import SecretStr

from connectors.influxdb.client import close_for_good, open_client, place
from connectors.influxdb.faults import TRANSPORT_FAULTS, message_of, transport_reason
from dataflows.lifecycle.startup import one_line_errors
from tidegauge.errors import UserMistake
from tidegauge.settings import Settings, read_settings

FLOW, GRAFANA = "tidegauge flow", "tidegauge grafana"
"""Descriptions of the tokens in InfluxDB: one of each is there."""
_LOG = structlog.get_logger("tidegauge")


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the tokens that are missing; exit code 2 when that could not be done."""
    parser = argparse.ArgumentParser(prog="python -m dataflows.tokens", description=__doc__)
    parser.add_argument("flow", type=Path, help="file of the token that writes")
    parser.add_argument("grafana", type=Path, help="file of the token that reads")
    given = parser.parse_args(arguments)
    with one_line_errors():
        make_tokens(read_settings(), given.flow, given.grafana)


def make_tokens(settings: Settings, flow: Path, grafana: Path) -> None:
    """Make the tokens that are missing or not known any more.

    Args:
        settings: InfluxDB and the token that may make others.
        flow: file of the token that writes into all buckets of the organisation.
        grafana: file of the token that reads them.

    Raises:
        UserMistake: InfluxDB cannot be reached or refuses it, or a file cannot be written.
    """
    client = open_client(settings, settings.start_timeout_s)
    try:
        _ensure(client, settings, FLOW, "write", flow, 0o600)
        _ensure(client, settings, GRAFANA, "read", grafana, 0o640)
    except ApiException as error:
        raise UserMistake(f"{place(settings)}: {message_of(error)}; give the first token") from None
    except TRANSPORT_FAULTS as error:
        raise UserMistake(f"{place(settings)}: {transport_reason(error)}; start it") from None
    except OSError as error:
        raise UserMistake(f"{error.filename}: cannot be written ({error.strerror})") from None
    finally:
        close_for_good(client)


def _organisation(client: InfluxDBClient, settings: Settings) -> str:
    found = client.organizations_api().find_organizations(org=settings.influxdb_org)
    if not found:
        raise UserMistake(f"{place(settings)}: there is no organisation {settings.influxdb_org!r}")
    return str(found[0].id)


def _ensure(
    client: InfluxDBClient,
    settings: Settings,
    description: str,
    action: str,
    file: Path,
    mode: int,
) -> None:
    org = _organisation(client, settings)
    api = client.authorizations_api()
    ours = [one for one in api.find_authorizations(org_id=org) if one.description == description]
    if ours and file.is_file() and _is_known(settings, file.read_text().strip()):
        _LOG.info(f"{description}: its token stays")
        return
    for old in ours:
        api.delete_authorization(old)
    permission = Permission(action, PermissionResource(type="buckets", org_id=org))
    made = api.create_authorization(
        authorization=Authorization(org_id=org, permissions=[permission], description=description)
    )
    _write(file, str(made.token), mode)
    _LOG.info(f"{description}: a token was made that can {action}")


def _is_known(settings: Settings, token: str) -> bool:
    """Whether InfluxDB lets a token in; it does not tell the tokens that it has made."""
    if not token:
        return False
    client = open_client(
        settings.model_copy(update={"influxdb_token": SecretStr(token)}), settings.start_timeout_s
    )
    try:
        client.buckets_api().find_buckets(limit=1)
    except ApiException as error:
        if error.status in {401, 403}:
            return False
        raise
    finally:
        close_for_good(client)
    return True


def _write(file: Path, token: str, mode: int) -> None:
    """Write a file in one step that nobody else could read at any time."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "w", encoding="ascii") as opened:  # noqa: PTH123 - a descriptor
        opened.write(token)
        os.fchmod(descriptor, mode)
    new.replace(file)


if __name__ == "__main__":
    main(sys.argv[1:])
