"""Documents that code and other documents name exist."""
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


def check(root):
    findings = set()
    paths = [p for p in source.files(root, (".c", ".h", ".md", ".proto")) if not p.startswith("tests/lint/")]
    for path in paths + ["README.md"]:
        text = source.read(root, path)
        for offset, target in _targets(path, text):
            if not os.path.exists(os.path.join(root, target)):
                findings.add("%s:%d: names %s, which is not there" % (path, source.line_of(text, offset), target))
    return sorted(findings)
