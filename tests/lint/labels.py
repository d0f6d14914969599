"""Labels that separate the uses of a key stand in one table; no other file spells one."""
import re

import source

_TABLE = ("proto/base/label.c", "proto/base/label.h", "pki/label.c", "pki/label.h")
_LABEL = re.compile(r'"sluis/(?:[a-z0-9-]+/)+[a-z0-9-]*"')


def check(root):
    findings = []
    for path in source.product(root):
        if path in _TABLE:
            continue
        text = source.without_comments(source.read(root, path))
        for m in _LABEL.finditer(text):
            findings.append("%s:%d: %s belongs in the table of labels" % (path, source.line_of(text, m.start()), m[0]))
    return findings
