"""The contract as files: a JSON Schema for each message and one AsyncAPI document, generated from the models.

`python -m geowire.contract` writes them anew; a test fails if they differ from the models.
"""

from geowire.contract.generate import generate_files

__all__ = ["generate_files"]
