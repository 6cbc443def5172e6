"""Related stories: each tagged article joins a story, starts one, or is known as a copy.

    tagged article
      | contribution      its terms, title, entities and ordinals, weighed by the counts of the stream
      | near_duplicates   is it a copy of a member?            -> that member's story
      | story_index       which live stories share its heaviest terms?
      | merge_score       how alike are they?                  -> the best one above the threshold, or a new story
      | across            in another language: which story shares enough ids?
      | dormant           a new story: which one that is over does it take up again?
      | grouping          the assignment, a fact from now on; two stories that turn out to be one merge
      | story_message     the story as it now stands
    story

`Grouping` decides and holds what is alive; `RelateStage` keeps it in SQLite and speaks messages.
"""

from processors.relate.assignment import Assignment
from processors.relate.grouping import Grouping
from processors.relate.lines import tagged_from_line, tagged_from_lines
from processors.relate.stage import RelateStage

__all__ = ["Assignment", "Grouping", "RelateStage", "tagged_from_line", "tagged_from_lines"]
