"""Functions that invite mistakes are not called; each right use is counted in banned.txt."""
import re

import source

_BANNED = {
    "strcpy": "bound it: memcpy, buf_put_str or snprintf",
    "strcat": "use struct buf",
    "strncpy": "does not terminate: use memcpy or snprintf",
    "strncat": "use struct buf",
    "stpcpy": "use struct buf",
    "sprintf": "use snprintf or buf_printf",
    "vsprintf": "use vsnprintf",
    "strtok": "use struct cursor",
    "strtok_r": "use struct cursor",
    "atoi": "use text_get_u64",
    "atol": "use text_get_u64",
    "atoll": "use text_get_u64",
    "atof": "no floating point from outside",
    "gets": "never",
    "scanf": "use struct cursor",
    "sscanf": "use struct cursor",
    "fscanf": "use struct cursor",
    "alloca": "use struct arena",
    "strdupa": "use struct arena",
    "system": "starts a shell",
    "popen": "starts a shell",
    "rand": "use pki/random",
    "srand": "use pki/random",
    "random": "use pki/random",
    "drand48": "use pki/random",
    "mktemp": "use mkstemp",
    "tmpnam": "use mkstemp",
    "tempnam": "use mkstemp",
    "signal": "use signalfd or sigaction",
    "longjmp": "no jumps between functions",
    "setjmp": "no jumps between functions",
    "gmtime": "use proto/base/when",
    "localtime": "use proto/base/when",
    "ctime": "use proto/base/when",
    "asctime": "use proto/base/when",
    "strerror": "not thread-safe: use strerror_r or %m",
    "getenv": "configuration comes from files",
    "setenv": "configuration comes from files",
    "time": "time is an argument; the clock is in proto/host/clock",
    "gettimeofday": "time is an argument; the clock is in proto/host/clock",
    "clock_gettime": "time is an argument; the clock is in proto/host/clock",
    "HMAC": "one-shot HMAC is slow: use pki/mac",
}
_IN_PKI = {"memcmp": "secrets are compared by pki/secret; a right use is counted in banned.txt"}
_FREE = {("proto/host/clock.c", "clock_gettime")}
_CALL = re.compile(r"(?<![\w.>])(\w+)\s*\(")


def _banned_for(path):
    if path.startswith("pki/") and not path.startswith("pki/cli/"):
        return {**_BANNED, **_IN_PKI}
    return _BANNED


def check(root):
    allowed, seen, findings = source.allowances("banned.txt"), {}, []
    for path in source.product(root):
        banned = _banned_for(path)
        text = source.code(source.read(root, path))
        for m in _CALL.finditer(text):
            if m[1] not in banned or (path, m[1]) in _FREE:
                continue
            key = (path, m[1])
            seen[key] = seen.get(key, 0) + 1
            if key not in allowed:
                findings.append("%s:%d: %s is banned: %s"
                                % (path, source.line_of(text, m.start()), m[1], banned[m[1]]))
    for (path, name), count in sorted(allowed.items()):
        if seen.get((path, name), 0) != count:
            findings.append("%s: banned.txt counts %d uses of %s, there are %d"
                            % (path, count, name, seen.get((path, name), 0)))
    return findings
