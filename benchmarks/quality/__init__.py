"""How well each step does, measured on public data that is no part of the project."""
