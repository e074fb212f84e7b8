"""Where the servers are and how a process runs: from the environment or a `.env` file.

None of it is in the pipeline file.
"""

from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tidegauge.errors import UserMistake


class Settings(BaseSettings):
    """Settings of one process. Every field names its environment variable."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", frozen=True, populate_by_name=True
    )

    kafka_bootstrap: str = Field("127.0.0.1:9092", alias="KAFKA_BOOTSTRAP")
    kafka_fetch_wait_ms: int = Field(500, alias="KAFKA_FETCH_WAIT_MS", ge=1, le=10_000)
    """How long a broker that has no messages may hold back its answer."""
    influxdb_url: str = Field("http://127.0.0.1:8086", alias="INFLUXDB_URL")
    influxdb_token: SecretStr = Field(SecretStr(""), alias="INFLUXDB_TOKEN")
    influxdb_org: str = Field("tidegauge", alias="INFLUXDB_ORG")
    store: Path | None = Field(None, alias="TIDEGAUGE_STORE")
    """When set, records go into this SQLite file instead of InfluxDB."""
    batch_size: int = Field(20_000, alias="TIDEGAUGE_BATCH_SIZE", ge=1, le=100_000)
    """At most so many messages are read from a partition at once."""
    bounded: bool = Field(False, alias="TIDEGAUGE_BOUNDED")
    """Read to the end offsets found at the start, close every window and end."""
    start_timeout_s: float = Field(8.0, alias="TIDEGAUGE_START_TIMEOUT", gt=0, le=60)
    """How long a server may take to answer at the start."""


def read_settings() -> Settings:
    """The settings of this process.

    Raises:
        UserMistake: some of them cannot be read; a line for each.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = [
            f"{'.'.join(map(str, one['loc']))}={one['input']}: {one['msg']}"
            for one in error.errors()
        ]
        raise UserMistake("\n".join(lines)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserMistake(f".env: cannot be read: {error}") from None
