from lesson_lib.course.monday import records_of_monday

display(records_of_monday())
check("2.6", {"bluebird": "d", "o'hare": "b", "zenith": "c"})
