"""A board as HTML: plain elements that make sense without any style, and a style for both themes.

Each board brings its style along, so that it looks the same wherever its output is shown: in JupyterLab, in
VS Code, on a static page. Where styles are stripped, as on code hosts, titles, lists and tables remain.
"""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from importlib.resources import files

from lesson_lib.classroom.display.board import (
    Block,
    Board,
    Box,
    Facts,
    Fold,
    Graph,
    Line,
    Mark,
    Picture,
    Table,
)
from lesson_lib.classroom.display.safe_text import Bounded, plain, shortened, visible

_LONGEST_FOLD = 20_000  # characters, also of what a picture says
_STYLE = "".join(
    line.strip() for line in (files(__package__) / "board.css").read_text(encoding="utf-8").splitlines()
)


def as_html(board: Board) -> str:
    """Return the board as one `section`, named by its title; every text in it is escaped."""
    title = f"<p><strong>{_marked(Line(board.title, board.mark))}</strong></p>"
    name = escape(plain(board.title), quote=True)
    blocks = "".join(map(_block, board.blocks))
    return (
        f'<section class="lesson-board" aria-label="{name}"><style>{_STYLE}</style>{title}{blocks}</section>'
    )


def _block(block: Block) -> str:
    match block:
        case Line():
            return _line(block)
        case Facts():
            return _facts(block.of)
        case Table():
            return _table(block)
        case Graph():
            names = ["", *(box.name for box in block.boxes)]
            return f"<ol>{''.join(map(_box, block.boxes, names))}</ol>"
        case Fold():
            text = escape(
                shortened("\n".join(map(visible, block.text.expandtabs().split("\n"))), _LONGEST_FOLD)
            )
            summary = f"<summary>{_text(block.summary)}</summary>"
            # What is open from the start is to be read whole; the rest scrolls.
            state = ' class="lesson-whole" open' if block.is_open else ' class="lesson-fold"'
            return f"<details{state}>{summary}<pre>{text}</pre></details>"
        case Picture():
            return _picture(block)


def _text(text: str) -> str:
    # `bdi`: a name in a right-to-left script must not turn the words around it.
    return f"<bdi>{escape(plain(text))}</bdi>"


def _line(line: Line) -> str:
    return f"<p>{_marked(line)}</p>"


def _marked(line: Line) -> str:
    return _sign(line.mark) + _text(line.text)


def _sign(mark: Mark | None) -> str:
    # Words always say the same, so a screen reader need not spell the sign out.
    return f'<span class="lesson-{mark.name.lower()}" aria-hidden="true">{mark.value}</span> ' if mark else ""


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    if not facts:
        return ""
    pairs = (f'<span class="lesson-quiet">{_text(name)}:</span> {_text(value)}' for name, value in facts)
    # Not a `dl`: where the style is stripped, JupyterLab's own lays its names over its values.
    return f"<ul>{''.join(f'<li>{pair}</li>' for pair in pairs)}</ul>"


def _box(box: Box, before: str) -> str:
    after = (
        f'<p class="lesson-quiet">after {_text(Bounded(", ".join(map(plain, box.after))))}</p>'
        if box.after
        else ""
    )
    lines = "".join(_line(line) for line in box.lines)
    name = f"<p><strong>{_text(box.name)}</strong></p>"
    # An arrow leads here from the box before, where this one really needs it.
    follows = ' class="lesson-next"' if before in box.after else ""
    return f"<li{follows}>{name}{_line(box.outcome)}{after}{_facts(box.facts)}{lines}</li>"


def _picture(picture: Picture) -> str:
    source = f"data:image/png;base64,{b64encode(picture.png).decode()}"
    told = escape(plain(picture.told, _LONGEST_FOLD), quote=True)
    # Not in board.css, which is in every output of every notebook.
    style = "display: block; max-width: 100%; height: auto; margin: 0.5em 0; border-radius: 6px"
    return f'<img src="{source}" alt="{told}" width="{picture.width}" style="{style}">'


def _table(table: Table) -> str:
    caption = f"<caption>{_text(table.caption)}</caption>" if table.caption else ""
    head = "".join(f'<th scope="col">{_text(name)}</th>' for name in table.columns)
    body = "".join(f"<tr>{_cells(row)}</tr>" for row in table.rows)
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(row: Sequence[Line]) -> str:
    first, *others = row
    return f'<th scope="row">{_marked(first)}</th>' + "".join(f"<td>{_marked(cell)}</td>" for cell in others)
