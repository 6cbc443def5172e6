"""How well each step does, measured on labelled sets that are read from a folder and are no part of the project."""
