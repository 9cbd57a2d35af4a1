"""Exercise 1.3: write an import asset that checks whether its file exists."""

from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from io import StringIO
from pathlib import Path
from typing import Any

from lesson_lib.classroom.display.safe_text import make_plain
from lesson_lib.classroom.exercises.exercise import Evidence, Miss
from lesson_lib.classroom.exercises.sandbox import KEYS, Sandbox, open_sandbox, require_set

_State = tuple[int, int, bytes]  # of a file: when it was changed, its permissions, and its content

_UNCHANGED = "the folder and its files stay as they are"
_BROKEN_BYTE = "\udcff"  # not UTF-8: an import finds a file, and reads nothing
_HEADER = "date,share_price,amount,spend,shift,spread\n"
_TYPO_SIMILARITY = 0.5  # of a misspelt set to `s3`; one wrong letter of two is still a typo
# Errors of a line that does not do what its author meant, and not raised on purpose.
_SLIPS = (AttributeError, ImportError, NameError, SyntaxError, TypeError)
# Dagster raises these about a function that returned nothing, or a value of another type than annotated.
_NOTHING_RETURNED = {"DagsterStepOutputNotFoundError", "DagsterTypeCheckDidNotPass"}


@dataclass(frozen=True)
class _Run:
    """One run of the learner's asset."""

    error: Exception | None
    returned: object  # None without a value
    is_materialized: bool
    changes: str  # to the folder, empty if there are none
    remarks: tuple[str, ...]  # what the asset printed, logged, and recorded besides its value


@contextmanager
def _open_folder(*names: str) -> Iterator[Sandbox]:
    """Open a sandbox whose source folder has these files and no others."""
    with open_sandbox() as sandbox:
        for path in sandbox.lab.source.iterdir():
            path.unlink()
        for name in names:
            path = sandbox.lab.source / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(_HEADER, encoding="utf-8")
        yield sandbox


def _run(sandbox: Sandbox, asset: Any, key: str) -> _Run:  # noqa: ANN401 - any value that a learner gives
    """Materialize the asset for a key.

    Raises:
        Exception: an error in the learner's code that nobody raises on purpose.
    """
    before = _read_folder(sandbox)
    result, error, returned = None, None, None
    with _record_output() as printed, chdir(Path.cwd()):  # an asset may change the working folder
        try:
            result = sandbox.materialize([asset], key)
            returned = result.output_for_node(asset.node_def.name)
        except _SLIPS:
            raise
        except Exception as raised:  # noqa: BLE001 - any error that a learner's code raises
            error = None if result else raised  # a run that succeeds may have no output
    run = _Run(
        error=error,
        returned=None if isinstance(returned, type) else returned,  # Dagster marks no value with a class
        is_materialized=key in sandbox.instance.get_materialized_partitions(asset.key),
        changes=_describe_changes(before, _read_folder(sandbox)),
        remarks=(printed.getvalue(), *(_find_remarks(sandbox, result.run_id) if result else ())),
    )
    sandbox.instance.wipe_assets([asset.key])
    return run


@contextmanager
def _record_output() -> Iterator[StringIO]:
    """Record what is printed, and print it afterwards, because the verdict shows it."""
    printed = StringIO()
    try:
        with redirect_stdout(printed):
            yield printed
    finally:
        print(printed.getvalue(), end="")  # noqa: T201 - as above


def _find_remarks(sandbox: Sandbox, run_id: str) -> Iterator[str]:
    for entry in sandbox.instance.all_logs(run_id):
        if not entry.is_dagster_event:
            yield entry.user_message
        elif materialization := entry.asset_materialization:
            yield str(materialization.metadata)


def _check_path(sandbox: Sandbox, asset: object, key: str) -> Miss | None:
    """Import the file of a key, and compare the path with that of the file."""
    run = _run(sandbox, asset, key)
    if run.changes:
        return Miss(seen=run.changes, expected=_UNCHANGED)
    if run.error:
        raise run.error
    if _is_path(run.returned, sandbox.lab.source / f"{key}.csv"):
        return None
    return Miss(seen=_describe_path(sandbox, run.returned), expected=f"the path of {key}.csv in source.path")


def _is_path(returned: object, expected: Path) -> bool:
    return isinstance(returned, str | Path) and Path(returned).resolve() == expected


