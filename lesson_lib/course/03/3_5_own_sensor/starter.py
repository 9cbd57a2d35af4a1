from lesson_lib.pipeline import InvalidKey, checked_key


@dg.sensor(target=customers)
def my_sensor(context: dg.SensorEvaluationContext, source: SourceFolder):
    folder = Path(source.path)
    ...


check("3.5", my_sensor)
