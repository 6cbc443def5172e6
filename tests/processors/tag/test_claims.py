"""What a sentence does with its claim, on the evidence of facts and themes."""

from __future__ import annotations

import pytest

from processors.tag.document import Sources
from processors.tag.tag import ArticleTagger


@pytest.mark.parametrize(
    ("text", "action", "status"),
    [
        ("Germany delivered tanks to Ukraine.", "provided", "asserted"),
        ("Seoul accused Pyongyang of shipping shells to Russia.", "provided", "alleged"),
        ("Iran reportedly sent drones to Russia.", "provided", "alleged"),
        ("Iran denied sending missiles to the Houthis.", "provided", "denied"),
        ("Norway pledged $200 million in military aid to Ukraine.", "pledged", "asserted"),
        ("Poland will send missiles to Ukraine.", "pledged", "planned"),
        ("Britain is considering sending tanks to Ukraine.", "pledged", "planned"),
        ("Ukraine asked Germany for more weapons.", "requested", "asserted"),
        ("Hungary refused to send weapons to Ukraine.", "refused", "asserted"),
        ("Washington suspended arms deliveries to Israel.", "withheld", "asserted"),
    ],
)
def test_status_of_a_fact(text: str, action: str, status: str, tagger: ArticleTagger) -> None:
    """A pledge once made is asserted, a plan is planned; who accuses alleges, who denies denies."""
    (fact,) = tagger.tag_text("", text, Sources()).aid

    assert (fact.action, fact.status) == (action, status)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("The European Union imposed sanctions on Belarus and froze assets of officials.", "asserted"),
        ("The ministry reportedly plans new sanctions and an asset freeze against Belarus.", "alleged"),
        ("Minsk denied that sanctions and asset freezes had hurt the economy.", "denied"),
        ("Lawmakers urged sanctions and asset freezes against Belarus.", "demanded"),
        ("The European Union might impose sanctions and freeze assets of Belarus.", "planned"),
    ],
)
def test_status_of_a_theme(text: str, status: str, tagger: ArticleTagger) -> None:
    """Each sentence of a theme has the status of its claim."""
    themes = {theme.theme: theme for theme in tagger.tag_text(text.removesuffix("."), text, Sources()).themes}

    assert {item.status for item in themes["sanctions"].evidence} == {status}


def test_no_longer_only_a_supplier_is_no_refusal(tagger: ArticleTagger) -> None:
    """Who is more than a supplier still supplies."""
    text = "North Korea is no longer only a supplier of shells to Russia. It sent Russia soldiers and more shells."
    facts = tagger.tag_text("", text, Sources()).aid

    assert [(fact.action, fact.donor, fact.recipient) for fact in facts] == [("provided", "KP", "RU")]
