"""The topics as they stand on Kafka: made where they are missing, and compared with the contract where they are not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from kafka import errors as kafka_errors
from kafka.admin import ConfigResource

from geowire.errors import GeowireError, Misconfigured, Transient
from geowire.kafka_admin import KafkaAdmin
from geowire.kafka_cluster import KafkaCluster
from geowire.topics import Topic

LISTED_SECONDS = 10.0
SETTINGS_SECONDS = 2.0
REPLICATED = {"min.insync.replicas": "2", "unclean.leader.election.enable": "false"}
"""With three copies one may be away, and a copy that lags never becomes the leader."""


class KafkaTopics:
    """What is asked and changed about topics, but not about what is in them."""

    def __init__(self, cluster: KafkaCluster, admin: KafkaAdmin) -> None:
        self._cluster = cluster
        self._admin = admin
        self._ensured: set[str] = set()

    def ensure(self, topics: Iterable[Topic]) -> list[str]:
        """Make those that are missing; a line for each setting of the others that differs from the contract's."""
        wanted = {topic.name: topic for topic in topics}
        with self._admin.asking(f"cannot create topics on {self._cluster}") as client:
            missing = sorted(wanted.keys() - set(client.list_topics()))
            for name in missing:
                with suppress(kafka_errors.TopicAlreadyExistsError):
                    client.create_topics({name: self._topic_options(wanted[name])}, wait_for_metadata=True)
            found = [topic for topic in wanted.values() if topic.name not in missing]
            self._ensured |= wanted.keys()
            return self._differences(client, found) if found else []

    def check_existence(self, topics: Sequence[str]) -> None:
        """Raise `Misconfigured` for a topic that is not there.

        One that was ensured exists, but a busy cluster may need a moment until every broker lists it.
        """
        deadline = time.monotonic() + LISTED_SECONDS
        while missing := self._unlisted(topics):
            if not set(missing) <= self._ensured:
                raise Misconfigured(f"topic {missing[0]} does not exist on {self._cluster}, or we may not see it")
            if time.monotonic() > deadline:
                raise Transient(f"topic {missing[0]} was made on {self._cluster} and is not listed yet")
            threading.Event().wait(0.1)

    def size_limits(self, names: Sequence[str]) -> dict[str, int]:
        """Of each topic the largest record that the broker takes, in bytes."""
        with self._admin.asking("cannot read topic limits") as client:
            configs = self._configs(client, names)
        return {name: int(configs[name]["max.message.bytes"]) for name in names}

    def _unlisted(self, topics: Sequence[str]) -> list[str]:
        with self._admin.asking(f"no answer from {self._cluster}") as client:
            return sorted(set(topics) - set(client.list_topics()))

    def _configs_of(self, topic: Topic) -> dict[str, str]:
        """The contract's settings, and with several copies those that keep what was acknowledged."""
        return topic.configs | (REPLICATED if self._cluster.options.replication > 2 else {})

    def _topic_options(self, topic: Topic) -> dict[str, Any]:
        replication = {"replication_factor": self._cluster.options.replication}
        return {"num_partitions": topic.partitions, "configs": self._configs_of(topic)} | replication

    def _differences(self, client: Any, topics: Sequence[Topic]) -> list[str]:
        names = [topic.name for topic in topics]
        facts = {t["name"]: placement(t["partitions"]) for t in client.describe_topics(names)}
        configs = self._configs(client, names)
        lines = []
        for topic in topics:
            wanted = {"partitions": str(topic.partitions)} | self._configs_of(topic)
            if self._cluster.options.replication > 1:
                wanted |= {"copies": str(self._cluster.options.replication)}
            found = facts[topic.name] | configs[topic.name]
            pairs = [(name, found.get(name), value) for name, value in wanted.items()]
            lines += [
                f"topic {topic.name}: {name} is {is_}, not {should}" for name, is_, should in pairs if is_ != should
            ]
        return lines

    def _configs(self, client: Any, names: Sequence[str]) -> dict[str, dict[str, str]]:
        """The settings of topics; one of which a broker has not heard yet, or may not tell us, has none at first."""
        resources = [ConfigResource("topic", name) for name in names]
        deadline = time.monotonic() + SETTINGS_SECONDS
        while True:
            described = client.describe_configs(resources, config_filter="all").get("topic", {})
            untold = [name for name in names if not described.get(name)]
            if not untold:
                return {name: {key: entry["value"] for key, entry in described[name].items()} for name in names}
            if time.monotonic() > deadline:
                raise self._why_untold(client, untold[0])
            threading.Event().wait(0.1)

    def _why_untold(self, client: Any, name: str) -> GeowireError:
        """Why a topic has no settings for us: kafka-python keeps what the broker said to itself."""
        if name in self._ensured and name not in client.list_topics():
            return Transient(f"topic {name} was made on {self._cluster} and is not listed yet")
        return Misconfigured(
            f"Kafka: cannot read the settings of topic {name}: it does not exist, or the broker does not permit"
            " DescribeConfigs on it; docs/delivery.md lists what to grant"
        )


def placement(partitions: Sequence[dict[str, Any]]) -> dict[str, str]:
    """How many partitions a described topic has, and how many copies of each."""
    copies = min(len(partition["replica_nodes"]) for partition in partitions)
    return {"partitions": str(len(partitions)), "copies": str(copies)}
