"""The one thing every refusal of the pipeline is."""


class Refused(Exception):
    """The pipeline will not do this, and says why and what to do next; nothing stored has changed."""
