from lesson_lib.course.five_ticks import five_ticks

display(five_ticks())
check("3.6", {2: "e", 3: "c", 4: "h", 5: "a"})
