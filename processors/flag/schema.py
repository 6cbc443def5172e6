"""The JSON Schema of a watches file, for editors; `watches.schema.json` is its text and a test keeps them equal."""

from __future__ import annotations

import json

from processors.flag.watch import WatchFile


def watches_schema() -> str:
    """The schema as text."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **WatchFile.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
