"""Writes what mosquitto is told: who may connect, and who may read and write what.

Each line was found to be needed by trying; the ones that look optional are not.
"""

from dataclasses import dataclass
from pathlib import Path

from backsight_cloud.adapters.server_certificate import ServerCertificate
from backsight_shared import topics

SERVICE = "service"  # the name in the service's own certificate; no hub is called so

_LARGEST_MESSAGE = 256 * 1024  # bytes; an entitlement of 64 cameras has some 30 kB
_MOST_QUEUED = 10_000  # messages; beyond, the broker drops silently, and the service hears every hub at once


@dataclass(frozen=True, slots=True)
class BrokerPlace:
    """Where the broker keeps its files and listens, and by what it is known."""

    folder: Path
    host: str
    port: int
    tls: ServerCertificate


def configuration(place: BrokerPlace, user: str) -> str:
    """mosquitto.conf for one listener with certificates on both sides."""
    return "\n".join(
        [
            "per_listener_settings true",
            f"user {user}",
            f"pid_file {place.folder / 'mosquitto.pid'}",
            "log_dest stderr",
            "log_type error",
            "log_type warning",
            "connection_messages false",
            # Sessions survive a planned restart; after a crash, everything is published again.
            "persistence true",
            f"persistence_location {place.folder / 'data'}/",
            "persistent_client_expiration 14d",
            f"max_queued_messages {_MOST_QUEUED}",
            f"max_packet_size {_LARGEST_MESSAGE}",
            "set_tcp_nodelay true",
            f"listener {place.port} {place.host}",
            "allow_anonymous false",
            f"cafile {place.tls.ca_file}",
            f"certfile {place.tls.file}",
            f"keyfile {place.tls.key_file}",
            f"crlfile {place.folder / 'revoked.crl'}",
            "tls_version tlsv1.2",
            "require_certificate true",
            "use_identity_as_username true",
            # Without this a hub could take over another one's session by claiming its client id.
            "use_username_as_clientid true",
            f"acl_file {place.folder / 'acl'}",
            "",
        ]
    )


def access_list() -> str:
    """Each hub reads and writes below its own folder only; the service everywhere below ours."""
    return "\n".join(
        [
            f"user {SERVICE}",
            f"topic readwrite {topics.ROOT}/#",
            "",
            *(f"pattern read {topics.ROOT}/%u/{name}" for name in ("entitlement", "command")),
            *(f"pattern write {topics.ROOT}/%u/{name}" for name in ("pull", "status", "events", "reply")),
            "",
        ]
    )
