"""Tests of the pipeline, a module a concept."""
