"""Nothing is left for later in the code: no reminders, no code in comments, no code switched off."""
import re

import source

_REMINDER = re.compile(r"\b(TODO|FIXME|XXX|HACK|WIP)\b")
_OFF = re.compile(r"^\s*#\s*if\s+(0|1|false|true)\s*$", re.M)
_STATEMENT = re.compile(
    r"^\s*\*?\s*("
    r"return\b[^.]*;"
    r"|(if|for|while|switch) \(.*\)\s*\{?"
    r"|(\w+(->|\.))*\w+\([^)]*\);"
    r"|(const |static |struct |enum )*[\w*]+( \*?\w+)?(\[\w*\]|->\w+|\.\w+)* [-+|&]?= .*;"
    r"|#\s*(include|define)\b.*"
    r"|\}( else.*)?"
    r")\s*$")
_TEXT = (".c", ".h", ".py", ".cmake", ".txt", ".proto", ".yaml", ".service", ".md")


def _in_comments(path, text):
    for first, comment in source.comments(text):
        body = comment[2:-2] if comment.startswith("/*") else comment[2:]
        for i, line in enumerate(body.split("\n")):
            if _STATEMENT.match(line):
                yield "%s:%d: code in a comment: %s" % (path, first + i, line.strip())


def check(root):
    findings = []
    for path in source.files(root, _TEXT):
        if path.startswith("tests/lint/"):
            continue
        text = source.read(root, path)
        for m in _REMINDER.finditer(text):
            findings.append("%s:%d: %s belongs in an issue" % (path, source.line_of(text, m.start()), m[0]))
        if not path.endswith(source.CODE):
            continue
        for m in _OFF.finditer(text):
            findings.append("%s:%d: code switched off" % (path, source.line_of(text, m.start())))
        findings += _in_comments(path, text)
    return findings
