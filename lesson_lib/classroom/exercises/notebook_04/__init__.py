"""What notebook 04 asks: `lesson.py` has the plan and the short questions, the rest an exercise each."""
