"""Finding a key's file gives a plain file in the source folder, or an error."""

import os
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

import pytest

from lesson_lib.pipeline import SourceFolder, UnreadableFile
from lesson_lib.pipeline.source_files import inspect_file
from tests.pipeline.workspace import Workspace, priced


def find(workspace: Workspace, key: str) -> Path:
    """Find a key's file."""
    return SourceFolder(path=workspace.source).find(key)


def test_a_file_is_found_by_its_key(workspace: Workspace) -> None:
    """The whole key counts, including dots, quotes and blanks, and the path is resolved."""
    for key in ("acme", "globex.eu", "o'hare", "two words", "café", "株式会社"):
        path = workspace.write(key, priced(1))
        assert find(workspace, key) == path.resolve()


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_file_is_found_whichever_way_the_disk_spells_it(workspace: Workspace, form: str) -> None:
    """Keys are in NFC, but the archives of some systems unpack names in NFD."""
    path = workspace.source / unicodedata.normalize(form, "café.csv")
    path.write_text(priced(1))
    assert find(workspace, "café").read_text() == priced(1)


def test_a_link_inside_the_folder_is_followed(loaded: Workspace) -> None:
    """The file loads under the name of the link."""
    loaded.add("zenith")
    (loaded.source / "zenith.csv").unlink()
    (loaded.source / "zenith.csv").symlink_to("acme.csv")
    loaded.load("zenith")
    assert loaded.prices() == {"acme": [1.5, 2.5], "globex": [9.75], "zenith": [1.5, 2.5]}


def test_a_source_folder_may_itself_be_a_link(workspace: Workspace, tmp_path: Path) -> None:
    """A file is outside if it is outside the folder that the link leads to."""
    workspace.write("acme", priced(1))
    (tmp_path / "link").symlink_to(workspace.source)
    assert SourceFolder(path=tmp_path / "link").find("acme") == (workspace.source / "acme.csv").resolve()


@pytest.mark.parametrize("target", ["../secret.csv", "../source-2/acme.csv", "/dev/null"])
def test_a_link_that_leads_outside_is_refused(shared: Workspace, target: str) -> None:
    """This includes a link into a folder whose name begins with the same letters."""
    outside = shared.source.parent
    (outside / "source-2").mkdir(exist_ok=True)
    for path in (outside / "secret.csv", outside / "source-2" / "acme.csv"):
        path.write_text(priced(99))
    (shared.source / "acme.csv").unlink()
    (shared.source / "acme.csv").symlink_to(target)
    try:
        with shared.raises(
            UnreadableFile, f"acme.csv is a link that leads outside {shared.source}", "Put the file itself"
        ):
            shared.load("acme")
    finally:
        (shared.source / "acme.csv").unlink()


def test_a_link_to_nothing_and_a_link_in_a_circle_are_refused(shared: Workspace) -> None:
    """Neither is followed forever."""
    (shared.source / "nothing.csv").symlink_to("nowhere.csv")
    (shared.source / "circle.csv").symlink_to("circle.csv")
    with shared.raises(UnreadableFile, "nothing.csv is a link that points nowhere, to nowhere.csv. Put the"):
        find(shared, "nothing")
    with shared.raises(UnreadableFile, "circle.csv, the file of 'circle', cannot be opened"):
        find(shared, "circle")


@pytest.mark.parametrize(
    "name", ["ACME-2.CSV", "acme-2.Csv", "acme-2.csv ", "acme-2.csv.txt", "acme\u20112.csv", "acme-2.csv.gz"]
)
def test_a_missing_file_is_distinguished_from_one_with_nearly_its_name(
    workspace: Workspace, name: str
) -> None:
    """The message names the file that is most likely meant, and shows characters that look like others."""
    workspace.write("zenith", priced(1))
    (workspace.source / name).write_text(priced(1))
    with pytest.raises(UnreadableFile) as caught:
        find(workspace, "acme-2")
    assert f"acme-2.csv is not in {workspace.source}, but {name!a} is. Rename that file" in str(caught.value)


