"""The messages on geowire's topics: frozen models, JSON on the wire.

Times are RFC 3339 in UTC. Offsets are half-open, in code points of the field named. Countries are ISO 3166-1 alpha-2.
"""

from geowire.messages.article import Article, ArticleWithdrawn, Change, FeedReference, Policy, Publisher
from geowire.messages.base import Message
from geowire.messages.feed import FeedPolled, IngestFailure
from geowire.messages.flagged import FlagEvidence, Flagged, Reason
from geowire.messages.story import (
    AddedArticle,
    Story,
    StoryAid,
    StoryArticle,
    StoryMerged,
    StoryTheme,
    TimelineEntry,
    Why,
)
from geowire.messages.tagged import Aid, ArticleCountry, Entity, EntityIds, Evidence, Tagged, Theme

__all__ = [
    "AddedArticle",
    "Aid",
    "Article",
    "ArticleCountry",
    "ArticleWithdrawn",
    "Change",
    "Entity",
    "EntityIds",
    "Evidence",
    "FeedPolled",
    "FeedReference",
    "FlagEvidence",
    "Flagged",
    "IngestFailure",
    "Message",
    "Policy",
    "Publisher",
    "Reason",
    "Story",
    "StoryAid",
    "StoryArticle",
    "StoryMerged",
    "StoryTheme",
    "Tagged",
    "Theme",
    "TimelineEntry",
    "Why",
]
