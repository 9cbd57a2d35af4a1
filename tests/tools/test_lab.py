"""JupyterLab gets a free port, stays on this machine, and opens a browser only if there is a display."""

import socket
from collections.abc import Iterator
from pathlib import Path

import lab
import pytest
from environment import SetupError


@pytest.fixture
def taken_port() -> Iterator[int]:
    """Yield a port that another program listens on."""
    with socket.socket() as listener:
        listener.bind((lab.HOST, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_requested_port_that_is_taken_is_an_error(taken_port: int) -> None:
    """A requested port is never replaced by another one."""
    with pytest.raises(SetupError, match=f"^Port {taken_port} is taken.*PORT={taken_port + 1}"):
        lab.choose_port(taken_port)


def test_the_next_port_is_used_if_the_usual_one_is_taken(
    taken_port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line names the port."""
    monkeypatch.setattr(lab, "PORTS", range(taken_port, taken_port + 50))
    chosen = lab.choose_port(None)
    assert chosen in range(taken_port + 1, taken_port + 50)
    assert capsys.readouterr().out == f"Port {taken_port} is taken by another program: using {chosen}.\n"


def test_it_is_an_error_if_all_ports_are_taken(taken_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says how to name one."""
    monkeypatch.setattr(lab, "PORTS", range(taken_port, taken_port + 1))
    with pytest.raises(SetupError, match=r"all taken: name a free one, as in `make lab PORT=9000`"):
        lab.choose_port(None)


@pytest.mark.parametrize(("root", "allowed"), [(True, True), (False, False)])
def test_jupyter_gets_a_flag_for_root_only(
    monkeypatch: pytest.MonkeyPatch, *, root: bool, allowed: bool
) -> None:
    """The server listens only on this machine's own address."""
    monkeypatch.setattr(lab, "is_root", lambda: root)
    command = lab.build_command(Path("python"), 8888)
    assert ("--allow-root" in command) == allowed
    assert "--ServerApp.ip=127.0.0.1" in command


@pytest.mark.parametrize(
    ("system", "variables", "expected"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
        ("darwin", {"SSH_CONNECTION": "from afar"}, False),
        ("win32", {}, True),
    ],
)
def test_a_display_is_recognised(
    monkeypatch: pytest.MonkeyPatch, system: str, variables: dict[str, str], *, expected: bool
) -> None:
    """Without a display, only the address is printed."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert lab.has_display(system) is expected
