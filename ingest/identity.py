"""What makes two addresses the same address, and an article the same article. Pure, and no network."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.resources import files
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

import yaml
from tld import get_fld

URL_LIMIT = 2_048
DEFAULT_PORTS = {"http": 80, "https": 443}
LINE_BREAKS = re.compile(r"[\t\r\n]+")
ESCAPED_AMPERSAND = re.compile(r"&(?:amp;|#0*38;)+", re.IGNORECASE)
UNSAFE = re.compile(r"[\x00-\x20\x7f\u200b\ufeff]+")
REPEATED_SCHEME = re.compile(r"^(?:https?:/*)+(?=https?:?/)", re.IGNORECASE)
BROKEN_SLASHES = re.compile(r"^(https?):?[/\\]+", re.IGNORECASE)
SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)
HOST_AND_PORT = re.compile(r"^[\w.-]+\.[a-z]{2,}:\d+(?:/|$)", re.IGNORECASE)
BARE_HOST = re.compile(r"^www\.[\w-]+(?:\.[\w-]+)+(?:[/?#:]|$)", re.IGNORECASE)
LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
TRACKING = re.compile(
    r"utm_\w+|at_(?:medium|campaign|link\w*|format|ptr_name|bbc_team)|ns_\w+|mc_[ce]id|fbclid|gclid|dclid|msclkid|yclid"
    r"|igshid|twclid|ocid|cmpid?|xtor|smid|smtyp|partner|taid|guccounter|guce_\w+|traffic_source|ftag|sr_share|_ga|wt_mc|wtmc",
    re.IGNORECASE,
)
DEVICE_HOST = re.compile(r"^(?:www\d?|m|mobile|amp)\.(?=[^.]+\.[^.])")
AMP_STEP = re.compile(r"/amp(?:\.html)?$|\.amp(?=\.html?$)|(?<=.)\.amp$")
AMP_FIELD = re.compile(r"(?:amp|outputtype|output)(?:=(?:amp|1|true|html)?)?", re.IGNORECASE)
AMP_CACHE = re.compile(
    r"^https?://(?:www\.google\.[a-z.]+/amp/|[a-z0-9-]+\.cdn\.ampproject\.org/[cv]/)(s/)?", re.IGNORECASE
)
HOME_PAGE = re.compile(r"/?(?:index|default|home)?(?:\.\w{2,5})?/?", re.IGNORECASE)


def repair_link(link: str, base: str | None = None) -> str | None:
    """An address that can be fetched, made from whatever a feed wrote; None if there is none in it."""
    one_line = _out_of_cache(UNSAFE.sub(" ", LINE_BREAKS.sub("", link.strip())).strip())
    try:
        parts = urlsplit(_absolute(ESCAPED_AMPERSAND.sub("&", one_line), base))
        netloc = _netloc(parts)
    except (ValueError, UnicodeError):
        return None
    if parts.scheme.lower() not in DEFAULT_PORTS or not netloc:
        return None
    repaired = urlunsplit((parts.scheme.lower(), netloc, _path(parts.path), _escape(parts.query, "?/[]"), ""))
    return repaired if len(repaired) <= URL_LIMIT else None


def normalise_url(url: str, base: str | None = None) -> str | None:
    """The address without what tells nothing about the page: tracking parameters, fragment, default port, case."""
    repaired = repair_link(url, base)
    if repaired is None:
        return None
    parts = urlsplit(repaired)
    kept = "&".join(field for field in parts.query.split("&") if field and not is_tracking(field))
    return urlunsplit(parts._replace(query=kept))


def is_tracking(field: str) -> bool:
    """Whether a query field only says where the reader came from."""
    return TRACKING.fullmatch(field.partition("=")[0]) is not None


def address_key(url: str) -> str:
    """Hash that is equal for two spellings of one address.

    Ignored are scheme, field order, a last slash, and what only tells for which device a page is made: `www.`, `m.`,
    `amp.` and the like before a host, `/amp` after a path, `amp=1` among the fields.
    """
    normal = normalise_url(url) or url
    parts = urlsplit(normal)
    fields = "&".join(sorted(field for field in parts.query.split("&") if not AMP_FIELD.fullmatch(field)))
    path = AMP_STEP.sub("", parts.path.rstrip("/")) or parts.path.rstrip("/")
    return _digest("address", DEVICE_HOST.sub("", parts.netloc), path, fields)


def article_id(addresses: Iterable[str], feed_id: str, guid: str) -> str:
    """The id at first publication: of the last address known then, otherwise of feed and GUID."""
    known = list(addresses)
    return address_key(known[-1]) if known else _digest("guid", feed_id, guid)


def alias_keys(addresses: Iterable[str]) -> dict[str, str]:
    """Key and address of everything that leads to one article, in an order that no two writers dispute."""
    return dict(sorted((address_key(address), address) for address in addresses))


def accepted_canonical(canonical: str | None, page_url: str) -> str | None:
    """The canonical address if it may speak for the page: same owner, and not the home page."""
    normal = normalise_url(canonical, page_url) if canonical else None
    if normal is None or is_home_page(normal) or owner_of(normal) != owner_of(page_url):
        return None
    return normal


def owner_of(url: str) -> str:
    """Who answers for what stands at an address: its registered domain, but each tenant of a platform for itself.

    Tenants publish under a name of somebody's who lets anybody do so: data/platforms.yaml.
    """
    host = urlsplit(url).hostname or ""
    domain = _domain(host)
    return host.removeprefix("www.") if domain in platforms() else domain


def domain_of(url: str) -> str:
    """The registered domain, otherwise the host itself: an IP address or a name without a public suffix."""
    return _domain(urlsplit(url).hostname or "")


@lru_cache(maxsize=8_192)  # the public suffix is looked up once for each host
def _domain(host: str) -> str:
    return get_fld(f"http://{host}", fail_silently=True) or host.removeprefix("www.")


@cache
def platforms() -> frozenset[str]:
    """Registered domains under which anybody publishes who signs up."""
    return frozenset(yaml.safe_load(files("ingest").joinpath("data", "platforms.yaml").read_bytes()))


def is_home_page(url: str) -> bool:
    """Whether the address is a site's front door."""
    parts = urlsplit(url)
    return not parts.query and HOME_PAGE.fullmatch(parts.path) is not None


