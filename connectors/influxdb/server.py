"""What the flow needs of InfluxDB before it starts: reached, let in, bucket and database there."""

from collections.abc import Callable

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.bucket import Bucket
from influxdb_client.domain.bucket_retention_rules import BucketRetentionRules
from influxdb_client.domain.dbrp import DBRP
from influxdb_client.domain.dbrp_create import DBRPCreate
from influxdb_client.domain.patch_bucket_request import PatchBucketRequest
from influxdb_client.domain.post_bucket_request import PostBucketRequest
from influxdb_client.rest import ApiException
from influxdb_client.service.buckets_service import BucketsService
from influxdb_client.service.dbr_ps_service import DBRPsService

from connectors.influxdb.client import open_client, place, unencrypted
from connectors.influxdb.faults import (
    TRANSPORT_FAULTS,
    distrust,
    message_of,
    transport_reason,
)
from connectors.influxdb.retention import kept_s, rules_of, shortened
from tidegauge.durations import UNITS_NS
from tidegauge.errors import UserMistake
from tidegauge.settings import Settings
from tidegauge.spec.models import InfluxOutput

FORBIDDEN = frozenset({401, 403})
CONFLICT = 422
NOT_FOUND = 404

_POLICY = "autogen"


def prepare(settings: Settings, output: InfluxOutput) -> list[str]:
    """Make the bucket, its retention and its InfluxQL database as the pipeline file says.

    A token that may do no more than write into a bucket that is there is enough.

    Returns:
        One line for each thing that stays other than the file says, because the token may not
        change it, one if records are kept for a shorter time than before, and one if all that is
        sent can be read on the way.

    Raises:
        UserMistake: InfluxDB cannot be reached within `settings.start_timeout_s`, is none, does
            not know the token or the organisation, or does not let the token write.
    """
    where = place(settings)
    with open_client(settings, settings.start_timeout_s) as client:
        try:
            _require_influxdb(client, where)
            org_id = _organization_id(client, where, settings.influxdb_org)
            preparation = _Preparation(client, settings.influxdb_org, org_id, output.bucket)
            retention_s = output.retention // UNITS_NS["s"]
            notes = preparation.bucket_with(retention_s, declared=output.declares_retention)
            _require_writable(client, where, output.bucket)
            return notes if (open_ := unencrypted(settings)) is None else [open_, *notes]
        except TRANSPORT_FAULTS as error:
            raise UserMistake(
                f"{where}: no InfluxDB answers ({transport_reason(error)}); "
                "start it, or correct INFLUXDB_URL"
            ) from None
        except ApiException as error:
            raise UserMistake(
                f"{where}: InfluxDB cannot be prepared: {message_of(error)} ({error.status})"
            ) from None


def _require_influxdb(client: InfluxDBClient, where: str) -> None:
    try:
        version = client.version()
    except ApiException as error:
        if why := distrust(error):
            raise UserMistake(
                f"{where}: its certificate is not trusted ({why}); set INFLUXDB_CA to the "
                "certificate of the authority that signed it"
            ) from None
        reason = f"status {error.status}" if error.status else message_of(error)
        raise UserMistake(
            f"{where}: what answers there is no InfluxDB ({reason}); correct INFLUXDB_URL"
        ) from None
    if version == "unknown":
        raise UserMistake(f"{where}: what answers there is no InfluxDB; correct INFLUXDB_URL")


def _organization_id(client: InfluxDBClient, where: str, name: str) -> str | None:
    """Id of the organisation; None where the token may not see it."""
    try:
        found = client.organizations_api().find_organizations(org=name)
    except ApiException as error:
        if error.status in FORBIDDEN:
            raise UserMistake(
                f"{where}: InfluxDB does not know INFLUXDB_TOKEN ({message_of(error)}); "
                "set it to a token of this server"
            ) from None
        if error.status == NOT_FOUND:
            raise UserMistake(
                f"{where}: there is no organisation {name!r}; correct INFLUXDB_ORG"
            ) from None
        raise
    return str(found[0].id) if found else None


