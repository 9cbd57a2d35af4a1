"""Lookalike keys: other customers' keys that only a loose comparison takes for the key under test.

The exercises that compare keys share them. Each key under test has lookalikes that are shorter and longer,
and spelled in upper and lower case, so that a comparison is caught whichever side it loosens. They are stored
as rows by SQL, so they need not be usable as partition keys; the keys under test are.
"""

import unicodedata

# A dot, and only lower case.
DOTTED_KEY = "globex.eu"
# Capitals, accents, underscores, and more characters than a comparison of the first 20 looks at.
ACCENTED_KEY = "Café_Müller_Söhne_2018.eu"

LOOKALIKES: dict[str, tuple[str, ...]] = {
    DOTTED_KEY: (
        "globex",  # up to the first dot; a prefix
        "globex.us",  # the same up to the first dot
        "globex.eu.old",  # begins with it
        "old.globex.eu",  # ends with it
        "eu",  # a suffix; the part after the last dot
        "lobex",  # contained in it
        "acme.eu",  # the same after the last dot
        "GLOBEX.EU",  # lower case
        "Globex.eu",
        " globex.eu",  # trimmed
        "globex.eu ",
        "\tglobex.eu\n",
        "globex-eu",  # a regular expression; the same length
        "globex_eu",  # a pattern of like, on the other side
        "globexeu",  # without punctuation
        "globex.eú",  # without accents
        "globex.ev",  # one letter differs
        "",  # contained in everything
    ),
    ACCENTED_KEY: (
        "café_müller_söhne_2018.eu",  # lower case
        "CAFÉ_MÜLLER_SÖHNE_2018.EU",
        "Cafe_Muller_Sohne_2018.eu",  # without accents
        unicodedata.normalize("NFD", ACCENTED_KEY),  # looks the same: accents are characters of their own
        "Café-Müller-Söhne-2018.eu",  # like, whose underscore is any character
        "Café Müller Söhne 2018.eu",
        "CaféMüllerSöhne2018.eu",
        "Café.Müller.Söhne.2018.eu",  # a regular expression, on the other side
        "Café_Müller_Söhne_2018_eu",
        "Café_Müller_Söhne_2018",  # up to the dot; a prefix
        "Café_Müller_Söhne_2018.us",  # the same first 20 characters
        "Café_Müller_Söhne_2018.eu_old",
        "Kafé_Müller_Söhne_2018.eu",  # the same last 20 characters
        "Müller_Söhne_2018.eu",  # a suffix
        "Müller",  # contained in it
        "Café_Müller_Söhne_2019.eu",
        f" {ACCENTED_KEY}",
        f"{ACCENTED_KEY} ",
    ),
}
