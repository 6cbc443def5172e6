"""Where everything of the sample web is found, once each publisher has a port."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cli.sample_web.content import SampleWeb
from cli.sample_web.model import Publisher, SampleArticle, SampleFeed

OPML_PATH = "/feeds.opml"
CATALOGUE_PATH = "/feeds.yaml"


@dataclass(frozen=True)
class Addresses:
    """The absolute addresses of a sample web; `origins` gives each publisher's id its http://host:port."""

    web: SampleWeb
    origins: Mapping[str, str]

    def home(self, publisher: Publisher) -> str:
        """The front page of the publisher, with a slash at the end."""
        return f"{self.origins[publisher.id]}/"

    def feed(self, publisher: Publisher, feed: SampleFeed) -> str:
        """The address of one feed of the publisher."""
        return self.origins[publisher.id] + feed.path

    def article(self, article: SampleArticle) -> str:
        """The article's canonical address."""
        return self.origins[article.publisher] + article.path

    def article_named(self, article_id: str) -> str:
        """The canonical address of the article with that id."""
        return self.article(self.web.article(article_id))

    def opml(self) -> str:
        """The address of the list of all feeds, on the first site."""
        return self.origins[self.web.publishers[0].id] + OPML_PATH

    def catalogue(self) -> str:
        """The address of the list of all feeds with their publishers, on the first site."""
        return self.origins[self.web.publishers[0].id] + CATALOGUE_PATH
