"""Identifiers, inner values, tokens and salts have no text form: no function makes one, and none is an
argument of a function that prints."""
import re

import source

_VALUE = r"(?:raw_|norm_)?(?:ident|identifier|inner|token|bsn)s?"
_NAME = re.compile(r"\b(?:%s_(?:to_)?(?:text|string|str|print|printf|format|hex|base64|dump|log|json)"
                   r"|(?:print|format|dump|log|hex|show)_%s)\s*\(" % (_VALUE, _VALUE))
_PRINTS = re.compile(r"\b(printf|fprintf|dprintf|snprintf|vsnprintf|asprintf|puts|fputs|syslog|buf_printf|"
                     r"text_put_hex|text_put_base64|errmsg_set|errmsg_wrap|log_\w+|json_pack|json_string\w*)\s*\(")
_WATCHED = re.compile(r"\b(?:inner|token|norm|salt_?\w?|raw_ident|norm_ident)(?:s?\[[^]]*\])?(?:\.|->)(?:b|s|text|value)\b"
                      r"|\b(?:inner|token|norm_ident)_(?:bytes|text)\b|(?:->|\.)(?:inner|token)\b")


def check(root):
    allowed, seen, findings = source.allowances("disclosure.txt"), {}, []
    for path in source.product(root):
        text = source.code(source.read(root, path))
        for m in _NAME.finditer(text):
            findings.append("%s:%d: %s would give a secret value a text form"
                            % (path, source.line_of(text, m.start()), m[0].rstrip("( ")))
        for m in _PRINTS.finditer(text):
            if not _WATCHED.search(source.arguments(text, m.end() - 1)):
                continue
            key = (path, m[1])
            seen[key] = seen.get(key, 0) + 1
            if key not in allowed:
                findings.append("%s:%d: %s of an inner value, token, identifier or salt"
                                % (path, source.line_of(text, m.start()), m[1]))
    for (path, name), count in sorted(allowed.items()):
        if seen.get((path, name), 0) != count:
            findings.append("%s: disclosure.txt counts %d uses of %s, there are %d"
                            % (path, count, name, seen.get((path, name), 0)))
    return findings
