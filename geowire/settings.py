"""Every setting, read from the environment (prefix `GEOWIRE_`) and from `.env`. No other file reads the environment."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import unquote

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from geowire.errors import Misconfigured
from geowire.kafka_options import KafkaOptions, Mechanism, Security, read_secret
from geowire.settings_values import Duration, Network, parse_ages, parse_listener, parse_networks, passwords_in

PREFIX = "GEOWIRE_"
ENV_FILE = ".env"
TO_WRITE = {
    "literal_error": "write {expected}",
    "bool_parsing": "write true or false",
    "int_parsing": "write a whole number",
}
"""What to write instead, by the kind of mistake, where pydantic's own words do not say it."""
LEAST_ALIKE = 0.85
"""Other names that begin alike are left alone: whoever runs containers may set some."""
KAFKA_FILES = (
    "kafka_ca",
    "kafka_certificate",
    "kafka_key",
    "kafka_key_password_file",
    "kafka_password_file",
)


class Settings(BaseSettings):
    """The settings of one process, frozen once read."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=ENV_FILE, extra="ignore", frozen=True, use_attribute_docstrings=True
    )

    data: Path = Path(".geowire")
    """Folder for embedded files: the bus, the state of ingest, the state of each stage."""
    bus: str = ""
    """`kafka://host:9092[,host2:9092]` or `sqlite:///path`; empty: `bus.db` in the data folder."""
    state: SecretStr = SecretStr("")
    """State of ingest: `sqlite:///path` or `postgresql://user:password@host/name`; empty: `ingest.db` in `data`."""
    feeds: str = ""
    """The catalogue: a path or an http(s) URL of an OPML or YAML file; empty: `feeds.yaml` in the data folder."""
    watches: Path | None = None
    """A YAML file of watches; empty: those that come with geowire."""
    spacy_model: Path | None = None
    """Folder of a spaCy model that finds names besides the gazetteer's; empty: none. spaCy must be installed."""
    flag_feeds: Path | None = None
    """A folder for an Atom feed of each watch; empty: none are written."""
    webhook: SecretStr = SecretStr("")
    """The http(s) address that `geowire watch send` posts flags to; kept out of sight, because it may hold a token."""
    webhook_secret: SecretStr = SecretStr("")
    """What flags to the webhook are signed with: at least 16 characters."""
    webhook_attempts: int = Field(default=8, ge=1, le=50)
    """A flag that the webhook does not take so often is a dead letter."""
    webhook_timeout: Duration = timedelta(seconds=10)
    """For one request to the webhook."""
    alert_webhook: SecretStr = SecretStr("")
    """The http(s) address that Prefect posts alerts to; empty: they only stand among its events."""
    member: str | None = None
    """A stable name for this replica of a stage; after a crash it takes its partitions back at once."""
    kafka_replication: int = Field(default=1, ge=1, le=9)
    """Copies of each partition when topics are created; 3 on a cluster."""
    kafka_security: Security = "plaintext"
    """How to talk to the brokers: `plaintext`, `ssl`, or with a user and a password `sasl_plaintext` or `sasl_ssl`."""
    kafka_ca: Path | None = None
    """PEM file of who may have signed the brokers' certificates; empty: those that this system trusts."""
    kafka_certificate: Path | None = None
    """PEM file of geowire's own certificate, for brokers that ask for one."""
    kafka_key: Path | None = None
    """PEM file of its private key; empty: it stands in the certificate's file."""
    kafka_key_password: SecretStr = SecretStr("")
    """What opens the private key."""
    kafka_key_password_file: Path | None = None
    """A file whose first line opens the private key."""
    kafka_check_hostname: bool = True
    """Whether a broker's certificate must name the host that was asked for."""
    kafka_sasl_mechanism: Mechanism = ""
    """`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`, as the brokers take it."""
    kafka_username: str = ""
    """The user that the brokers know."""
    kafka_password: SecretStr = SecretStr("")
    """Its password."""
    kafka_password_file: Path | None = None
    """A file whose first line is the password."""
    kafka_timeout: Duration = Field(default=timedelta(seconds=15), ge=timedelta(seconds=1), le=timedelta(minutes=5))
    """For one request to a broker; a batch that is not acknowledged within four times as long is sent again."""
    allow_private_networks: Annotated[tuple[Network, ...], NoDecode] = ()
    """`false`, `true`, or a comma-separated list of CIDRs that may be reached although they are private."""
    max_age: Duration = timedelta(days=7)
    """Entries older than this at first sight are counted `rejected:too-old`."""
    user_agent: str = Field(default="geowire/0.1 (news pipeline; no contact set)", min_length=1)
    """Sent with each request; name a contact in it."""
    poll_interval: Duration = timedelta(minutes=15)
    """How long a feed rests after a poll before its own rhythm is known."""
    poll_interval_min: Duration = timedelta(minutes=10)
    """The shortest rest, whatever a feed asks for."""
    poll_interval_max: Duration = timedelta(hours=24)
    """The longest rest of a feed that is well; a failing one may rest longer."""
    lease: Duration = timedelta(seconds=90)
    """A feed's lease runs out after this if the poller that holds it dies."""
    feed_bytes: int = Field(default=10_000_000, ge=1_000)
    """Largest feed, decoded."""
    page_bytes: int = Field(default=10_000_000, ge=1_000)
    """Largest page, decoded."""
    fetch_timeout: Duration = timedelta(seconds=30)
    """For one request, redirects included."""
    feed_timeout: Duration = timedelta(minutes=5)
    """For asking for the pages of one feed in one poll; the others are asked for in the next."""
    revisit_ages: Annotated[tuple[timedelta, ...], NoDecode] = (
        timedelta(hours=3),
        timedelta(hours=12),
        timedelta(days=2),
        timedelta(days=7),
    )
    """Ages at which an article's page is read again, such as `3h,12h,2d,7d`; `off`: never."""
    connect_timeout: Duration = timedelta(seconds=10)
    """For one connection."""
    redirects: int = Field(default=8, ge=0, le=30)
    """Hops followed at most."""
    concurrency: int = Field(default=64, ge=1, le=1_000)
    """Requests under way at once."""
    host_concurrency: int = Field(default=2, ge=1, le=100)
    """Requests under way at once to one host."""
    host_spacing: Duration = timedelta(seconds=1)
    """Between requests to one host at a public address."""
    domain_concurrency: int = Field(default=4, ge=1, le=100)
    """Requests under way at once to all hosts of one registered domain."""
    obey_robots: bool = True
    """Whether pages that robots.txt forbids are left alone and its crawl-delay is kept."""
    crawl_delay_max: Duration = timedelta(seconds=60)
    """The longest crawl-delay that is kept; a host that asks for more is asked this often."""
    private_host_spacing: Duration = timedelta(0)
    """Between requests to one host at an allowed private address."""
    workers: int = Field(default=0, ge=0, le=256)
    """Processes that parse feeds and extract articles; 0: one for each core."""
    extract_timeout: Duration = timedelta(seconds=20)
    """For one page in a worker process."""
    worker_memory: int = Field(default=600_000_000, ge=200_000_000)
    """Address space that a worker process may use, in bytes, beyond what it has at start."""
    worker_pages: int = Field(default=2_000, ge=1)
    """A worker process is renewed after so many pages."""
    fetch_attempts: int = Field(default=3, ge=1, le=20)
    """A page that fails for a passing reason is tried in so many polls before the feed's own content stands in."""
    batch: int = Field(default=100, ge=1, le=5_000)
    """Messages that a stage takes at once."""
    retry_wait: Duration = Field(default=timedelta(seconds=1), ge=timedelta(milliseconds=1))
    """First wait after a passing fault; it doubles up to a minute."""
    story_window: Duration = timedelta(days=7)
    """A story that got nothing for so long is over."""
    stories_max: int = Field(default=50_000, ge=100)
    """Stories that are kept alive; with more, the ones unchanged for longest are over. About 25 kB of memory each."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "WARNING"
    """DEBUG, INFO, WARNING or ERROR."""

    log_format: Literal["text", "json"] = "text"
    """text for a person, or json: one object a line."""
    metrics: str = ""
    """Where a long-lived process answers /metrics, /healthz and /readyz: `host:port`, or a port of 127.0.0.1; or empty.
    `geowire run` gives its processes this port and the next ones."""

    @field_validator("metrics")
    @classmethod
    def _metrics(cls, value: str) -> str:
        parse_listener(value)
        return value

    @field_validator("kafka_security", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() or "plaintext" if isinstance(value, str) else value

    @field_validator("kafka_sasl_mechanism", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("watches", "spacy_model", "flag_feeds", *KAFKA_FILES, mode="before")
    @classmethod
    def _no_file(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("allow_private_networks", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        return parse_networks(value) if isinstance(value, (str, bool)) else value

    @field_validator("revisit_ages", mode="before")
    @classmethod
    def _ages(cls, value: object) -> object:
        return parse_ages(value) if isinstance(value, str) else value

    @property
    def bus_url(self) -> str:
        """The bus to open."""
        return self.bus or f"sqlite:///{self.data / 'bus.db'}"

    @property
    def kafka(self) -> KafkaOptions:
        """How to reach Kafka. Raises `Misconfigured` for settings that do not fit together."""
        return KafkaOptions(
            security=self.kafka_security,
            ca=self.kafka_ca,
            certificate=self.kafka_certificate,
            key=self.kafka_key,
            key_password=read_secret(
                self.kafka_key_password, self.kafka_key_password_file, "GEOWIRE_KAFKA_KEY_PASSWORD"
            ),
            check_hostname=self.kafka_check_hostname,
            mechanism=self.kafka_sasl_mechanism,
            username=self.kafka_username,
            password=read_secret(self.kafka_password, self.kafka_password_file, "GEOWIRE_KAFKA_PASSWORD"),
            replication=self.kafka_replication,
            timeout=self.kafka_timeout.total_seconds(),
        )

    @property
    def state_url(self) -> SecretStr:
        """The database of ingest."""
        return self.state if self.state.get_secret_value() else SecretStr(f"sqlite:///{self.data / 'ingest.db'}")

    @property
    def feeds_location(self) -> str:
        """The catalogue's path or address."""
        return self.feeds or str(self.data / "feeds.yaml")

    @property
    def metrics_listener(self) -> tuple[str, int] | None:
        """Host and port of the metrics; None: off."""
        return parse_listener(self.metrics)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be shown: passwords, tokens, and addresses that hold one."""
        passwords = {word for url in (self.state.get_secret_value(), self.bus) for word in passwords_in(url)}
        given = [self.webhook, self.webhook_secret, self.alert_webhook, *self._kafka_secrets()]
        found = [secret.get_secret_value() for secret in given]
        found += [form for password in passwords for form in (password, unquote(password))]
        return tuple(sorted({secret for secret in found if secret}, key=len, reverse=True))

    def _kafka_secrets(self) -> list[SecretStr]:
        with suppress(Misconfigured):  # whoever opens the bus says what is wrong
            options = self.kafka
            return [options.password, options.key_password]
        return [self.kafka_password, self.kafka_key_password]

    def with_(self, **changes: object) -> Self:
        """The same with some settings replaced."""
        return self.model_copy(update=changes)


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment. Raises `Misconfigured` with one line that names the setting."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{ENV_FILE}: {error}; save it as UTF-8") from error
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        name = PREFIX + "_".join(str(step) for step in problem["loc"][:1]).upper()
        own = TO_WRITE.get(problem["type"], "").format_map(problem.get("ctx", {}))
        message = own or problem["msg"].removeprefix("Value error, ").replace("Input should be", "write a value")
        raise Misconfigured(f"{name}: {message} (it is {problem['input']!r})") from error


def misspelt_names() -> list[str]:
    """A line for each variable that looks like a setting and is none, with the setting that it may stand for."""
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    given = {name.upper() for name in (*os.environ, *dotenv_values(ENV_FILE)) if name.upper().startswith(PREFIX)}
    alike = {name: difflib.get_close_matches(name, known, 1, LEAST_ALIKE) for name in sorted(given - set(known))}
    return [f"{name} is no setting and does nothing; {found[0]} is one" for name, found in alike.items() if found]


def child_environment(additions: Mapping[str, str]) -> dict[str, str]:
    """The environment for a process that this one starts: its own, and what is added."""
    return {**os.environ, **additions}
