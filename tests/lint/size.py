"""Files stay under 600 lines, functions at most 80 lines and 5 parameters; exceptions stand in size.txt."""
import statistics
import sys

import source

MAX_FILE = 600
MAX_FUNCTION = 80
MAX_PARAMETERS = 5


def _parameters(text):
    text = text.strip()
    if text in ("", "void"):
        return 0
    depth, count = 0, 1
    for c in text:
        depth += (c in "([") - (c in ")]")
        count += c == "," and depth == 0
    return count


def check(root):
    allowed, findings, lengths = source.allowances("size.txt"), [], []
    for path in source.files(root, source.CODE):
        text = source.read(root, path)
        lines = text.count("\n")
        if lines > MAX_FILE:
            findings.append("%s: %d lines, at most %d: split it by noun" % (path, lines, MAX_FILE))
        for name, parameters, first, length in source.functions(text):
            where, limit = "%s:%d: %s" % (path, first, name), allowed.get((path, name), 0)
            lengths.append(length)
            if length > max(MAX_FUNCTION, limit):
                findings.append("%s has %d lines, at most %d" % (where, length, MAX_FUNCTION))
            if not path.startswith("tests/") and _parameters(parameters) > max(MAX_PARAMETERS, limit):
                findings.append("%s has %d parameters, at most %d: use a struct"
                                % (where, _parameters(parameters), MAX_PARAMETERS))
    if lengths:
        over = sum(1 for n in lengths if n >= 50)
        median = statistics.median(lengths)
        note = "%d functions, median %d lines, %d of 50 or more" % (len(lengths), median, over)
        if median > 20 or over * 10 > len(lengths):
            note = "warning: " + note
        print(note, file=sys.stderr)
    return findings
