"""Servers that end with the kernel: PostgreSQL, a bucket, and Dagster's webserver and daemon."""

from lesson_lib.classroom.servers.bucket import Bucket, start_bucket
from lesson_lib.classroom.servers.daemon import Daemon, start_daemon
from lesson_lib.classroom.servers.postgres import Postgres, start_postgres
from lesson_lib.classroom.servers.production_settings import format_production_settings, write_home
from lesson_lib.classroom.servers.server_group import Server, ServerUnavailable, stop_servers
from lesson_lib.classroom.servers.webserver import Webserver, start_webserver

__all__ = [
    "Bucket",
    "Daemon",
    "Postgres",
    "Server",
    "ServerUnavailable",
    "Webserver",
    "format_production_settings",
    "start_bucket",
    "start_daemon",
    "start_postgres",
    "start_webserver",
    "stop_servers",
    "write_home",
]
