"""What the lints share: the files of the tree, C text without comments or strings, functions, calls."""
import fnmatch
import os
import re

TOP = ("broker", "agent", "proto", "pki", "tests", "docs")
CODE = (".c", ".h")


def files(root, suffixes=None, folders=TOP):
    """Paths relative to root, sorted; build and hidden folders are left out."""
    found = []
    for top in folders:
        for where, dirs, names in os.walk(os.path.join(root, top)):
            dirs[:] = sorted(d for d in dirs if not d.startswith((".", "build", "__pycache__")))
            for name in names:
                if suffixes is None or name.endswith(suffixes):
                    found.append(os.path.relpath(os.path.join(where, name), root))
    return sorted(found)


def product(root, suffixes=CODE):
    """The files that are shipped: all but tests/ and docs/."""
    return files(root, suffixes, [t for t in TOP if t not in ("tests", "docs")])


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def config(name, here=os.path.dirname(os.path.abspath(__file__))):
    """Lines of an allow-list beside the lints, without comments and blank lines."""
    with open(os.path.join(here, name), encoding="utf-8") as f:
        lines = (line.split("#", 1)[0].strip() for line in f)
        return [line for line in lines if line]


def allowances(name):
    """{(path, what): count} from lines of the form 'path what count'."""
    return {(path, what): int(count) for path, what, count in map(str.split, config(name))}


_PIECE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def without_comments(text):
    return _PIECE.sub(lambda m: _blank(m[0]) if m[0][0] == "/" else m[0], text)


def code(text):
    """text with comments blanked and strings emptied; every line keeps its number."""

    def keep(m):
        if m[0][0] == "/":
            return _blank(m[0])
        return m[0][0] + " " * (len(m[0]) - 2) + m[0][0]

    return _PIECE.sub(keep, text)


def comments(text):
    """(line number, comment) for every comment."""
    for m in _PIECE.finditer(text):
        if m[0][0] == "/":
            yield text.count("\n", 0, m.start()) + 1, m[0]


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


_FUNCTION = re.compile(r"^(?!typedef|struct \w+ \{|enum|union|static const|#)(\w[^;{}=#]*?\b(\w+)\(([^;{}]*)\))\s*\n\{\n",
                       re.M)


def functions(text):
    """(name, parameters, first line, number of lines) of every function definition in C text whose
    braces stand in the first column, as .clang-format has it."""
    text = code(text)
    for m in _FUNCTION.finditer(text):
        end = text.find("\n}", m.end() - 1)
        if end < 0:
            continue
        first = line_of(text, m.start())
        yield m[2], m[3], first, line_of(text, end + 1) - first + 1


def arguments(text, open_paren):
    """The text between the parenthesis at open_paren and its partner."""
    depth = 0
    for i in range(open_paren, len(text)):
        if text[i] == "(":
            depth += 1
        elif text[i] == ")":
            depth -= 1
            if depth == 0:
                return text[open_paren + 1:i]
    return text[open_paren + 1:]


def matches(path, patterns):
    return any(fnmatch.fnmatchcase(path, p) for p in patterns)
