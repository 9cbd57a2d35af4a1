"""Exercise 1.3: write an import asset that checks whether its file exists."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from lesson_lib.classroom.display.safe_text import format_count, make_plain
from lesson_lib.classroom.exercises.exercise import Miss
from lesson_lib.classroom.exercises.sandbox import KEYS, Sandbox, open_sandbox, require_set


def _check_path(sandbox: Sandbox, asset: object, key: str) -> Miss | None:
    """Import the file of a key, and compare the path with that of the file."""
    returned = _import(sandbox, asset, key)
    expected = sandbox.lab.source / f"{key}.csv"
    if isinstance(returned, str | Path) and Path(returned).resolve() == expected:
        return None
    belief = "key-ends-at-the-first-dot" if _is_cut(returned, key) else ""
    return Miss(
        belief, seen=_describe_path(sandbox, returned), expected=f"the path of {key}.csv in source.path"
    )


def _import(sandbox: Sandbox, asset: Any, key: str) -> object:  # noqa: ANN401 - any value that a learner gives
    """Materialize the asset for a key, and return what its function returned."""
    return sandbox.materialize([asset], key).output_for_node(asset.node_def.name)


def _is_cut(returned: object, key: str) -> bool:
    cut = key.partition(".")[0]
    return cut != key and isinstance(returned, str | Path) and Path(returned).name == f"{cut}.csv"


def _describe_path(sandbox: Sandbox, returned: object) -> str:
    if returned is None or isinstance(returned, type):  # Dagster marks a missing value with a class
        return "no path, since the function returned nothing"
    if not isinstance(returned, str | Path) or "\n" in str(returned):
        return f"no path, but {make_plain(repr(returned), max_length=80)}"
    path = Path(returned)
    if not path.is_absolute():
        return f"{make_plain(str(path))}, without its folder"
    if path.resolve().parent != sandbox.lab.source:
        return f"{make_plain(path.name)} in another folder than source.path"
    return f"the path of {make_plain(path.name)}"


def _key_in_s3(asset: object) -> Miss | None:
    """The key acme is in the set s3."""
    if (name := require_set(asset)) == KEYS:
        return None
    seen = f"the asset looks for it in the set {make_plain(repr(name))}, which has no key"
    return Miss("typo-raises-an-error", seen, expected=f"the asset looks for it in the set {KEYS!r}")


def _two_customers(asset: object) -> Miss | None:
    """Two customers are imported, acme and then zenith."""
    with open_sandbox() as sandbox:
        misses = [miss for key in ("acme", "zenith") if (miss := _check_path(sandbox, asset, key))]
    files = {"the path of acme.csv", "the path of zenith.csv"}
    if len(misses) == 1 and misses[0].seen in files:
        return replace(misses[0], misconception="every-key-needs-an-asset")
    return misses[0] if misses else None


def _key_with_a_dot(asset: object) -> Miss | None:
    """The customer globex.eu is imported, and there is another one called globex."""
    with open_sandbox() as sandbox:
        sandbox.write("globex", "date,share_price,amount,spend,shift,spread\n")
        return _check_path(sandbox, asset, "globex.eu")


def _key_with_an_apostrophe(asset: object) -> Miss | None:
    """The customer o'hare is imported."""
    with open_sandbox() as sandbox:
        return _check_path(sandbox, asset, "o'hare")


def _new_customer(asset: object) -> Miss | None:
    """A new customer has sent a file, Café du Nord.csv."""
    with open_sandbox() as sandbox:
        sandbox.write("Café du Nord", "date,share_price,amount,spend,shift,spread\n")
        return _check_path(sandbox, asset, "Café du Nord")


def _missing_file(asset: object) -> Miss | None:
    """The key quickstart is registered, and quickstart.csv is not there."""
    with open_sandbox() as sandbox:
        try:
            _import(sandbox, asset, "quickstart")
        except NameError:  # a slip in the line that should raise
            raise
        except Exception:  # noqa: BLE001 - any other error is right
            return None
        is_created = (sandbox.lab.source / "quickstart.csv").exists()
    aside = ", after making the file itself" if is_created else ", and quickstart is materialized"
    return Miss(
        "" if is_created else "success-means-the-file-was-there",
        seen=f"the run succeeded{aside}",
        expected="the run fails, and quickstart is not materialized",
    )


def _folder_afterwards(asset: object) -> Miss | None:
    """The file acme.csv is imported, and stays where and what it is."""
    with open_sandbox() as sandbox:
        before = _read_files(sandbox)
        _import(sandbox, asset, "acme")
        after = _read_files(sandbox)
    changed = sorted(name for name in before | after if before.get(name) != after.get(name))
    if not changed:
        return None
    seen = "; ".join(
        f"{make_plain(name)} {_describe_change(before.get(name), after.get(name))}" for name in changed
    )
    return Miss(seen=seen, expected=f"the same {format_count(len(before), 'file')} as before, untouched")


def _read_files(sandbox: Sandbox) -> dict[str, bytes]:
    folder = sandbox.lab.source
    paths = folder.rglob("*") if folder.is_dir() else ()
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths if path.is_file()}


def _describe_change(before: bytes | None, after: bytes | None) -> str:
    if after is None:
        return "is gone"
    return "is new" if before is None else "has been changed"


SCENARIOS = (
    _key_in_s3,
    _folder_afterwards,
    _two_customers,
    _key_with_a_dot,
    _key_with_an_apostrophe,
    _new_customer,
    _missing_file,
)
