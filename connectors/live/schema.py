"""The JSON Schema of the feed's messages.

python -m connectors.live.schema > docs/live.schema.json
"""

import json
import sys

from pydantic import TypeAdapter

from connectors.live.messages import ServerMessage
from connectors.live.requests import Request


def render_schema() -> str:
    """The schema of both directions, as text that is the same each time."""
    inputs = [("client", "validation", TypeAdapter[object](Request))]
    inputs += [("server", "serialization", TypeAdapter[object](ServerMessage))]
    parts, shared = TypeAdapter.json_schemas(inputs, ref_template="#/$defs/{model}")  # type: ignore[arg-type]  # the modes are literals
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Messages of the live feed",
        "$defs": {
            "client": parts["client", "validation"],
            "server": parts["server", "serialization"],
            **shared["$defs"],
        },
        "anyOf": [{"$ref": "#/$defs/client"}, {"$ref": "#/$defs/server"}],
    }
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render_schema())
