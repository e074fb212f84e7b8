"""How a client proves who it is, and whom it trusts."""

from typing import Any

from confluent_kafka import KafkaError

from tidegauge.settings import Settings

_REFUSED = frozenset(
    {
        KafkaError._AUTHENTICATION,  # noqa: SLF001 - the library's public name, as that below
        KafkaError._SSL,  # noqa: SLF001
    }
)


def is_refusal(error: KafkaError) -> bool:
    """Whether trying again cannot mend it: the broker or this client is not who it should be."""
    # A broker that misses a certificate says so after the handshake, without a code of its own.
    return error.code() in _REFUSED or "SSL routines" in error.str()


def security_config(settings: Settings) -> dict[str, Any]:
    """Configuration of a client for TLS and SASL; it holds the secrets themselves."""
    config: dict[str, Any] = {"security.protocol": settings.kafka_security_protocol}
    if settings.kafka_security_protocol.endswith("SSL"):
        config["ssl.endpoint.identification.algorithm"] = "https"
        config |= {
            name: str(path)
            for name, path in {
                "ssl.ca.location": settings.kafka_ssl_ca,
                "ssl.certificate.location": settings.kafka_ssl_certificate,
                "ssl.key.location": settings.kafka_ssl_key,
            }.items()
            if path is not None
        }
        if password := settings.kafka_ssl_key_password.get_secret_value():
            config["ssl.key.password"] = password
    if settings.kafka_security_protocol.startswith("SASL"):
        config |= {
            "sasl.mechanism": settings.kafka_sasl_mechanism,
            "sasl.username": settings.kafka_sasl_username,
            "sasl.password": settings.kafka_sasl_password.get_secret_value(),
        }
    return config