@pytest.mark.parametrize(
    "path", ["s3://bucket/inbox", "gs://bucket", "file:///tmp", "az:inbox", "sftp://host/in"]
)
def test_an_address_is_not_a_folder(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """It would be taken for a folder below the current one; a folder of that very name can be written out."""
    monkeypatch.chdir(workspace.source)
    with pytest.raises(UnreadableFile, match="is an address, not a path on this machine"):
        SourceFolder(path=path).find("acme")
    folder = workspace.source / path
    folder.mkdir(parents=True)
    (folder / "acme.csv").write_text(priced(1))
    assert SourceFolder(path=f"./{path}").find("acme") == (folder / "acme.csv").resolve()


def test_a_key_that_the_system_cannot_spell_is_refused(workspace: Workspace) -> None:
    """The message names the encoding and what to change."""
    program = (
        "from lesson_lib.pipeline import SourceFolder, UnreadableFile, Warehouse, WarehouseUnavailable\n"
        "import sys\n"
        "for use in (lambda: SourceFolder(path=sys.argv[1]).find('caf\\xe9'),\n"
        "            lambda: Warehouse(database='caf\\xe9.duckdb').get_connection().__enter__()):\n"
        "    try: use()\n"
        "    except (UnreadableFile, WarehouseUnavailable) as error: print(error)\n"
    )
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "utf-8"}
    lines = subprocess.run(
        [sys.executable, "-c", program, str(workspace.source)],
        env={**os.environ, **ascii_only},
        capture_output=True,
        check=True,
        encoding="utf-8",
        cwd=Path(__file__).parents[2],
    ).stdout.splitlines()
    assert lines[0].startswith("'café' has no file: the system's encoding, ascii, cannot spell its name.")
    assert lines[1].startswith("café.duckdb cannot be opened: 'ascii' codec can't encode")
    assert all("PYTHONUTF8=1" in line for line in lines)


def test_a_folder_is_refused(shared: Workspace) -> None:
    """This holds although its name ends in .csv."""
    (shared.source / "folder.csv").mkdir()
    with shared.raises(UnreadableFile, "folder.csv is a folder. Put the CSV file of 'folder' in its place."):
        find(shared, "folder")


def test_a_pipe_is_refused_and_never_waited_for(shared: Workspace) -> None:
    """Opening a pipe without a writer would hang the run."""
    os.mkfifo(shared.source / "pipe.csv")
    shared.instance.add_dynamic_partitions("s3", ["pipe"])
    with shared.raises(UnreadableFile, "pipe.csv is not a plain file. Put the CSV file of 'pipe'"):
        shared.load("pipe")


@pytest.mark.usefixtures("an_ordinary_user")
def test_a_file_that_may_not_be_read_is_refused() -> None:
    """The error gives the system's reason."""
    with tempfile.TemporaryDirectory() as folder:  # not `tmp_path`, whose parents are the superuser's
        path = Path(folder, "acme.csv")
        path.write_text(priced(1))
        path.chmod(0)
        with pytest.raises(
            UnreadableFile, match=r"acme\.csv, the file of 'acme', cannot be opened: .*Permission denied"
        ):
            SourceFolder(path=folder).find("acme")


def test_a_missing_source_folder_is_refused(shared: Workspace) -> None:
    """The error names the file and the folder that was searched."""
    with shared.raises(UnreadableFile, "'acme' has no file: acme.csv is not in", "nowhere"):
        SourceFolder(path=shared.source / "nowhere").find("acme")


@pytest.mark.parametrize("path", ["", " ", "\t"])
def test_a_blank_path_is_refused(path: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be the current folder, for example if a variable is set to nothing."""
    workspace.write("acme", priced(1))
    monkeypatch.chdir(workspace.source)
    with pytest.raises(
        UnreadableFile, match=r"cannot be read: its path is blank\. Give the path of a folder"
    ):
        SourceFolder(path=path).find("acme")
    assert SourceFolder(path=".").find("acme") == workspace.source / "acme.csv"


def test_a_tilde_is_the_home_folder(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This is as in the database's path; the tilde of an unknown user is a name like any other."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    path = workspace.write("acme", priced(1))
    assert SourceFolder(path="~/source").find("acme") == path
    with pytest.raises(UnreadableFile, match="'acme' has no file"):
        SourceFolder(path="~nobody-of-this-name/source").find("acme")


def test_a_path_with_glob_characters_is_this_very_file(loaded: Workspace, tmp_path: Path) -> None:
    """DuckDB's reader globs; the rows come from the named folder, not from one that matches."""
    for folder, price in (("s[ab]*", 7), ("sa", 8)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "acme.csv").write_text(priced(price))
    loaded.load("acme", resources=loaded.resources() | {"source": SourceFolder(path=tmp_path / "s[ab]*")})
    assert loaded.prices() == {"acme": [7.0], "globex": [9.75]}


def test_a_file_is_inspected_whole(workspace: Workspace) -> None:
    """A fault far behind the first bytes is found, and so is one in the last line."""
    path = workspace.write("acme", priced(*range(1, 50_001)) + "2018/01/22,1,1,1,1,1 ")
    with pytest.raises(UnreadableFile, match=r"acme\.csv: line 50002: spread is '1 ', not a finite decimal"):
        inspect_file("acme", path)
