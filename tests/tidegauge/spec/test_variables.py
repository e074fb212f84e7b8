import pytest

from tidegauge.spec.variables import substitute

ENVIRONMENT = {"NAME": "x", "EMPTY": "", "ODD": "${NAME}"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("${NAME}", "x"),
        ("a-${NAME}-${NAME}", "a-x-x"),
        ("${NOPE:-10s}", "10s"),
        ("${NOPE:-}", ""),
        ("${NAME:-y}", "x"),
        ("${EMPTY:-y}", "y"),
        ("${EMPTY}", ""),
        ("${ODD}", "${NAME}"),
        ("$NAME $5 {NAME}", "$NAME $5 {NAME}"),
    ],
)
def test_values_come_from_the_environment(text: str, expected: str) -> None:
    assert substitute(text, ENVIRONMENT) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${NOPE}", r"variable NOPE is not set: set it, or write \${NOPE:-default}"),
        ("${NAME", r"a variable is written \${NAME} or \${NAME:-default}"),
        ("${1}", r"a variable is written"),
        ("${NAME:y}", r"a variable is written"),
    ],
)
def test_what_cannot_be_had_is_told(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        substitute(text, ENVIRONMENT)


@pytest.mark.parametrize(
    "name",
    [
        *("INFLUXDB_TOKEN", "KAFKA_SASL_PASSWORD", "KAFKA_SSL_KEY_PASSWORD", "TIDEGAUGE_HASH_KEY"),
        *("my_api_token", "DB_PASSWD", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "CLIENT_SECRET"),
        *("APIKEY", "KEY", "GOOGLE_CREDENTIALS", "DB_PASS"),
    ],
)
@pytest.mark.parametrize("text", ["${%s}", "a-${%s:-default}-b"])
def test_a_secret_does_not_come_into_the_file(name: str, text: str) -> None:
    for environment in ({name: "x"}, {}):
        with pytest.raises(ValueError, match=f"variable {name} holds a secret"):
            substitute(text % name, environment)


@pytest.mark.parametrize("value", ["a-secret", "Token a-secret", "http://flow:a-secret@db"])
def test_a_secret_does_not_come_by_another_name(value: str) -> None:
    environment = {"SITE": value, "INFLUXDB_TOKEN": "a-secret"}
    with pytest.raises(ValueError, match="variable SITE holds a secret"):
        substitute("${SITE}", environment)


@pytest.mark.parametrize(
    "name", ["MONKEY", "TOKENS_A_DAY", "INFLUXDB_TOKEN_FILE", "KEYS", "SITE", "BYPASS"]
)
def test_a_name_that_is_like_a_secrets_is_none(name: str) -> None:
    environment = {name: "north", "SHORT_TOKEN": "north"}
    assert substitute(f"${{{name}}}", environment) == "north"


def test_bytes_that_are_no_text_are_told() -> None:
    with pytest.raises(ValueError, match="variable SITE holds bytes that are no UTF-8"):
        substitute("${SITE}", {"SITE": "\udcff"})
