"""How long a bucket keeps records: what the pipeline file says, and what a bucket has.

A bucket that is there may hold records of others. So what it keeps is changed where the file says a
retention, and not where it says none; and whoever makes it shorter is told.
"""

from influxdb_client.domain.bucket import Bucket
from influxdb_client.domain.bucket_retention_rules import BucketRetentionRules
from influxdb_client.rest import ApiException
from influxdb_client.service.buckets_service import BucketsService

from connectors.influxdb.client import open_client
from connectors.influxdb.faults import TRANSPORT_FAULTS
from tidegauge.durations import UNITS_NS
from tidegauge.errors import UserMistake
from tidegauge.settings import Settings
from tidegauge.spec.models import InfluxOutput

_SECOND_NS = UNITS_NS["s"]
_HOUR, _DAY = (UNITS_NS[unit] // _SECOND_NS for unit in ("h", "d"))


def kept_s(bucket: Bucket) -> int:
    """Seconds for which a bucket keeps records; 0 for ever."""
    return bucket.retention_rules[0].every_seconds if bucket.retention_rules else 0


def rules_of(retention_s: int) -> BucketRetentionRules:
    """Retention with InfluxDB's own choice of shard length, which it does not renew by itself."""
    if retention_s == 0 or retention_s > 180 * _DAY:
        shard_s = 7 * _DAY
    else:
        shard_s = _DAY if retention_s >= 2 * _DAY else _HOUR
    return BucketRetentionRules(
        type="expire", every_seconds=retention_s, shard_group_duration_seconds=shard_s
    )


def kept_ns(settings: Settings, output: InfluxOutput) -> int:
    """Nanoseconds for which the flow's bucket keeps records, 0 for ever.

    It is what the file says; where it says nothing, what the bucket does that is there.
    """
    if output.declares_retention:
        return output.retention
    there = _read(settings, output.bucket)
    return output.retention if there is None else there * _SECOND_NS


def shortening(settings: Settings, output: InfluxOutput) -> str | None:
    """A line if the start of a flow makes the bucket keep records for a shorter time than now."""
    there = _read(settings, output.bucket) if output.declares_retention else None
    return None if there is None else shortened(there, output.retention // _SECOND_NS)


def shortened(before_s: int, after_s: int) -> str | None:
    """What it means to go from one retention to a shorter one; None for a longer one."""
    if not after_s or (before_s and before_s <= after_s):
        return None
    before = f"for {_text(before_s)}" if before_s else "for ever"
    return (
        f"output.influxdb.retention {_text(after_s)}: the bucket kept records {before}; InfluxDB"
        " deletes what is older, whoever wrote it"
    )


def _read(settings: Settings, name: str) -> int | None:
    """Seconds for which a bucket keeps records; None where it is not there or cannot be seen."""
    try:
        with open_client(settings, settings.start_timeout_s) as client:
            service = BucketsService(client.api_client)
            found = service.get_buckets(org=settings.influxdb_org, name=name).buckets
    except (ApiException, UserMistake, *TRANSPORT_FAULTS):  # such as: there is no token
        return None
    return kept_s(found[0]) if found else None


def _text(seconds: int) -> str:
    for size, unit in ((_DAY, "d"), (_HOUR, "h")):
        if not seconds % size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
