"""WHERE FROM: feeds become articles on the wire.

    catalogue | lease due feeds | fetch feed | parse_feed | for each new entry:
        check age | fetch page | extract | identify | one transaction: seen + aliases + article + outbox
    outbox | bus

Pure:   identity, dates, schedule, outcomes, body_status, change, clean_text, decide, publishers
I/O:    fetch (network), workers (processes), state (database), outbox (bus)
Glue:   once (whole programs), poll (one poll), poll_feed (one feed), poll_entry (one entry),
        page_reading (its page)
"""
