"""The small parts of a watches file: lists that may be one thing, countries, actors, entities, languages."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from geowire.messages.tagged import EntityKind
from processors.flag.actor_names import actor_names, country_codes, nearest_actor

T = TypeVar("T")

ISO_4217 = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR
ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT
MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD
SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES
VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(ISO_4217.split())
"""Money by ISO 4217."""
WATCH_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
ENTITY_KINDS: tuple[str, ...] = get_args(EntityKind)
ENTITY_ID = re.compile(r"([a-z_]+)((?:/[\w-]+)+)")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class WatchPart(BaseModel):
    """Base of everything in a watches file: frozen, and no field that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _knows_its_fields(cls, value: object) -> object:
        known = [field.alias or name for name, field in cls.model_fields.items()]
        if not isinstance(value, dict):
            names = ", ".join(known)
            raise PydanticCustomError("not_a_mapping", "write a mapping with {names}", {"names": names})
        for field in value:
            if field not in known:
                context = {"field": field, "names": ", ".join(known)}
                raise PydanticCustomError("unknown_field", "is no field here; write one of {names}", context)
        return value


class _OrOne:
    """Lets one thing stand for a list of one, and says so in the schema."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_as_list, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        several = handler(schema)
        return {"anyOf": [several["items"], several]}


def _as_list(value: object) -> object:
    return value if isinstance(value, (list, tuple)) else [value]


OneOrMore = Annotated[tuple[T, ...], Field(min_length=1), _OrOne()]
"""A list, or one thing without the brackets."""


def _is_country(code: str) -> str:
    meant = country_codes().get(code.lower())
    if meant != code:
        context = {"meant": meant or "NO for Norway"}
        raise PydanticCustomError("no_country", "is no ISO 3166-1 alpha-2 code; write {meant}", context)
    return code


def _is_actor(name: str) -> str:
    """The name as facts give it: a body's is known in any letters, a country's is its code."""
    if name.lower() in country_codes():
        return _is_country(name)
    given = actor_names().get(name.lower())
    if given is None:
        context = {"meant": nearest_actor(name) or "one such as NO, EU or NATO"}
        message = "is no ISO 3166-1 alpha-2 code and no name that facts give; write {meant}"
        raise PydanticCustomError("no_actor", message, context)
    return given


def _is_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise PydanticCustomError("no_currency", "is no currency of ISO 4217; write a code such as EUR or USD", {})
    return code


def _is_watch_id(name: str) -> str:
    if WATCH_ID.fullmatch(name) is None:
        raise PydanticCustomError(
            "no_id", "is no id; write a-z, 0-9 and single hyphens, such as military-aid-ukraine", {}
        )
    return name


def _is_entity(name: str) -> str:
    found = ENTITY_ID.fullmatch(name.lower())
    if found is None or name != name.lower():
        meant = name.lower() if found else "one such as organisation/iaea or city/ua/kyiv"
        raise PydanticCustomError("no_entity", "is no id of an entity; write {meant}", {"meant": meant})
    kind, rest = found.groups()
    if kind not in ENTITY_KINDS:
        near = get_close_matches(kind, ENTITY_KINDS, 1)
        meant = f"{near[0]}{rest}" if near else f"one of {', '.join(ENTITY_KINDS)} before the first slash"
        raise PydanticCustomError(
            "no_kind", "{kind} is no kind of entity; write {meant}", {"kind": kind, "meant": meant}
        )
    return name


def _is_language(tag: str) -> str:
    if LANGUAGE.fullmatch(tag) is None:
        raise PydanticCustomError("no_language", "is no language tag; write one such as en or pt-BR", {})
    return tag


def _is_phrase(phrase: str) -> str:
    if not any(letter.isalnum() for letter in phrase):
        raise PydanticCustomError("no_words", "has no letter in it; write a word or a phrase", {})
    return phrase


Text = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Country = Annotated[str, AfterValidator(_is_country), Field(json_schema_extra={"pattern": "^[A-Z]{2}$"})]
Actor = Annotated[Text, AfterValidator(_is_actor)]
Currency = Annotated[str, AfterValidator(_is_currency), Field(json_schema_extra={"pattern": "^[A-Z]{3}$"})]
WatchId = Annotated[
    str,
    StringConstraints(max_length=100),
    AfterValidator(_is_watch_id),
    Field(json_schema_extra={"pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"}),
]
EntityId = Annotated[
    Text,
    AfterValidator(_is_entity),
    Field(json_schema_extra={"pattern": f"^({'|'.join(ENTITY_KINDS)})(/[^/\\s]+)+$"}),
]
Language = Annotated[Text, AfterValidator(_is_language)]
Phrase = Annotated[Text, AfterValidator(_is_phrase)]
