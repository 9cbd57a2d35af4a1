"""Draw a board as HTML: plain elements that make sense without any style, and a style for both themes.

Each board contains its style, so that it looks the same wherever its output is shown: in JupyterLab, in
VS Code, on a static page. Where styles are stripped, as on code hosts, titles, lists and tables remain.
"""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from importlib.resources import files

from lesson_lib.classroom.display.board import Block, Board, Box, Facts, Fold, Graph, Line, Picture, Table
from lesson_lib.classroom.display.safe_text import Bounded, escape_invisible, make_plain, shorten

_MAX_FOLD_LENGTH = 20_000  # characters, also of a picture's description
_STYLE = "".join(
    line.strip() for line in (files(__package__) / "board.css").read_text(encoding="utf-8").splitlines()
)


def render_html(board: Board) -> str:
    """Return the board as one `section`, named by its title; every text in it is escaped."""
    title = f"<p><strong>{_render_marked(Line(board.title, board.mark))}</strong></p>"
    name = escape(make_plain(board.title), quote=True)
    blocks = "".join(map(_render_block, board.blocks))
    return (
        f'<section class="lesson-board" aria-label="{name}"><style>{_STYLE}</style>{title}{blocks}</section>'
    )


def _render_block(block: Block) -> str:
    match block:
        case Line():
            return f"<p>{_render_marked(block)}</p>" if block.text else ""
        case Facts():
            return _render_facts(block.pairs)
        case Table():
            return _render_table(block)
        case Graph():
            names = ["", *(box.name for box in block.boxes)]
            boxes = "".join(map(_render_box, block.boxes, names))
            return f"<ol>{boxes}</ol>" if boxes else ""
        case Fold():
            return _render_fold(block)
        case Picture():
            return _render_picture(block)


def _render_text(text: str) -> str:
    # `bdi`: a name in a right-to-left script must not reorder the words around it.
    return f"<bdi>{escape(make_plain(text))}</bdi>"


def _render_marked(line: Line) -> str:
    # The words always say the same as the sign, so a screen reader can skip it.
    mark = line.mark
    sign = f'<span class="lesson-{mark.name.lower()}" aria-hidden="true">{mark.value}</span> ' if mark else ""
    return sign + _render_text(line.text)


def _render_facts(pairs: Sequence[tuple[str, str]]) -> str:
    items = (
        f'<li><span class="lesson-quiet">{_render_text(name)}:</span> {_render_text(value)}</li>'
        for name, value in pairs
    )
    # Not a `dl`: where the style is stripped, JupyterLab's own lays its names over its values.
    return f"<ul>{''.join(items)}</ul>" if pairs else ""


def _render_table(table: Table) -> str:
    caption = f"<caption>{_render_text(table.caption)}</caption>" if table.caption else ""
    head = "".join(f'<th scope="col">{_render_text(name)}</th>' for name in table.columns)
    body = ""
    for row in table.rows:
        first, *others = map(_render_marked, row)
        body += f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in others)}</tr>'
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if body else ""


def _render_box(box: Box, before: str) -> str:
    names = Bounded(", ".join(map(make_plain, box.after)))
    after = f'<p class="lesson-quiet">after {_render_text(names)}</p>' if names else ""
    lines = "".join(map(_render_block, box.lines))
    name = f"<p><strong>{_render_text(box.name)}</strong></p>"
    # An arrow leads here from the box before, if this one really needs it.
    follows = ' class="lesson-next"' if before in box.after else ""
    return f"<li{follows}>{name}{_render_block(box.outcome)}{after}{_render_facts(box.facts)}{lines}</li>"


def _render_fold(fold: Fold) -> str:
    lines = map(escape_invisible, fold.text.expandtabs().split("\n"))
    text = escape(shorten("\n".join(lines), _MAX_FOLD_LENGTH))
    # A text that is open from the start is meant to be read as a whole; others scroll.
    state = ' class="lesson-whole" open' if fold.is_open else ' class="lesson-fold"'
    return f"<details{state}><summary>{_render_text(fold.summary)}</summary><pre>{text}</pre></details>"


def _render_picture(picture: Picture) -> str:
    source = f"data:image/png;base64,{b64encode(picture.png).decode()}"
    description = escape(make_plain(picture.description, _MAX_FOLD_LENGTH), quote=True)
    # Not in board.css, which is in every output of every notebook.
    style = "display: block; max-width: 100%; height: auto; margin: 0.5em 0; border-radius: 6px"
    return f'<img src="{source}" alt="{description}" width="{picture.width}" style="{style}">'
