"""Every #include is allowed by includes.txt: arrows between folders only point down, and each third-party
library has one user."""
import os
import re

import source

_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


class Rules:
    def __init__(self):
        groups, self.allow, self.deny = {}, {}, {}
        for line in source.config("includes.txt"):
            left, right = re.split(r"\s[=:]\s", line + " ", maxsplit=1)
            verb, subject = left.split()
            words = right.split()
            if verb == "group":
                groups[subject] = words
            else:
                words = [w for word in words for w in groups.get(word, [word])]
                getattr(self, verb).setdefault(subject, []).extend(words)

    @staticmethod
    def _of(table, path):
        """Entries of the nearest folder, and of the file itself."""
        folder, entries = os.path.dirname(path), []
        while folder and folder not in table:
            folder = os.path.dirname(folder)
        if folder:
            entries += table[folder]
        for pattern, more in table.items():
            if pattern != folder and source.matches(path, [pattern]):
                entries += more
        return folder, entries

    def known(self, path):
        return bool(self._of(self.allow, path)[0])

    def permits(self, path, system, header):
        owner, allowed = self._of(self.allow, path)
        if system:
            return source.matches("<%s>" % header, allowed)
        _, denied = self._of(self.deny, path)
        if source.matches(header, denied):
            return False
        folder = os.path.dirname(header)
        if source.matches(header, allowed) or self._inside(folder, owner):
            return True
        return any(self._of(self.allow, header)[0] == a for a in allowed if not a.startswith("<"))

    def _inside(self, folder, owner):
        return folder == owner or folder.startswith(owner + "/") and self._of(self.allow, folder + "/x")[0] == owner


def check(root):
    rules, findings = Rules(), []
    for path in source.product(root):
        if not rules.known(path):
            findings.append("%s: no entry for its folder in tests/lint/includes.txt" % path)
            continue
        text = source.without_comments(source.read(root, path))
        for m in _INCLUDE.finditer(text):
            system, header = m[1] == "<", m[2]
            where = "%s:%d" % (path, source.line_of(text, m.start(1)))
            if not rules.permits(path, system, header):
                findings.append("%s: may not include %s" % (where, header))
            elif not system and "/" not in header:
                findings.append("%s: write %s from the top of the tree" % (where, header))
            elif header.endswith(".pb-c.h") and not path.startswith("proto/msg/"):
                findings.append("%s: generated messages stay in proto/msg" % where)
    return findings
