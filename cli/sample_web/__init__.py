"""The sample news web that `geowire demo` serves: invented publishers, their articles, pages and feeds.

data/*.yaml -> load_sample_web() -> SampleWeb -> site_documents() -> SampleServer, on loopback only
"""

from __future__ import annotations

from cli.sample_web.addresses import Addresses
from cli.sample_web.content import SampleWeb, load_sample_web
from cli.sample_web.model import Correction, Publisher, Quirks, SampleArticle, SampleFeed
from cli.sample_web.server import PortUnavailable, SampleServer

__all__ = [
    "Addresses",
    "Correction",
    "PortUnavailable",
    "Publisher",
    "Quirks",
    "SampleArticle",
    "SampleFeed",
    "SampleServer",
    "SampleWeb",
    "load_sample_web",
]
