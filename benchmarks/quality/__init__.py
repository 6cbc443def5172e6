"""How good the tags are, measured on labelled news that stays outside the project."""