def _require_writable(client: InfluxDBClient, where: str, bucket: str) -> None:
    try:
        with client.write_api(SYNCHRONOUS) as api:
            api.write(bucket, record=b"\n")
    except ApiException as error:
        if error.status == NOT_FOUND:
            raise UserMistake(
                f"{where}: there is no bucket {bucket!r}, and INFLUXDB_TOKEN may not make it; "
                "create it, or use a token that may"
            ) from None
        if error.status in FORBIDDEN:
            raise UserMistake(
                f"{where}: INFLUXDB_TOKEN may not write into bucket {bucket!r}; use one that may"
            ) from None
        raise


class _Preparation:
    """Changes to one bucket, each left out where the token may not make it."""

    def __init__(self, client: InfluxDBClient, org: str, org_id: str | None, name: str) -> None:
        self._buckets = BucketsService(client.api_client)
        self._databases = DBRPsService(client.api_client)
        self._org = org
        self._org_id = org_id
        self._name = name

    def bucket_with(self, retention_s: int, *, declared: bool) -> list[str]:
        """Make the bucket with the retention, and a database of its name.

        A bucket that is there gets the retention if the file declares it.

        Returns:
            A line if the retention stays another, or is made shorter.
        """
        bucket = self._found() or self._made(rules_of(retention_s)) or self._found()
        if bucket is None:
            return []
        notes = []
        if declared and kept_s(bucket) != retention_s:
            change = PatchBucketRequest(retention_rules=[rules_of(retention_s)])
            if not _allowed(lambda: self._buckets.patch_buckets_id(bucket.id, change)):
                notes.append(f"INFLUXDB_TOKEN may not set the retention of bucket {self._name!r}")
            elif line := shortened(kept_s(bucket), retention_s):
                notes.append(f"bucket {self._name!r}: {line}")
        self._database_of(bucket)
        return notes

    def _database_of(self, bucket: Bucket) -> None:
        """Let InfluxQL find the bucket.

        InfluxDB lets two who ask at once both make a mapping, and then refuses every query for
        there are two of them.
        """
        mapping = DBRPCreate(
            org=self._org,
            bucket_id=bucket.id,
            database=self._name,
            retention_policy=_POLICY,
            default=True,
        )
        # Without one InfluxDB still makes up a mapping of the same name.
        if not self._mappings():
            _allowed(lambda: self._databases.post_dbrp(mapping))
        # Whoever was second sees both, and all choose the same.
        for extra in sorted(self._mappings(), key=lambda one: (not one.default, one.id))[1:]:
            self._remove(extra)

    def _mappings(self) -> list[DBRP]:
        """Mappings that somebody has made."""
        found: list[DBRP] = []
        asked = {"org": self._org, "db": self._name}
        _allowed(lambda: found.extend(self._databases.get_dbr_ps(**asked).content or []))
        return [one for one in found if one.retention_policy == _POLICY and not one.virtual]

    def _remove(self, mapping: DBRP) -> None:
        try:
            self._databases.delete_dbrpid(mapping.id, org=self._org)
        except ApiException as error:
            if error.status not in FORBIDDEN | {NOT_FOUND}:
                raise

    def _found(self) -> Bucket | None:
        try:
            found = self._buckets.get_buckets(org=self._org, name=self._name).buckets
        except ApiException as error:
            if error.status in FORBIDDEN | {NOT_FOUND}:
                return None
            raise
        return found[0] if found else None

    def _made(self, rules: BucketRetentionRules) -> Bucket | None:
        if self._org_id is None:
            return None
        request = PostBucketRequest(org_id=self._org_id, name=self._name, retention_rules=[rules])
        made: list[Bucket] = []
        _allowed(lambda: made.append(self._buckets.post_buckets(request)))
        return made[0] if made else None


def _allowed(call: Callable[[], object]) -> bool:
    """Whether the token may make the call; a thing that is there already needs no making."""
    try:
        call()
    except ApiException as error:
        if error.status in FORBIDDEN:
            return False
        if error.status != CONFLICT or "exists" not in message_of(error):
            raise
    return True