def _describe_path(sandbox: Sandbox, returned: object) -> str:
    if returned is None:
        return "no path, since the function returned nothing"
    if not isinstance(returned, str | Path) or "\n" in str(returned):
        return f"no path, but {make_plain(repr(returned), max_length=80)}"
    path = Path(returned)
    if not path.is_absolute():
        return f"{make_plain(str(path))}, without its folder"
    if path.resolve().parent != sandbox.lab.source:
        return f"{make_plain(path.name)} in another folder than source.path"
    return f"the path of {make_plain(path.name)}"


def _check_failure(sandbox: Sandbox, asset: object, key: str) -> Miss | None:
    """Import a key that has no file, and see whether the run fails and leaves nothing behind."""
    run = _run(sandbox, asset, key)
    expected = f"the function raises an error, and {key} is not materialized"
    if run.changes:
        outcome = "failed" if run.error else "succeeded"
        return Miss(seen=f"the run {outcome}, and {run.changes}", expected=_UNCHANGED)
    if type(run.error).__name__ in _NOTHING_RETURNED:
        seen = "the function returned no path, and raised nothing; only Dagster's check of its result failed"
        return Miss(seen=seen, expected=expected)
    if run.error and run.is_materialized:
        return Miss(seen=f"the run failed, and {key} is recorded as materialized", expected=expected)
    if run.error:
        return None
    recorded = f"{key} is {'' if run.is_materialized else 'not '}materialized"
    seen = f"the run succeeded with {_describe_path(sandbox, run.returned)}, and {recorded}"
    return Miss(seen=seen, expected=expected)


def _read_folder(sandbox: Sandbox) -> dict[str, _State]:
    """Return the state of each file; that of a folder is always the same."""
    folder = sandbox.lab.source
    paths = folder.rglob("*") if folder.is_dir() else ()
    return {
        path.relative_to(folder).as_posix(): (
            (path.stat().st_mtime_ns, path.stat().st_mode, path.read_bytes())
            if path.is_file()
            else (0, 0, b"")
        )
        for path in paths
    }


def _describe_changes(before: dict[str, _State], after: dict[str, _State]) -> str:
    changed = sorted(name for name in before | after if before.get(name) != after.get(name))
    kinds = (
        "is gone" if name not in after else "has been changed" if name in before else "is new"
        for name in changed
    )
    return "; ".join(f"{make_plain(name)} {kind}" for name, kind in zip(changed, kinds, strict=True))


def _key_in_s3(asset: object) -> Miss | None:
    """The key acme is in the set s3."""
    if (name := require_set(asset)) == KEYS:
        return None
    is_misspelt = SequenceMatcher(None, name.casefold(), KEYS).ratio() >= _TYPO_SIMILARITY
    seen = f"the asset looks for it in the set {make_plain(repr(name))}, which has no key"
    belief = "typo-raises-an-error" if is_misspelt else ""
    return Miss(belief, seen, expected=f"the asset looks for it in the set {KEYS!r}")


def _two_customers(asset: object) -> Miss | None:
    """Two customers are imported, zenith and then acme."""
    with _open_folder("acme.csv", "bluebird.csv", "zenith.csv") as sandbox:
        if not (miss := _check_path(sandbox, asset, "zenith")):
            return _check_path(sandbox, asset, "acme")
        if miss.seen != "the path of acme.csv" or _check_path(sandbox, asset, "acme"):
            return miss
        # An asset that takes the first file takes another one now.
        (sandbox.lab.source / "acme.csv").unlink()
        run = _run(sandbox, asset, "zenith")
        is_acme_again = run.error or _is_path(run.returned, sandbox.lab.source / "acme.csv")
        return replace(miss, misconception="every-key-needs-an-asset" if is_acme_again else "")


def _key_with_an_underscore(asset: object) -> Miss | None:
    """The customer globex_eu is imported, and there is another one called globex."""
    with _open_folder("globex.csv", "globex_eu.csv") as sandbox:
        return _check_path(sandbox, asset, "globex_eu")


def _key_with_a_dot(asset: object) -> Miss | None:
    """The customer globex.eu is imported, and there is another one called globex."""
    with _open_folder("globex.csv", "globex.eu.csv") as sandbox:
        miss = _check_path(sandbox, asset, "globex.eu")
    if miss and miss.seen == "the path of globex.csv":
        return replace(miss, misconception="key-ends-at-the-first-dot")
    return miss


