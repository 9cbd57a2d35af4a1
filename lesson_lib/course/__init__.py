"""The content of the course: lessons, exercises and beliefs, and the scenarios that they need. No engine."""
