"""The words of the project: what looks unnamed is pseudonymous, and consent is the holder's."""
import os
import re

import source

_WRONG = [
    (re.compile(r"anonym|anoniem|geanonimiseerd", re.I), "write pseudonymous (or say what is removed)"),
    (re.compile(r"(permission|consent) (of|by|from) the (data )?subject", re.I), "consent is the holder's"),
    (re.compile(r"(data )?subject'?s'? (permission|consent)", re.I), "consent is the holder's"),
    (re.compile(r"toestemming van (de )?betrokkene", re.I), "instemming is die van de bronhouder"),
]
_BINARY = (".der", ".p7s", ".pem", ".bin", ".mdb", ".png")


def check(root):
    findings = []
    paths = source.files(root) + [p for p in ("README.md", "CMakeLists.txt") if os.path.exists(os.path.join(root, p))]
    for path in paths:
        if path.startswith(("tests/lint/", "tests/fuzz/corpus/", "tests/vectors/")) or path.endswith(_BINARY):
            continue
        text = source.read(root, path)
        for pattern, advice in _WRONG:
            for m in pattern.finditer(text):
                findings.append("%s:%d: '%s': %s" % (path, source.line_of(text, m.start()), m[0], advice))
    return findings
