"""The tree is where one looks for it: top level, mirrored unit tests, registered tests, fuzz corpora."""
import os
import re

import source

_TOP = {"broker", "agent", "proto", "pki", "tests", "docs", "CMakeLists.txt", "CMakePresets.json", "README.md",
        "LICENSE"}
_MIRRORED = {"cli": "pki/cli", "agent_cli": "agent/cli"}
_FUZZ = re.compile(r"^\s*sluis_fuzz\(\s*(\w+)\s+SOURCE\s+(\S+)", re.M)
_SEEDS = 3


def _top(root):
    for name in sorted(os.listdir(root)):
        if name not in _TOP and not name.startswith((".", "build")):
            yield "%s: not part of the top level" % name


def _unit(root):
    base = os.path.join(root, "tests/unit")
    for name in sorted(os.listdir(base)):
        folder = os.path.join(base, name)
        if not os.path.isdir(folder):
            continue
        layers = (_MIRRORED.get(name, name), "proto/" + name, "pki/" + name)
        if not any(os.path.isdir(os.path.join(root, layer)) for layer in layers):
            yield "tests/unit/%s: mirrors no layer" % name


def _registered(root):
    lists = {}
    for path in source.files(root, ("CMakeLists.txt",), ["tests"]):
        lists[os.path.dirname(path)] = source.read(root, path)
    for path in source.files(root, (".c",), ["tests"]):
        folder, name = os.path.split(path)
        if name.startswith(("test_", "fuzz_")) and not re.search(r"\b%s\b" % re.escape(name), lists.get(folder, "")):
            yield "%s: not registered in %s/CMakeLists.txt" % (path, folder)


def _corpora(root):
    for name, _ in _FUZZ.findall(source.read(root, "tests/fuzz/CMakeLists.txt")):
        folder = os.path.join(root, "tests/fuzz/corpus", name)
        seeds = [s for s in os.listdir(folder) if not s.startswith(".")] if os.path.isdir(folder) else []
        if len(seeds) < _SEEDS:
            yield "tests/fuzz/corpus/%s: %d seeds, at least %d" % (name, len(seeds), _SEEDS)


def _guards(root):
    for path in source.files(root, (".h",)):
        text = source.code(source.read(root, path))
        m = re.search(r"^#ifndef (SLUIS_\w+_H)\n#define (SLUIS_\w+_H)$", text, re.M)
        if m is None or m[1] != m[2]:
            yield "%s: no include guard SLUIS_…_H" % path


def check(root):
    return [f for part in (_top, _unit, _registered, _corpora, _guards) for f in part(root)]
