"""An HTML mail as plain text: lines where blocks end, `> ` before what is quoted, nothing of scripts and styles."""

from html.parser import HTMLParser

LONGEST_HTML = 500_000
BLOCKS = frozenset(
    {"p", "div", "br", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "blockquote",
     "section", "article", "header", "footer", "pre", "dl", "dt", "dd"}
)  # fmt: skip
HIDDEN = frozenset({"script", "style", "head", "title", "template", "noscript"})


def text_of_html(html: str) -> str:
    """What a reader sees of an HTML mail."""
    reader = _Reader()
    reader.feed(html[:LONGEST_HTML])
    reader.close()
    reader.end_line()
    lines: list[str] = []
    for line in reader.lines:
        if line.strip("> ") or (lines and lines[-1].strip("> ")):
            lines.append(line)
    return "\n".join(lines)


class _Reader(HTMLParser):
    """Collects lines; `depth` counts the quotes around."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.line: list[str] = []
        self.depth = 0
        self.hidden = 0
        self.preformatted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "body":
            self.hidden = 0  # A head that is never closed must not hide the whole mail.
        if tag in HIDDEN:
            self.hidden += 1
        if tag in BLOCKS and (self.line or tag in ("br", "p")):
            self.end_line()
        if tag == "blockquote":
            self.depth = min(self.depth + 1, 20)
        if tag == "pre":
            self.preformatted += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDDEN:
            self.hidden = max(self.hidden - 1, 0)
        if tag in BLOCKS and self.line:
            self.end_line()
        if tag == "blockquote":
            self.depth = max(self.depth - 1, 0)
        if tag == "pre":
            self.preformatted = max(self.preformatted - 1, 0)

    def handle_data(self, data: str) -> None:
        if self.hidden:
            return
        if self.preformatted:
            first, *others = data.split("\n")
            self.line.append(first)
            for line in others:
                self.end_line()
                self.line.append(line)
        else:
            words = " ".join(data.split())
            if words:
                before = " " if data[0].isspace() and self.line else ""
                after = " " if data[-1].isspace() else ""
                self.line.append(f"{before}{words}{after}")
            elif self.line:
                self.line.append(" ")

    def end_line(self) -> None:
        text = "".join(self.line)
        mark = ">" * self.depth + " " if self.depth else ""
        self.lines.append(mark + (text if self.preformatted else " ".join(text.split())))
        self.line = []
