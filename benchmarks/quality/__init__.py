"""Scores of the taggers on labelled public sets, which are read from a folder and are no part of the project."""
