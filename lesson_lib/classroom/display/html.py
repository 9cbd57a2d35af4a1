"""Draw a board as HTML: plain elements that make sense without any style, and a style for both themes.

Each board contains its style, so that it looks the same wherever its output is shown: in JupyterLab, in
VS Code, on a static page. Where styles are stripped, as on code hosts, titles, lists and tables remain.
"""

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
    Loop,
    Picture,
    Strip,
    Table,
)
from lesson_lib.classroom.display.safe_text import escape_invisible, make_plain, shorten
from lesson_lib.classroom.display.svg import draw_lineage, draw_loop, draw_strip

_MAX_FOLD_LENGTH = 20_000  # characters
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
            rendered = f"<p>{_render_marked(block)}</p>" if block.text else ""
        case Facts():
            rendered = _render_facts(block.pairs)
        case Table():
            rendered = _render_table(block)
        case Graph():
            rendered = _render_graph(block)
        case Loop():
            rendered = draw_loop(block) if block.boxes else ""
        case Strip():
            rendered = _render_strip(block)
        case Fold():
            rendered = _render_fold(block)
        case Picture():
            rendered = block.svg
    return rendered


def _render_text(text: str) -> str:
    # `bdi`: a name in a right-to-left script must not reorder the words around it.
    return f"<bdi>{escape(make_plain(text))}</bdi>"


def _render_marked(line: Line) -> str:
    # The words always say the same as the sign, so a screen reader can skip it.
    mark = line.mark
    sign = f'<span class="lesson-{mark.name.lower()}" aria-hidden="true">{mark.value}</span> ' if mark else ""
    text = _render_text(line.text)
    return sign + (f'<a href="{escape(line.link, quote=True)}">{text}</a>' if line.link else text)


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


def _render_graph(graph: Graph) -> str:
    """Draw the lineage, and below it what is known of each asset."""
    if not graph.boxes:
        return ""
    details = "".join(map(_render_details, graph.boxes))
    return draw_lineage(graph.boxes) + (f"<ol>{details}</ol>" if details else "")


def _render_details(box: Box) -> str:
    details = _render_facts(box.facts) + "".join(map(_render_block, box.lines))
    return f"<li><p><strong>{_render_text(box.name)}</strong></p>{details}</li>" if details else ""


def _render_strip(strip: Strip) -> str:
    states = strip.count_states()
    if sum(state.count for state in states) <= 1:
        return ""
    counts = (_render_marked(Line(f"{state.label} {state.count:,}", state.mark)) for state in states)
    legend = f"<p>{' · '.join(counts)}</p>"
    name = make_plain(", ".join(f"{state.label} {state.count:,}" for state in states))
    caption = f'<p class="lesson-quiet">{_render_text(strip.caption)}</p>' if strip.caption else ""
    return f"{caption}{draw_strip(name, strip)}{legend}"


def _render_fold(fold: Fold) -> str:
    lines = map(escape_invisible, fold.text.expandtabs().split("\n"))
    text = escape(shorten("\n".join(lines), _MAX_FOLD_LENGTH))
    # A text that is open from the start is meant to be read as a whole; others scroll.
    state = ' class="lesson-whole" open' if fold.is_open else ' class="lesson-fold"'
    return f"<details{state}><summary>{_render_text(fold.summary)}</summary><pre>{text}</pre></details>"