def feed_id_of(url: str) -> str:
    """Stable id of a feed: a hash of its normalised address."""
    return _digest("feed", normalise_url(url) or url)[:16]


def entry_key(guid: str, link: str | None, *, guid_is_unique: bool) -> str:
    """What an entry is remembered by within its feed. A GUID that several entries share says nothing alone."""
    if guid and guid_is_unique:
        return _digest("entry", guid)
    return _digest("entry", guid, address_key(link) if link else "")


def content_hash(title: str, text: str) -> str:
    """SHA-256 (hex) over title and text, blind to white space."""
    plain = " ".join(title.split()) + "\0" + " ".join(text.split())
    return hashlib.sha256(plain.encode()).hexdigest()


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _absolute(link: str, base: str | None) -> str:
    """The link with a scheme and a host, as far as they can be known."""
    link = REPEATED_SCHEME.sub("", link)
    link = BROKEN_SLASHES.sub(lambda found: found[1].lower() + "://", link)
    if BARE_HOST.match(link) or HOST_AND_PORT.match(link) or _begins_with_host(link, base):
        return f"https://{link}"
    if "\\" in link:
        head, mark, tail = link.partition("?")
        link = head.replace("\\", "/") + mark + tail
    if link.startswith("//"):
        return f"{urlsplit(base).scheme if base else 'https'}:{link}"
    try:
        return link if SCHEME.match(link) or not base or not link else urljoin(base, link)
    except ValueError:
        return ""


def _out_of_cache(link: str) -> str:
    """The address of the page itself where a link leads to a copy in an AMP cache."""
    found = AMP_CACHE.match(link)
    return link if found is None else f"http{'s' if found[1] else ''}://{link[found.end() :]}"


def _begins_with_host(link: str, base: str | None) -> bool:
    """Whether a link without a scheme begins with the host of its base, and so is no path."""
    host = urlsplit(base).netloc.lower().removeprefix("www.") if base else ""
    return bool(host) and re.split("[/?#]", link.lower(), maxsplit=1)[0].removeprefix("www.") == host


def _netloc(parts: SplitResult) -> str:
    """Host and port, without a user and without what goes without saying."""
    host = (parts.hostname or "").rstrip(".")
    if ":" in host:
        host = f"[{ipaddress.IPv6Address(host.partition('%')[0]).compressed}]"
    elif not host.isascii():
        host = host.encode("idna").decode().lower()
    if not host or not re.fullmatch(r"[a-z0-9._\-\[\]:]+", host):
        return ""
    return host if parts.port in (None, DEFAULT_PORTS.get(parts.scheme.lower())) else f"{host}:{parts.port}"


def _path(path: str) -> str:
    return _without_dots(_escape(path, "/[]")) or "/"


def _without_dots(path: str) -> str:
    """The path without `.` and `..` (RFC 3986, 5.2.4)."""
    if "/." not in path:
        return path
    steps: list[str] = []
    for step in path.split("/")[1:]:
        if step == "..":
            del steps[-1:]
        elif step != ".":
            steps.append(step)
    return "/" + "/".join(steps) + ("/" if path.endswith(("/.", "/..")) and steps else "")


def _escape(text: str, also_safe: str) -> str:
    """Percent-encode what may not stand in an address; what is encoded already stays, in upper case."""
    text = LONE_PERCENT.sub("%25", text)
    text = quote(text, safe="%!$&'()*+,;=:@~-._" + also_safe, encoding="utf-8", errors="replace")
    return ESCAPE.sub(_plainly, text)


def _plainly(escape: re.Match[str]) -> str:
    """An escape as everybody writes it: none where none is needed, otherwise upper case (RFC 3986, 6.2.2)."""
    letter = chr(int(escape[0][1:], 16))
    return letter if UNRESERVED.fullmatch(letter) else escape[0].upper()
