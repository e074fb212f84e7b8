"""Settings come from the environment and from files; what is wrong is told without a secret."""

import random
import re
from pathlib import Path

import pytest

from tidegauge.errors import UserMistake
from tidegauge.secrets import weakness_of
from tidegauge.settings import SECRETS, Settings, read_settings

SECRET = "a-secret-of-24-characters"  # noqa: S105 - of nothing
SASL = {
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_USERNAME": "me",
    "KAFKA_SASL_PASSWORD": SECRET,
}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of this process, and no `.env` file."""
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.alias), raising=False)
    monkeypatch.chdir(tmp_path)


def read(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return read_settings()


def mistake(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    with pytest.raises(UserMistake) as error:
        read(monkeypatch, **variables)
    assert SECRET not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(("name", "variable"), SECRETS.items())
def test_a_secret_may_be_in_a_file(
    name: str, variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    sasl = {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_USERNAME": "me"}
    more = sasl if "SASL" in variable else {}
    settings = read(monkeypatch, **{f"{variable}_FILE": str(file)}, **more)
    assert getattr(settings, name).get_secret_value() == SECRET
    assert SECRET not in repr(settings) + str(settings) + settings.model_dump_json()


def test_a_secret_is_given_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    said = mistake(monkeypatch, INFLUXDB_TOKEN=SECRET, INFLUXDB_TOKEN_FILE=str(file))
    assert said == "INFLUXDB_TOKEN and INFLUXDB_TOKEN_FILE are both set: set one of them"


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "cannot be read: No such file or directory"), (b"", "is empty"), (b"\xff", "no text")],
)
def test_a_file_without_a_secret_is_named(
    content: bytes | None, reason: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    said = mistake(monkeypatch, INFLUXDB_TOKEN_FILE=str(file), TIDEGAUGE_HASH_KEY=SECRET)
    assert said.startswith(f"INFLUXDB_TOKEN_FILE={file}: ")
    assert reason in said


def test_every_contradiction_is_a_line_and_no_secret_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = mistake(
        monkeypatch,
        KAFKA_SASL_PASSWORD=SECRET,
        KAFKA_SSL_KEY=str(tmp_path / "none.pem"),
        INFLUXDB_TOKEN=SECRET,
        TIDEGAUGE_HASH_KEY="short",
    )
    assert [line.partition(" ")[0] for line in said.splitlines()] == [
        "KAFKA_SASL_PASSWORD",
        "KAFKA_SSL_KEY",
        "KAFKA_SSL_CERTIFICATE",
        f"KAFKA_SSL_KEY={tmp_path / 'none.pem'}:",
        "TIDEGAUGE_HASH_KEY",
    ]


def test_sasl_needs_a_name_and_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    assert mistake(monkeypatch, KAFKA_SECURITY_PROTOCOL="SASL_SSL").splitlines() == [
        "KAFKA_SECURITY_PROTOCOL=SASL_SSL: KAFKA_SASL_USERNAME is not set",
        "KAFKA_SECURITY_PROTOCOL=SASL_SSL: KAFKA_SASL_PASSWORD is not set",
    ]


def test_a_wrong_value_is_told_with_what_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    said = mistake(monkeypatch, KAFKA_SECURITY_PROTOCOL="TLS", INFLUXDB_TOKEN=SECRET)
    assert said.startswith("KAFKA_SECURITY_PROTOCOL=TLS: ")
    assert "'SASL_SSL'" in said


ELSEWHERE = "so a file in the working directory would say who gets the secret"


@pytest.mark.parametrize(
    ("dotenv", "environment", "named"),
    [
        (
            "INFLUXDB_URL=http://evil",
            {"INFLUXDB_TOKEN": SECRET},
            "INFLUXDB_URL and INFLUXDB_TOKEN is set in the environment",
        ),
        (
            "INFLUXDB_URL=http://127.0.0.1:1\nINFLUXDB_TOKEN=other\nINFLUXDB_CA=ca.pem",
            {"INFLUXDB_TOKEN": SECRET},
            "INFLUXDB_URL, INFLUXDB_CA and INFLUXDB_TOKEN is set in the environment",
        ),
        (
            "export influxdb_url=http://evil",
            {"INFLUXDB_TOKEN_FILE": "secret"},
            "INFLUXDB_URL and INFLUXDB_TOKEN_FILE is set in the environment",
        ),
        (
            "INFLUXDB_URL=http://evil\nINFLUXDB_TOKEN_FILE=../secret",
            {},
            "INFLUXDB_URL and INFLUXDB_TOKEN_FILE names a file outside of the directory",
        ),
        (
            "KAFKA_BOOTSTRAP=evil:9092",
            SASL,
            "KAFKA_BOOTSTRAP and KAFKA_SASL_PASSWORD is set in the environment",
        ),
        (
            "KAFKA_SASL_MECHANISM=PLAIN\nKAFKA_SSL_CA=ca.pem",
            SASL | {"KAFKA_BOOTSTRAP": "mine:9092"},
            "KAFKA_SASL_MECHANISM, KAFKA_SSL_CA and KAFKA_SASL_PASSWORD is set in the environment",
        ),
    ],
)
def test_a_file_of_the_working_directory_does_not_say_who_gets_a_secret(
    dotenv: str,
    environment: dict[str, str],
    named: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    for folder in (tmp_path, here):
        (folder / "secret").write_text(SECRET)
        (folder / "ca.pem").write_text("")
    (here / ".env").write_text(f"{dotenv}\n")
    monkeypatch.chdir(here)
    assert mistake(monkeypatch, **environment).startswith(f".env sets {named}: {ELSEWHERE}")


@pytest.mark.parametrize(
    ("dotenv", "environment"),
    [
        ("INFLUXDB_URL=http://there\nINFLUXDB_TOKEN=mine", {}),
        ("INFLUXDB_URL=http://there\nINFLUXDB_TOKEN_FILE=secret", {}),
        ("INFLUXDB_TOKEN=mine\nINFLUXDB_ORG=ours", {"INFLUXDB_URL": "http://there"}),
        ("INFLUXDB_ORG=ours", {"INFLUXDB_TOKEN": SECRET}),
        ("INFLUXDB_URL=evil", {"INFLUXDB_TOKEN": SECRET, "INFLUXDB_URL": "http://there"}),
        ("INFLUXDB_TOKEN_FILE=../secret", {}),
        ("KAFKA_BOOTSTRAP=there:9092", {"INFLUXDB_TOKEN": SECRET}),
    ],
)
def test_an_address_and_its_secret_from_one_place_are_taken(
    dotenv: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    for folder in (tmp_path, here):
        (folder / "secret").write_text(SECRET)
    (here / ".env").write_text(f"{dotenv}\n")
    monkeypatch.chdir(here)
    assert read(monkeypatch, **environment) == Settings()


def test_bytes_that_are_no_text_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    said = mistake(monkeypatch, KAFKA_BOOTSTRAP="\udcff:1", INFLUXDB_ORG="\udcff")
    assert sorted(said.splitlines()) == [
        "INFLUXDB_ORG: holds bytes that are no UTF-8",
        "KAFKA_BOOTSTRAP: holds bytes that are no UTF-8",
    ]


@pytest.mark.parametrize(
    "key",
    [
        *("changeme" * 2, "change-me-please-1234", "this is a secret key", "tidegauge-hash-key"),
        *("0123456789abcdef", "0123456789abcdef" * 2, "fedcba9876543210", "1234567890123456"),
        *("a" * 64, "abc" * 10, "k" * 40 + "1234567", "qwertyuiopasdfghjkl"),
        *("passwordpassword1", "openssl rand -hex 32"),
    ],
)
def test_a_hash_key_that_can_be_guessed_is_refused(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = mistake(monkeypatch, TIDEGAUGE_HASH_KEY=key)
    assert re.match(r"TIDEGAUGE_HASH_KEY (has only|is the same|is made of) ", said)
    assert said.endswith("so that others could guess it; make one with: openssl rand -hex 32")
    assert key not in said.replace("openssl rand -hex 32", "")


def test_keys_that_are_made_as_the_docs_say_are_taken() -> None:
    chance = random.Random(7)
    for _ in range(300):
        assert weakness_of(chance.randbytes(32).hex()) is None
        assert weakness_of(chance.randbytes(16).hex()) is None
