"""Tests of `lesson_lib.classroom.exercises`."""
