"""The content of the course: lessons, exercises and beliefs. The engine is in the classroom."""
