"""The link matrix of links.txt, read from what was built: the archives on each program's link line, the symbols
that each library takes from another, and the symbols that stand in each program. A program without symbols
fails: nobody could check it."""
import glob
import os
import re
import subprocess

import source

_LINK = re.compile(r"^build ((?:bin/)?sluis[\w-]*): C_EXECUTABLE_LINKER\S* (.*)$", re.M)
_ARCHIVE = re.compile(r"lib(\w+)\.a$")


class Matrix:
    def __init__(self):
        self.lines, self.symbols = [], {}
        for line in source.config("links.txt"):
            left, right = re.split(r"\s*:\s*", line + " ", maxsplit=1)
            if left.startswith("symbols "):
                self.symbols[left.split()[1]] = [re.compile(p) for p in right.split()]
                continue
            allow, _, deny = right.partition("!")
            self.lines.append((left, allow.split(), deny.split()))

    def permits(self, user, library):
        """None where user has no line."""
        for pattern, allow, deny in self.lines:
            if source.matches(user, [pattern]):
                return source.matches(library, allow) and not source.matches(library, deny)
        return None


def _nm(path):
    """(symbols defined for other files, all defined symbols, undefined symbols)"""
    public, defined, missing = set(), set(), set()
    out = subprocess.run(["nm", path], check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        m = re.match(r"^[0-9a-f]*\s*([A-Za-z]) (\S+)$", line)
        if not m or m[2].startswith(("__", "_GLOBAL", ".")):
            continue
        if m[1] in "Uw":
            missing.add(m[2])
            continue
        defined.add(m[2])
        if m[1].isupper():
            public.add(m[2])
    return public, defined, missing - defined


def _libraries(build):
    found = {}
    for where, dirs, names in os.walk(build):
        dirs[:] = [d for d in dirs if d not in ("CMakeFiles", "Testing", "analyze", "fuzz", "tests")]
        for name in names:
            m = _ARCHIVE.search(name)
            if m:
                found[m[1]] = _nm(os.path.join(where, name))
    return found


def _check_libraries(matrix, libraries):
    for user, (_, _, missing) in sorted(libraries.items()):
        if matrix.permits(user, "") is None:
            yield "%s: no line in tests/lint/links.txt" % user
            continue
        for owner, (public, _, _) in sorted(libraries.items()):
            taken = missing & public
            if owner != user and taken and not matrix.permits(user, owner):
                yield "%s takes %s from %s" % (user, min(taken), owner)


def _check_lines(matrix, build):
    with open(os.path.join(build, "build.ninja"), encoding="utf-8") as f:
        text = f.read().replace("$\n", "")
    for m in _LINK.finditer(text):
        program = os.path.basename(m[1])
        if not os.path.exists(os.path.join(build, m[1])):
            yield "%s: not built" % program
        if matrix.permits(program, "") is None:
            yield "%s: no line in tests/lint/links.txt" % program
            continue
        for library in sorted({a[1] for a in map(_ARCHIVE.search, m[2].split()) if a}):
            if not matrix.permits(program, library):
                yield "%s links %s" % (program, library)


def check_program(matrix, libraries, path):
    """Findings on the symbols of one program."""
    program = os.path.basename(path)
    _, defined, missing = _nm(path)
    if "main" not in defined:
        yield "%s: has no symbols" % program
        return
    for name, (public, _, _) in sorted(libraries.items()):
        others = set().union(*(p for n, (p, _, _) in libraries.items() if n != name))
        inside = (public - others) & defined
        if inside and not matrix.permits(program, name):
            yield "%s contains %s of %s" % (program, min(inside), name)
    for pattern in matrix.symbols.get(program, []):
        for symbol in sorted(s for s in defined | missing if pattern.search(s)):
            yield "%s contains %s" % (program, symbol)


def check(root, build):
    matrix, libraries = Matrix(), _libraries(build)
    if not libraries:
        return ["%s: no library was built" % build]
    findings = list(_check_libraries(matrix, libraries)) + list(_check_lines(matrix, build))
    for path in sorted(glob.glob(os.path.join(build, "bin", "sluis*"))):
        findings += check_program(matrix, libraries, path)
    return findings
