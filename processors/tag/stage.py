"""The tag stage: articles in, tagged articles out; a withdrawal is passed on."""

from __future__ import annotations

from collections.abc import Sequence

from geowire.errors import Rejected
from geowire.events import Event, tagged_event, withdrawal_passed_on
from geowire.messages import Article, ArticleWithdrawn
from geowire.topics import ARTICLES
from processors.tag.tag import ArticleTagger, tag_article


class TagStage:
    """Tags each article on its own."""

    name = "tag"
    topic = ARTICLES.name

    def __init__(self, tagger: ArticleTagger | None = None) -> None:
        self._tagger = tagger or ArticleTagger.load()

    @property
    def model(self) -> str:
        """The version of rules and gazetteer that it tags with."""
        return self._tagger.model

    def process(self, batch: Sequence[Event]) -> list[Event]:
        """The tagged articles, in the batch's order. Raises `Rejected` for what is neither article nor withdrawal."""
        return [self._answer(event) for event in batch]

    def _answer(self, event: Event) -> Event:
        if isinstance(event.data, ArticleWithdrawn):
            return withdrawal_passed_on(event.data, self._tagger.model)
        if not isinstance(event.data, Article):
            raise Rejected("unexpected-type", f"{event.type} is no article")
        return tagged_event(tag_article(event.data, self._tagger))
