"""No function of the product calls itself, directly or through others: the depth of the stack never follows
bytes from outside. Calls are read from the text; a call through a pointer is not seen."""
import re

import source

_CALL = re.compile(r"(?<![\w.>])([A-Za-z_]\w*)\s*\(")  # not through a member: that is a pointer


def _bodies(text):
    """(name, is_static, first line, body) of each function."""
    lines = source.code(text).split("\n")
    for name, _, first, length in source.functions(text):
        span = lines[first - 1:first - 1 + length]
        head = "\n".join(span).split("{", 1)
        before = "\n".join(lines[max(0, first - 3):first - 1])
        static = re.search(r"\bstatic\b", before.rsplit("}", 1)[-1].rsplit(";", 1)[-1] + head[0])
        yield name, static is not None, first, head[1] if len(head) > 1 else ""


def _graph(root):
    """{node: called nodes}; a node is (path of a static function, or '', name)."""
    found, public = [], {}
    for path in source.product(root):
        for name, static, first, body in _bodies(source.read(root, path)):
            node = (path if static else "", name)
            found.append((path, node, first, body))
            public.setdefault(name, node) if not static else None
    local = {(path, node[1]): node for path, node, _, _ in found}
    graph, where = {}, {}
    for path, node, first, body in found:
        names = set(_CALL.findall(body))
        graph[node] = {local.get((path, n)) or public.get(n) for n in names} - {None}
        where[node] = "%s:%d" % (path, first)
    return graph, where


def _reaches_itself(graph, start):
    seen, todo = set(), list(graph[start])
    while todo:
        node = todo.pop()
        if node == start:
            return True
        if node not in seen:
            seen.add(node)
            todo.extend(graph.get(node, ()))
    return False


def check(root):
    graph, where = _graph(root)
    return ["%s: %s calls itself, directly or through others: use a loop and a bounded stack"
            % (where[node], node[1]) for node in sorted(graph) if _reaches_itself(graph, node)]
