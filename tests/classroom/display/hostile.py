"""Names that try to be more than names, and what they made of a page."""

from html.parser import HTMLParser

HOSTILE_NAMES = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "</section></details><b>out",
    "&lt;b&gt;",
    'o\'hare "quoted" `ticks`',
    "long " * 1000,
    "\u05e9\u05dc\u05d5\u05dd \u202e gpj.exe",
    "two\nlines\r\n",
    "null\x00 and \x1b[31mred\x1b[0m",
]

_ELEMENTS = {
    *("section", "style", "p", "span", "bdi", "strong", "details", "summary", "pre", "code"),
    *("ol", "ul", "li", "dl", "dt", "dd", "table", "caption", "thead", "tbody", "tr", "th", "td"),
    *("svg", "g", "rect", "path", "text", "tspan"),
}
_ATTRIBUTES = {
    *("class", "aria-label", "aria-hidden", "scope", "lang", "open", "role"),
    *("viewbox", "width", "height", "x", "y", "rx", "d", "text-anchor", "transform"),
    *("fill", "stroke", "stroke-width", "stroke-dasharray"),
}


def find_injected(html: str) -> list[str]:
    """Return the elements and attributes in a board's HTML that no board writes, and tags left open."""
    parser = _Elements()
    parser.feed(html)
    parser.close()
    return [*parser.strange, *(f"<{tag}> is not closed" for tag in parser.open)]


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.strange: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        if tag not in _ELEMENTS:
            self.strange.append(f"<{tag}>")
        self.strange += [f"{tag} {name}={value!r}" for name, value in attrs if name not in _ATTRIBUTES]

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.strange.append(f"</{tag}> closes nothing")
