"""A request that is wrong is told in a line what is wrong."""

import pytest

from connectors.live.requests import Filter, RefusedRequestError, Subscribe, parse_request
from tests.connectors.live.records import hub_with

ABOUT = hub_with().about


def test_requests_are_parsed() -> None:
    subscribe = parse_request('{"type": "subscribe", "signals": ["machines"], "top": 3}', ABOUT)
    assert subscribe == Subscribe(type="subscribe", signals=["machines"], top=3)
    chosen = parse_request(b'{"type": "filter", "keys": {"machine": ["a"]}, "id": "7"}', ABOUT)
    assert chosen == Filter(type="filter", keys={"machine": ["a"]}, id="7")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a request is a JSON object"),
        (b"\xff\x00", "a request is a JSON object"),
        ("[" * 100_000, "a request is a JSON object"),
        ("7", "Input should be a valid dictionary"),
        ("{}", "Unable to extract tag"),
        ('{"type": "shout"}', "'shout' found using 'type' does not match"),
        ('{"type": "subscribe", "top": 0}', "subscribe.top: Input should be greater than or equal"),
        ('{"type": "filter", "key": {}}', "filter.key: Extra inputs are not permitted"),
        ('{"type": "filter", "keys": {"machine": "a"}}', "filter.keys.machine: Input should be"),
        ('{"type": "subscribe", "signals": ["x"]}', "signals: no 'x'; there are machines"),
        ('{"type": "filter", "keys": {"shop": []}}', "keys: no 'shop'; there are machine"),
    ],
)
def test_wrong_requests_are_refused(text: str | bytes, message: str) -> None:
    with pytest.raises(RefusedRequestError, match=f"^(.*){message}") as refused:
        parse_request(text, ABOUT)
    assert "\n" not in str(refused.value)


def test_the_id_of_a_refused_request_comes_back() -> None:
    with pytest.raises(RefusedRequestError) as refused:
        parse_request('{"type": "filter", "search": 7, "id": "mine"}', ABOUT)
    assert refused.value.reply_to == "mine"
