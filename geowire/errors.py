"""What can go wrong, and what to do about it: the consumer loop and the command look only at the class.

GeowireError
|-- Transient        try later; nothing is wrong with the message
|   `-- PartitionLost   another member owns the partition now; poll again
|-- Rejected         this message (or page, or entry) never; it goes to dead letters
`-- Misconfigured    stop; a person must act
"""

from __future__ import annotations


class GeowireError(Exception):
    """Base of every error that geowire raises on purpose; its text is one line for a person."""


class Transient(GeowireError):
    """A fault that passes: a broker, a database or a network that does not answer now."""


class PartitionLost(Transient):
    """The group gave the partition to another member, which will see what was not committed."""


class Rejected(GeowireError):
    """This one message can never be processed.

    `reason` is a short slug, counted and written to the dead letter's headers.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class Misconfigured(GeowireError):
    """Something that only a person can put right; the text names it and says what to write instead."""
