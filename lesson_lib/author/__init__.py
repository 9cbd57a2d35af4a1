"""For whoever teaches the course: the run sheet, and editions to hand out."""
