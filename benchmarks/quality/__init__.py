"""How good the tags are, scored on labelled news that is read from a folder and is no part of the project."""
