"""Retirement: remove a key together with its rows."""

import unicodedata

import dagster as dg
from sqlalchemy.exc import SQLAlchemyError

from .database_errors import InstanceUnavailable, explain_instance_error
from .keys import KEY_SET, InvalidKey, suggest_key
from .warehouse import CUSTOMER_TABLE, RowStore


def retire_key(instance: dg.DagsterInstance, key: str, warehouse: RowStore) -> int:
    """Remove a key and its rows, and return the number of rows; the materializations stay in the event log.

    Rows go first: should the removal of the key fail, the check `three_records_agree` reports it, and another
    call finishes the work.

    Raises:
        InvalidKey: the key is not registered, and has no rows.
        WarehouseUnavailable: the database cannot be opened; the key stays.
        InstanceUnavailable: the rows are removed, and the instance could not delete the key.
    """
    registered = instance.get_dynamic_partitions(KEY_SET)
    # A key that was registered by hand may have another form, and is retired as it is.
    if key not in registered:
        key = unicodedata.normalize("NFC", key)
    removed = warehouse.delete(CUSTOMER_TABLE, [key]).get(key, 0)
    if key not in registered and not removed:
        raise InvalidKey(
            f"{key!r} is not registered in {KEY_SET!r} and has no rows.{suggest_key(key, registered)}"
        )
    try:
        instance.delete_dynamic_partition(KEY_SET, key)
    except SQLAlchemyError as error:
        raise InstanceUnavailable(
            f"The {removed:,} rows of {key!r} are removed, and the key is still registered: the instance "
            f"could not delete it {explain_instance_error(error)} Then retire the key again."
        ) from error
    return removed
