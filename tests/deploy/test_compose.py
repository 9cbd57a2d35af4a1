"""The files for containers agree with each other and with Dagster's commands, and have no secret."""

from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from dagster._cli import create_dagster_cli
from dagster._daemon.cli import create_dagster_daemon_cli
from dagster_webserver.cli import create_dagster_webserver_cli

from lesson_lib.course_data import deploy_folder
from lesson_lib.pipeline import definitions

DEPLOY = deploy_folder()
COMMANDS = {
    "dagster": create_dagster_cli,
    "dagster-daemon": create_dagster_daemon_cli,
    "dagster-webserver": create_dagster_webserver_cli,
}


def read(name: str) -> Any:  # noqa: ANN401 - YAML
    """Return the content of a file in the folder."""
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


SERVICES = read("compose.yaml")["services"]
OURS = {name: service for name, service in SERVICES.items() if "command" in service}


@pytest.mark.parametrize("name", OURS)
def test_every_command_has_its_options(name: str) -> None:
    """Dagster's own parser takes the arguments."""
    # The image has the files of this folder in /dagster.
    program, *arguments = (part.replace("/dagster/", f"{DEPLOY}/") for part in OURS[name]["command"])
    command: click.Command = COMMANDS[program]()
    while isinstance(command, click.Group) and arguments[0] in command.commands:
        command = command.commands[arguments.pop(0)]
    assert not command.make_context(program, arguments).args


def test_the_workspace_leads_to_the_code_server() -> None:
    """Host and port are those of the service, which loads the course's definitions."""
    (source,) = read("workspace.yaml")["load_from"]
    command = OURS[source["grpc_server"]["host"]]["command"]
    assert command[command.index("--port") + 1] == str(source["grpc_server"]["port"])
    assert command[command.index("--module-name") + 1] == definitions.__name__


def test_only_the_webserver_has_a_port_and_only_on_this_machine() -> None:
    """It asks nobody for a password, so it is read-only as well."""
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports == {"webserver": ["127.0.0.1:3000:3000"]}
    assert "--read-only" in OURS["webserver"]["command"]


def test_no_password_is_written_down() -> None:
    """The passwords come from a file that Git ignores, and none is a default."""
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    assert text.count("${POSTGRES_PASSWORD:?}") == text.count("PASSWORD:?") == 2
    assert (DEPLOY / "env.example").read_text(encoding="utf-8").endswith("\nPOSTGRES_PASSWORD=\n")
    assert "deploy/.env" in (Path(__file__).parents[2] / ".gitignore").read_text(encoding="utf-8").split()


def test_the_processes_share_records_files_and_tables() -> None:
    """They have the same image, variables and volumes."""
    dagster = [
        {part: service[part] for part in ("image", "environment", "volumes")} for service in OURS.values()
    ]
    assert len(dagster) == len(COMMANDS)
    assert all(service == dagster[0] for service in dagster)
