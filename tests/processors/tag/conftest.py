"""The tagger is read once: it never changes."""

from __future__ import annotations

import pytest

from processors.tag.tag import ArticleTagger


@pytest.fixture(scope="session")
def tagger() -> ArticleTagger:
    """The tagger that ships."""
    return ArticleTagger.load()
