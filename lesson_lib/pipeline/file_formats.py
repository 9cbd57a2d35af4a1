"""Formats that people save under the name of a CSV file, recognized by their first bytes."""

import re

_UNPACK = "Unpack it"
_SAVE_DATA = "Save the data as CSV UTF-8"
_SAVE_TEXT = "Save the file as CSV UTF-8"

# What a file starts with, what it is, and what to do about it. The first match counts.
_FORMATS = (
    (rb"\x1f\x8b", "compressed (gzip)", _UNPACK),
    (rb"BZh", "compressed (bzip2)", _UNPACK),
    (rb"\xfd7zXZ", "compressed (xz)", _UNPACK),
    (rb"\x28\xb5\x2f\xfd", "compressed (zstd)", _UNPACK),
    (rb"PK\x03\x04.*opendocument\.spreadsheet", "an OpenDocument spreadsheet (.ods)", _SAVE_DATA),
    (rb"PK\x03\x04.*(\[Content_Types\]\.xml|xl/)", "an Excel workbook (.xlsx)", _SAVE_DATA),
    (
        rb"PK(\x03\x04|\x05\x06)",
        "a zip file or an Excel workbook (.xlsx)",
        "Unpack the zip file, or save the workbook as CSV UTF-8",
    ),
    (rb"\xd0\xcf\x11\xe0", "an Excel workbook (.xls)", _SAVE_DATA),
    (rb"%PDF-", "a PDF document", _SAVE_DATA),
    (rb"\xff\xfe\0\0|\0\0\xfe\xff", "text in UTF-32", _SAVE_TEXT),
    (rb"\xff\xfe|\xfe\xff|[^\0]\0[^\0]\0|\0[^\0]\0[^\0]", "text in UTF-16", _SAVE_TEXT),
    (rb"(\xef\xbb\xbf)?\s*<", "a web page (HTML) or XML", _SAVE_DATA),
    (rb'(\xef\xbb\xbf)?\s*[\[{]\s*["\[{\]}]', "JSON", _SAVE_DATA),
)


def find_format_fault(start: bytes) -> str | None:
    """Describe what a file is and what to do about it, if its first bytes are those of another format."""
    for pattern, name, next_move in _FORMATS:
        if re.match(pattern, start, re.DOTALL):
            return f"{name}, not plain CSV. {next_move}"
    return None
