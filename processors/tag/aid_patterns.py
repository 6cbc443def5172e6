"""The regular expressions that ask a coded sentence who stands where.

Letters are signs (see `aid_code`): A an actor, T and N things, G gives, M arms, D a noun of giving, P pledges, L plans,
Q requests, X refuses, W withholds, R receives. `actor` is the group in which the answer stands.
"""

from __future__ import annotations

import re

_WORD = r"[^\sA-Z,;:()]+"
"""A word without a sign."""
_FUNCTION = (
    "and|or|to|with|against|for|in|on|at|by|from|of|as|that|which|who|than|into|over|if|when|after|before|is|are|was|"
    "were|will|since|during|amid|until|under|through|about|despite|between|among|without|within|because"
)
_LIKE_ADJECTIVE = rf"(?!(?:{_FUNCTION}) ){_WORD} "
"""A word that may stand between an article and its noun."""
_DET = (
    "(?:the |its |his |her |their |our |your |a |an |both |some |neighbouring |neighboring |other |more |embattled )?"
)


def _actor(adjectives: int, name: str = "actor") -> str:
    return rf"{_DET}(?:{_LIKE_ADJECTIVE}){{0,{adjectives}}}(?P<{name}>A)"


THING = re.compile("[TN]")
"""Something that may be given."""

CLAUSE_END = re.compile(r"[;:]| but | while | whereas | although | because | unless |\. ")
"""Where one clause ends and another begins."""

ASIDE = re.compile(
    r"^(?:unlike|rather than|instead of|in contrast (?:to|with)) [^,;:.]{1,60}, "
    r"|, (?:unlike|but not|rather than|instead of|as opposed to|in contrast (?:to|with)) [^,;:.]{1,60}(?:,|(?=[.!?]?$))"
)
"""Whom the sentence sets against the one of whom it tells: left out before anything is asked."""

# Before an act: its subject.

_TIMES = (
    "(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|september|october|"
    r"november|december|spring|summer|autumn|winter|recent|(?:19|20)\d\d"
)
AWAY = re.compile(
    r"\b(?:to|for|against|in|from|of|into|inside|on|with|over|by|at|near|about|between|across|toward|towards|via|like|"
    "including|along|under|behind|beyond|through|despite|around|without|within|outside|amid|versus|off) "
    rf"{_DET}(?:(?!(?:{_TIMES})\b){_WORD} )?$"
)
"""Who stands after a preposition is no subject; who stands after the time of `On Tuesday Germany sent` is one."""

HEADED = re.compile(
    r"\b(?:government|leaders?|president|minister|chancellor|parliament|head|officials?|people) (?:of|in) (?:the )?$"
)
"""Except after the head of a government."""

AGENT_PREPOSITION = re.compile(r"\b(?:for|by|of|from) (?:the )?$")
AGENT_INFINITIVE = re.compile(r" (?:\w+ )?(?:to|in) (?:\w+ )?$")
"""For countries to send, with help of allies in training: who stands between these two acts."""

CONJOINED = re.compile(r",? (?:and|then|,) (?:\w+ly |also |then |has |have |had )?(?:be )?")
"""`Zelensky thanked Germany and asked`: an object right before a second verb is not its subject."""

CLAUSE_START = re.compile(r"(?:^|[,\"'“(—–-] ?|\b(?:that|and|or|said|says|as|when|if|which|where|the) )(?:the )?$")
"""After this a subject may stand."""

TELLS = re.compile(
    r" (?:says?|said|warns?|warned|claims?|claimed|reports?|reported|believes?)(?: that)? "
    r"(?!it |they |he |she |we |is |will |would |to )[^\sA-Z,]"
)
"""Who tells what somebody unnamed does is not the one who does it."""

GETS = re.compile(rf"[GM] {_DET}(?:{_LIKE_ADJECTIVE})?$")
"""Who stands right after a gift gets it."""

PRONOUN = re.compile(r"\b(?:it|he|she|they|we)(?:'ll|'ve|'s|'re)? (?:(?!to )[^\sA-Z,;:()]+ |[PLXQW] (?:to )?){0,4}$")
"""The subject is a pronoun."""

SAID_OF = re.compile(
    r"A (?:[^A]{0,25} )?(?:said|says|believes?|claims?|claimed|warned|accused|suggested|told \w+)(?: that)? (?:the )?$"
)
"""Who stands here is the one of whom somebody speaks: the pronoun that follows means him."""

PASSIVE = re.compile(
    r"(?:\b(?:be|been|being|is|are|was|were|get|gets|getting)(?: \w+ly| also| now| already| only)? "
    r"|[TN] (?:\w+ly |already |being )?)$"
)
"""Before a participle: the thing is the subject."""

HYPHEN = re.compile(r"(?P<actor>A)-$")
"""US-supplied."""

OWNER = re.compile(rf"(?P<actor>A)(?:'s?|s')?(?:-(?:{_WORD}|[GM]))? (?:(?:(?!\w+ing ){_WORD} |[TGMR] )){{0,3}}$")
"""Before a thing: whose it is."""

NOT_OWNER = re.compile(r"\b(?:to|for|against|on|in|at) (?:the )?$")
"""Before an owner: it is none."""

WHOSE_ALLIES = re.compile(r"(?P<actor>A)'s? (?:\w+ ){0,2}(?P<allies>A)")
"""Ukraine's allies."""

RELATIVE = re.compile(r"[TN] (?:that|which) [^,]*$")
"""The thing stands before: `weapons that Poland blocks`."""

# After an act: who gives, who gets.

