"""Documents that code and other documents name exist; one in two languages (X.md, X.nl.md) gives the same commands in both."""
import os
import re

import source

_NAMED = re.compile(r"\bdocs/[\w./-]+\.(?:md|yaml)\b")
_LINK = re.compile(r"\]\(([\w./-]+)(?:#[\w-]+)?\)")


def _targets(path, text):
    """(offset, path from the top of the tree) of every document that text names."""
    for m in _NAMED.finditer(text):
        yield m.start(), m[0]
    if path.endswith(".md"):
        for m in _LINK.finditer(text):
            yield m.start(), os.path.normpath(os.path.join(os.path.dirname(path), m[1]))


def _commands(root, path):
    """The indented lines: what a reader is to type."""
    return [line.strip() for line in source.read(root, path).splitlines() if line.startswith("    ")]


def _differences(root, path):
    """Where the Dutch form of a document gives another command than the English one."""
    other = path.replace(".nl.md", ".md")
    if not os.path.exists(os.path.join(root, other)):
        yield "%s: there is no %s" % (path, other)
        return
    dutch, english = _commands(root, path), _commands(root, other)
    for i in range(max(len(dutch), len(english))):
        here, there = (x[i] if i < len(x) else "nothing" for x in (dutch, english))
        if here != there:
            yield "%s: has the command \"%s\" where %s has \"%s\"" % (path, here, other, there)
            return


def check(root):
    findings = set()
    paths = [p for p in source.files(root, (".c", ".h", ".md", ".proto")) if not p.startswith("tests/lint/")]
    for path in paths + ["README.md"]:
        text = source.read(root, path)
        for offset, target in _targets(path, text):
            if not os.path.exists(os.path.join(root, target)):
                findings.add("%s:%d: names %s, which is not there" % (path, source.line_of(text, offset), target))
    for path in paths:
        if path.endswith(".nl.md"):
            findings.update(_differences(root, path))
    return sorted(findings)
