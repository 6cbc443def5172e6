"""The contract as files: a JSON Schema for each message, an AsyncAPI document, pages that follow from the code.

`python -m geowire.contract` writes them anew; a test fails if they differ from the models. `released/` has the schemas
of the last release, which only additive changes may follow (`compatibility.py`).
"""

from geowire.contract.generate import generate_files

__all__ = ["generate_files"]