BY = re.compile(rf"(?:,? {_WORD}| [A-Z]){{0,6}}? by {_actor(2)}")
FROM = re.compile(rf"(?: (?:{_WORD}|[TNDGSQ])){{0,8}}? from {_actor(2)}")
FROM_TO = re.compile(rf"(?: (?:{_WORD}|[TNDG])){{0,3}}? from {_actor(2, 'donor')} to {_actor(2)}")
_AND = r"(?:(?:and|or|,) (?:[GM]|supporting|support|aid|aiding|assist|fund|funding|back|backing) )?"
DIRECT = re.compile(rf" {_AND}{_actor(2)}(?![\w-])")
"""`arm and train the rebels`, `send Ukraine`."""

_OTHER_INFINITIVE = (
    r"(?!to (?:let|allow|permit|stop|prevent|force|get|convince|persuade|coerce|deter|counter|fight|defeat|contain|"
    r"pressure|punish|attack|hit|strike|invade|reach|visit|meet|be|have|keep|make|join|take)\b)"
)
TO = re.compile(rf"\b{_OTHER_INFINITIVE}(?:to|into) {_actor(3)}")
FOR = re.compile(
    rf"(?:[TN](?: {_WORD}){{0,3}} for|N with|\b(?:help|helps|helping|support|supporting|protect|defend)) {_actor(2)}"
)
PURPOSE = re.compile(rf"\bto (?:aid|help|support|assist|back|bolster|reinforce) {_actor(2)}")
"""What goes into a country to help somebody there is his."""

THING_TO = re.compile(rf"[TN](?: {_WORD}){{0,3}} (?:to|for) {_actor(2)}")
MET = re.compile(rf"[TN][^A]{{0,40}}\b(?:meeting|talks|call|visit|trip) (?:with|to) {_actor(2)}")
"""What is announced on meeting somebody is for him."""

WITH_THING = re.compile(rf"\bwith (?:{_WORD} ){{0,5}}[TN]")
NEXT_CLAUSE = re.compile(r" (?:has |have |will |would |also |is |are )?[GMPQXWRL]")
"""After an actor that belongs to no row before it, because it acts."""

CALL = re.compile(
    rf" (?:{_WORD} ){{0,2}}(?:calls?|requests?|pleas?|pleading|appeals?|application|Q)(?: from| by)? {_DET}(?P<actor>A)"
)
"""`rejected Ukraine's request`: who asked would get."""

ASKED = re.compile(rf"(?: on| to)? {_actor(1)}(?:'s? (?:{_WORD} ){{1,2}})?")
SOUGHT = re.compile(rf"(?: (?:{_WORD}|A|P|L|A's|N)){{0,5}}? [TNGMD]")
"""After a request: what it is for stands near."""

QUESTIONED = re.compile(r"\b(?:was|were|when|if|been|is|are|as) $")
"""Before a request: somebody is asked a question."""

PLANNED = re.compile(rf" (?:{_LIKE_ADJECTIVE}){{0,3}}[TN]")
"""After a plan: it is for a thing, not for another act."""

NOTHING = re.compile(rf" (?:no|neither) (?:{_LIKE_ADJECTIVE}){{0,3}}[TN]")
BEGUN = re.compile(r"\b(?:began|begun|started|continued|continues|managed|rushed) to (?:\w+ly )?$")
"""Before a gift that is made already, although `to` stands before it."""

WANTED = re.compile(
    r"Q(?:(?!(?: and| or) (?!(?:the )?A to ))[^TN,;:])*$|Q(?: on| to)? (?:(?:the )?A,? )+and (?:the )?A to (?:\w+ )?$"
)
"""Before a refusal: it is only asked for."""

WARNED = re.compile(
    rf"(?:\b(?:warn|caution|advis|argu|protest|rall|campaign|demonstrat)\w*|Q) [^;:]{{0,60}}\bagainst (?:{_WORD} )?$"
)
"""Before an act: somebody speaks against it, whether or not it comes."""

NOT_TO = re.compile(r"\bnot to $")

# Without an act.

NOUN_TO = re.compile(rf"(?: (?!deploy|moved|based|station|target|aim)(?:{_WORD}|[TND])){{0,4}}? (?:to|for) {_actor(2)}")
USED = re.compile(rf" (?:{_WORD} ){{0,2}}(?:used|fielded|flown|operated|deployed) by {_actor(2)}")
"""`Iran's drones used by Russia`."""

# In a row.

JOINED = re.compile(r"(?:'s)?,? (?:and |or |as well as )?(?:the )?")
LISTED = re.compile(r"A, (?:the )?$")
"""Another actor and a comma stand before: a list of three, not the end of a clause."""

# How sure.

COUNTERFACTUAL = re.compile(r"\b(?:should|could|would|might)(?: not)? have (?:\w+ )?[^A]{0,100}$")
UNSURE = re.compile(
    r"\b(?:should|must|could|may|might|needs? to|ought to|can|why|would like|wants? to)\b[^A;:]{0,50}$"
    r"|\bwhether\b[^,;:]*$"
    r"|\b(?:be|is|was|'s) (?:[^\sA-Z,;:()]+ ){1,4}for (?:the )?A to (?:\w+ )?$"
    r"|^\W*(?:should|could|may|might|can|will|would|does|did|is|are) (?:the )?A "
)
"""Only possible, wished for, or a question: it would be right for Britain to send."""

CONDITION = re.compile(
    r"(?:^|[ \"“(—–-])(?:if|unless|lest)\b(?:(?! but | while | whereas | although | because )[^,;:])*$"
)
"""Before an act that is only a condition."""
