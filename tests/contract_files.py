"""Where the contract's files are."""

from __future__ import annotations

from pathlib import Path

from geowire import contract

CONTRACT = Path(contract.__file__).parent
ASYNCAPI = CONTRACT / "asyncapi.yaml"
