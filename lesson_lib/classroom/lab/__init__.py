"""The lab: a throwaway folder to work in, and what shows and measures the work in it."""

from lesson_lib.classroom.lab import record_view  # noqa: F401 - registers the boards of the three records
