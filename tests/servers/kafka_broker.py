"""Real Apache Kafka brokers (KRaft, combined mode) from the jars that Maven copied to `.kafka/libs`."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from servers.processes import accepts, free_port, wait_until

CLUSTER_ID = "Z2Vvd2lyZS1pbi10ZXN0cw"
JAVA = ["java", "-Xms64m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true"]
ALONE = {
    "offsets.topic.replication.factor": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
}
"""What a broker that is alone needs."""


def properties(folder: Path, port: int, controller: int, extra: Mapping[str, object] | None = None) -> str:
    """The broker's settings: one node, plain text, loopback only."""
    settings: dict[str, object] = {
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
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.num.partitions": 4,
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1000,
        "num.network.threads": 2,
        "num.io.threads": 2,
        "log.cleaner.dedupe.buffer.size": 2_097_152,
    }
    return "".join(f"{name}={value}\n" for name, value in (settings | ALONE | dict(extra or {})).items())


@dataclass(slots=True)
class Broker:
    """One broker that a test may start, freeze, kill and start again on the same folder."""

    libs: Path
    folder: Path
    port: int = field(default_factory=free_port)
    controller: int = field(default_factory=free_port)
    extra: Mapping[str, object] = field(default_factory=dict)
    users: Sequence[str] = ()
    """SCRAM users made when the storage is formatted, as Kafka's own tool takes them."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def server(self) -> str:
        """`host:port`."""
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What the broker says."""
        return self.folder / "broker.log"

    def format(self) -> None:
        """Write the settings and make the storage."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "server.properties"
        config.write_text(properties(self.folder, self.port, self.controller, self.extra), encoding="utf-8")
        storage = ["java", "-Xmx128m", "-cp", f"{self.libs}/*", "kafka.tools.StorageTool", "format"]
        users = [argument for user in self.users for argument in ("--add-scram", user)]
        command = [*storage, "-t", CLUSTER_ID, "-c", str(config), *users]
        subprocess.run(command, check=True, capture_output=True, timeout=60)

    def start(self) -> None:
        """Start the process, not yet ready."""
        java = [*JAVA, f"-Dkafka.logs.dir={self.folder}", "-cp", f"{self.libs}/*"]
        with self.log.open("ab") as output:
            command = [*java, "kafka.Kafka", str(self.folder / "server.properties")]
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)

    def wait_until_ready(self) -> None:
        """Wait until it listens."""
        process = self.process
        assert process is not None
        wait_until(lambda: accepts(self.port) or process.poll() is not None, "Kafka to listen", 120)
        if process.poll() is not None:
            raise RuntimeError(f"Kafka ended at start, see {self.log}")

    def send(self, number: signal.Signals) -> None:
        """A signal: SIGSTOP freezes it, SIGCONT lets it go on."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """`kill -9`, and wait until it is gone."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(20)

    @contextlib.contextmanager
    def running(self) -> Iterator[str]:
        """Format, start, and kill in the end; gives `host:port` of the plain listener."""
        self.format()
        self.start()
        try:
            self.wait_until_ready()
            yield self.server
        finally:
            self.kill()


@contextlib.contextmanager
def kafka_broker(libs: Path, folder: Path) -> Iterator[str]:
    """A broker that is ready; gives `host:port`."""
    with Broker(libs, folder).running() as server:
        yield server


def three_brokers(libs: Path, folder: Path) -> list[Broker]:
    """A cluster that keeps three copies and goes on with two; formatted, not started."""
    brokers = [Broker(libs, folder / f"node-{number}") for number in (1, 2, 3)]
    voters = ",".join(f"{number}@127.0.0.1:{broker.controller}" for number, broker in enumerate(brokers, 1))
    for number, broker in enumerate(brokers, 1):
        copies = dict.fromkeys(ALONE, 2) | {name: 3 for name in ALONE if name.endswith("replication.factor")}
        broker.extra = copies | {
            "node.id": number,
            "controller.quorum.voters": voters,
            "offsets.topic.num.partitions": 2,
            "replica.lag.time.max.ms": 5_000,
            "broker.session.timeout.ms": 3_000,
            "controlled.shutdown.enable": "false",
        }
    with ThreadPoolExecutor() as pool:
        list(pool.map(Broker.format, brokers))
    return brokers
