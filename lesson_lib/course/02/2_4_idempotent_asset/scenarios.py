"""Exercise 2.4: an asset that can be materialized any number of times."""

from lesson_lib.classroom.exercises.sandbox import Sandbox
from lesson_lib.course import reloading as reload
from lesson_lib.course.customer_files import CUSTOMERS, EXCHANGE

SCENARIOS = (
    reload.scenario(reload.named_after_a_day, EXCHANGE, Sandbox.load),
    *(
        reload.scenario(happening, CUSTOMERS, Sandbox.load)
        for happening in (
            reload.loaded_three_times,
            reload.corrected,
            reload.beside_another,
            reload.beside_lookalikes,
            reload.with_an_apostrophe,
            reload.with_sql_in_the_key,
            reload.broken_after_good,
        )
    ),
)
