"""One real Apache Kafka broker (KRaft, combined mode) from the jars that Maven copied to `.kafka/libs`."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from servers.processes import accepts, free_port, running, wait_until

CLUSTER_ID = "Z2Vvd2lyZS1pbi10ZXN0cw"
JAVA = ["java", "-Xms64m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true"]


def properties(folder: Path, port: int, controller: int) -> str:
    """The broker's settings: one node, plain text, loopback only."""
    settings = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": folder / "log",
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1000,
        "num.network.threads": 2,
        "num.io.threads": 2,
        "log.cleaner.dedupe.buffer.size": 2_097_152,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def start(libs: Path, folder: Path, config: Path) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    """The broker's process, not yet ready."""
    java = [*JAVA, f"-Dkafka.logs.dir={folder}", "-cp", f"{libs}/*"]
    return running([*java, "kafka.Kafka", str(config)], folder / "broker.log")


@contextlib.contextmanager
def kafka_broker(libs: Path, folder: Path) -> Iterator[str]:
    """A broker that is ready; gives `host:port`."""
    port, controller = free_port(), free_port()
    config = folder / "server.properties"
    config.write_text(properties(folder, port, controller), encoding="utf-8")
    storage = ["java", "-Xmx128m", "-cp", f"{libs}/*", "kafka.tools.StorageTool", "format"]
    subprocess.run([*storage, "-t", CLUSTER_ID, "-c", str(config)], check=True, capture_output=True, timeout=60)
    with start(libs, folder, config) as process:
        wait_until(lambda: accepts(port) or process.poll() is not None, "Kafka to listen")
        if process.poll() is not None:
            raise RuntimeError(f"Kafka ended at start, see {folder / 'broker.log'}")
        yield f"127.0.0.1:{port}"
