"""Watches: what somebody wants to be told of, and the stories that it happened in.

    story update
      | findings    what in the articles that it adds is a watch looking for?
      | fired       what of that has not been told of this story (or of one that ended in it)?
    flag            and, where an article that was the only source is gone or says otherwise, its retraction

`evaluate` decides without state; `FlagStage` keeps what has fired in SQLite; `rehearse` runs it over the past.
"""

from processors.flag.findings import Finding, evaluate
from processors.flag.rehearsal import rehearse
from processors.flag.stage import FlagStage
from processors.flag.watch import Watch
from processors.flag.watch_file import read_watches, shipped_watches

__all__ = ["Finding", "FlagStage", "Watch", "evaluate", "read_watches", "rehearse", "shipped_watches"]