def _new_customer(asset: object) -> Miss | None:
    """The customer "Café d'Orsay [2] ", with a space at the end, has sent a file that is not UTF-8."""
    key = "Café d'Orsay [2] "
    with _open_folder(f"{key.strip()}.csv", "Café d'Orsay 2.csv") as sandbox:
        sandbox.write(key, _BROKEN_BYTE)
        return _check_path(sandbox, asset, key)


def _similar_files(asset: object) -> Miss | None:
    """The customer acme is imported, and there are files with similar names."""
    similar = ("acme-old.csv", "acme2.csv", "old/acme.csv", "an acme.csv", "acme", "acme.csv.gz", "acme.txt")
    with _open_folder("acme.csv", *similar) as sandbox:
        return _check_path(sandbox, asset, "acme")


def _missing_file(asset: object) -> Miss | None:
    """The file quickstart.csv is not there, then it comes, empty, and then it is gone again."""
    with _open_folder("acme.csv") as sandbox:
        if miss := _check_failure(sandbox, asset, "quickstart"):
            belief = "success-means-the-file-was-there" if _ignores_the_file(sandbox, asset) else ""
            return replace(miss, misconception=belief)
        sandbox.write("quickstart", "")
        if miss := _check_path(sandbox, asset, "quickstart"):
            return miss
        (sandbox.lab.source / "quickstart.csv").unlink()
        return _check_failure(sandbox, asset, "quickstart")


def _ignores_the_file(sandbox: Sandbox, asset: object) -> bool:
    """Return whether the asset does the same with the file and without it."""
    without = _run(sandbox, asset, "quickstart")
    path = sandbox.lab.source / "quickstart.csv"
    if not _is_path(without.returned, path) or path.exists():
        return False
    sandbox.write("quickstart", _HEADER)
    return _run(sandbox, asset, "quickstart") == without


def _only_similar_files(asset: object) -> Miss | None:
    """The file quickstart.csv is not there, and there are files with similar names."""
    names = (
        "-old.csv",
        "2.csv",
        ".eu.csv",
        " .csv",
        ".csv.bak",
        ".csv.gz",
        ".csv~",
        ".txt",
        ".tsv",
        ".CSV",
        "",
    )
    similar = [f"quickstart{name}" for name in names]
    others = ["QUICKSTART.csv", "Quickstart.csv", "old/quickstart.csv", "old-quickstart.csv", "quick.csv"]
    with _open_folder(*similar, *others) as sandbox:
        # Some disks do not distinguish capitals.
        (sandbox.lab.source / "quickstart.csv").unlink(missing_ok=True)
        (sandbox.lab.folder / "quickstart.csv").write_text(_HEADER, encoding="utf-8")
        return _check_failure(sandbox, asset, "quickstart")


def _only_the_name_before_the_dot(asset: object) -> Miss | None:
    """The file globex.eu.csv is not there, and globex.csv and globex.us.csv are."""
    with _open_folder("globex.csv", "globex.us.csv", "globex_eu.csv", "eu.csv") as sandbox:
        return _check_failure(sandbox, asset, "globex.eu")


def _folder_of_that_name(asset: object) -> Miss | None:
    """There is a folder called quickstart.csv, and no such file."""
    with _open_folder("acme.csv", "quickstart.csv/quickstart.csv") as sandbox:
        return _check_failure(sandbox, asset, "quickstart")


SCENARIOS = (
    _key_in_s3,
    _two_customers,
    _key_with_an_underscore,
    _key_with_a_dot,
    _new_customer,
    _similar_files,
    _missing_file,
    _only_similar_files,
    _only_the_name_before_the_dot,
    _folder_of_that_name,
)

EVIDENCE: dict[str, Evidence] = {
    "typo-raises-an-error": "The asset's set has a name that resembles s3, and the key is not in it.",
    "every-key-needs-an-asset": "Both keys get one customer's file, also once that file is gone.",
    "key-ends-at-the-first-dot": _key_with_an_underscore,  # the same without a dot
    "success-means-the-file-was-there": "The run does the same with and without the file.",
}
