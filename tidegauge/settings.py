"""Where the servers are and how a process runs: from the environment or a `.env` file.

None of it is in the pipeline file. Secrets may also be in files: `INFLUXDB_TOKEN_FILE` names the
file with what `INFLUXDB_TOKEN` would hold.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    SettingsConfigDict,
)

from tidegauge.dotenv import misled_secrets
from tidegauge.errors import UserMistake
from tidegauge.secrets import weakness_of, with_files
from tidegauge.texts import LINE_WIDTH, cut, is_text

SECRETS = {
    "kafka_sasl_password": "KAFKA_SASL_PASSWORD",
    "kafka_ssl_key_password": "KAFKA_SSL_KEY_PASSWORD",
    "influxdb_token": "INFLUXDB_TOKEN",
    "hash_key": "TIDEGAUGE_HASH_KEY",
    "live_token": "TIDEGAUGE_LIVE_TOKEN",
}
"""Variables that hold secrets, by the name of the setting."""
SHORTEST_HASH_KEY = 16
SHORTEST_LIVE_TOKEN = 16

NOT_SET = SecretStr("")
Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
OptionalFile = Annotated[Path | None, BeforeValidator(lambda value: value or None)]


class Settings(BaseSettings):
    """Settings of one process. Every field names its environment variable."""

    model_config = SettingsConfigDict(
        env_file=".env",
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    kafka_bootstrap: str = Field("127.0.0.1:9092", alias="KAFKA_BOOTSTRAP")
    kafka_fetch_wait_ms: int = Field(500, alias="KAFKA_FETCH_WAIT_MS", ge=1, le=10_000)
    """How long a broker that has no messages may hold back its answer."""
    kafka_security_protocol: Protocol = Field("PLAINTEXT", alias="KAFKA_SECURITY_PROTOCOL")
    kafka_sasl_mechanism: Mechanism = Field("SCRAM-SHA-512", alias="KAFKA_SASL_MECHANISM")
    kafka_sasl_username: str = Field("", alias="KAFKA_SASL_USERNAME")
    kafka_sasl_password: SecretStr = Field(NOT_SET, alias="KAFKA_SASL_PASSWORD")
    kafka_sasl_password_file: OptionalFile = Field(None, alias="KAFKA_SASL_PASSWORD_FILE")
    kafka_ssl_ca: OptionalFile = Field(None, alias="KAFKA_SSL_CA")
    """Certificates of the authorities that brokers are trusted by; None for those of the system."""
    kafka_ssl_certificate: OptionalFile = Field(None, alias="KAFKA_SSL_CERTIFICATE")
    """This client's own certificate, for brokers that ask for one."""
    kafka_ssl_key: OptionalFile = Field(None, alias="KAFKA_SSL_KEY")
    kafka_ssl_key_password: SecretStr = Field(NOT_SET, alias="KAFKA_SSL_KEY_PASSWORD")
    kafka_ssl_key_password_file: OptionalFile = Field(None, alias="KAFKA_SSL_KEY_PASSWORD_FILE")
    influxdb_url: str = Field("http://127.0.0.1:8086", alias="INFLUXDB_URL")
    influxdb_token: SecretStr = Field(NOT_SET, alias="INFLUXDB_TOKEN")
    influxdb_token_file: OptionalFile = Field(None, alias="INFLUXDB_TOKEN_FILE")
    influxdb_org: str = Field("tidegauge", alias="INFLUXDB_ORG")
    influxdb_ca: OptionalFile = Field(None, alias="INFLUXDB_CA")
    """Certificates of the authorities that InfluxDB is trusted by; None for those of the system."""
    store: Path | None = Field(None, alias="TIDEGAUGE_STORE")
    """When set, records go into this SQLite file instead of InfluxDB."""
    hash_key: SecretStr = Field(NOT_SET, alias="TIDEGAUGE_HASH_KEY")
    """Key of the hashes that stand for sensitive fields."""
    hash_key_file: OptionalFile = Field(None, alias="TIDEGAUGE_HASH_KEY_FILE")
    live_token: SecretStr = Field(NOT_SET, alias="TIDEGAUGE_LIVE_TOKEN")
    """What a client of the live page must show; empty for nothing."""
    live_token_file: OptionalFile = Field(None, alias="TIDEGAUGE_LIVE_TOKEN_FILE")
    batch_size: int = Field(20_000, alias="TIDEGAUGE_BATCH_SIZE", ge=1, le=100_000)
    """At most so many messages are read from a partition at once."""
    epoch_bytes: int = Field(2**30, alias="TIDEGAUGE_EPOCH_BYTES", ge=2**20)
    """So many bytes of a source are read by a process in an epoch, and at most a batch more."""
    stalled_after_s: float = Field(20.0, alias="TIDEGAUGE_STALLED_AFTER", ge=5, le=3_600)
    """So long nothing may come of a partition whose log goes on before that is told."""
    retry_for_s: float = Field(300.0, alias="TIDEGAUGE_RETRY_FOR", ge=1, le=600)
    """How long a store that is away or overloaded is tried again before the flow ends."""
    bounded: bool = Field(False, alias="TIDEGAUGE_BOUNDED")
    """Read to the end offsets found at the start, close every window and end."""
    accept_reset: str = Field("", alias="TIDEGAUGE_ACCEPT_RESET")
    """Parts whose saved state may begin anew, such as `window:spend`, or `all`."""
    start_timeout_s: float = Field(6.0, alias="TIDEGAUGE_START_TIMEOUT", gt=0, le=60)
    """How long a server may take to answer at the start."""

    @model_validator(mode="before")
    @classmethod
    def _with_secrets(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        if wrong := [name for name, text in values.items() if not is_text(str(text))]:
            raise ValueError("\n".join(f"{name}: holds bytes that are no UTF-8" for name in wrong))
        return with_files(values, SECRETS)

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        if wrong := [*self._kafka_mistakes(), *self._file_mistakes()]:
            raise ValueError("\n".join(wrong))
        return self

    def _kafka_mistakes(self) -> Iterator[str]:
        protocol = f"KAFKA_SECURITY_PROTOCOL={self.kafka_security_protocol}"
        login = {
            "KAFKA_SASL_USERNAME": self.kafka_sasl_username,
            "KAFKA_SASL_PASSWORD": self.kafka_sasl_password.get_secret_value(),
        }
        files = {
            "KAFKA_SSL_CA": self.kafka_ssl_ca,
            "KAFKA_SSL_CERTIFICATE": self.kafka_ssl_certificate,
            "KAFKA_SSL_KEY": self.kafka_ssl_key,
        }
        if self.kafka_security_protocol.startswith("SASL"):
            yield from (f"{protocol}: {name} is not set" for name in login if not login[name])
        else:
            yield from (
                f"{name} is set, which {protocol} does not use: set it to SASL_SSL"
                for name in login
                if login[name]
            )
        if not self.kafka_security_protocol.endswith("SSL"):
            yield from (
                f"{name} is set, which {protocol} does not use: set it to SSL or SASL_SSL"
                for name in files
                if files[name]
            )
        if bool(self.kafka_ssl_certificate) != bool(self.kafka_ssl_key):
            yield "KAFKA_SSL_CERTIFICATE and KAFKA_SSL_KEY belong together: set both or none"

    def _file_mistakes(self) -> Iterator[str]:
        files = {
            "KAFKA_SSL_CA": self.kafka_ssl_ca,
            "KAFKA_SSL_CERTIFICATE": self.kafka_ssl_certificate,
            "KAFKA_SSL_KEY": self.kafka_ssl_key,
            "INFLUXDB_CA": self.influxdb_ca,
        }
        for name, path in files.items():
            if path is not None and (reason := _unreadable(path)):
                yield f"{name}={path}: cannot be read: {reason}; name a file in PEM format"
        key = self.hash_key.get_secret_value()
        if 0 < len(key) < SHORTEST_HASH_KEY:
            yield f"TIDEGAUGE_HASH_KEY is too short: it has at least {SHORTEST_HASH_KEY} characters"
        elif key and (weakness := weakness_of(key)):
            yield (
                f"TIDEGAUGE_HASH_KEY {weakness}, so that others could guess it; make one with:"
                " openssl rand -hex 32"
            )
        yield from _live_token_mistakes(self.live_token.get_secret_value())


def read_settings() -> Settings:
    """The settings of this process.

    Raises:
        UserMistake: some of them cannot be read, or a `.env` file would send a secret elsewhere; a
            line for each.
    """
    try:
        settings = Settings()
        environment, dotenv = EnvSettingsSource(Settings)(), DotEnvSettingsSource(Settings)()
    except ValidationError as error:
        raise UserMistake("\n".join(map(_told, error.errors()))) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserMistake(f".env: cannot be read: {error}") from None
    if misled := "\n".join(misled_secrets(environment, dotenv, Path())):
        raise UserMistake(misled)
    return settings


def _told(error: Any) -> str:
    name = ".".join(map(str, error["loc"]))
    if not name:
        # A check of ours: what it was given holds every secret, and is not told.
        return str(error["ctx"]["error"])
    if name in SECRETS.values() or name in SECRETS:
        return f"{name}: {error['msg']}"
    return f"{name}={cut(str(error['input']), LINE_WIDTH)}: {error['msg']}"


def _unreadable(path: Path) -> str | None:
    try:
        with path.open("rb"):
            return None
    except OSError as error:
        return error.strerror or type(error).__name__


def _live_token_mistakes(token: str) -> Iterator[str]:
    if 0 < len(token) < SHORTEST_LIVE_TOKEN:
        yield f"TIDEGAUGE_LIVE_TOKEN is too short: it has at least {SHORTEST_LIVE_TOKEN} characters"
    if not (token.isascii() and token.isprintable()) or " " in token:
        yield "TIDEGAUGE_LIVE_TOKEN has characters that no header can hold: letters and digits do"
