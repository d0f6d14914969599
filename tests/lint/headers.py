"""Every header compiles by itself, so that no file depends on the order of its includes."""
import concurrent.futures
import json
import os
import shlex
import subprocess

import source


def _include_flags(build):
    """The -I and -isystem folders of all targets, in the order of their first use."""
    flags = []
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as f:
        for entry in json.load(f):
            words = shlex.split(entry["command"])
            for i, word in enumerate(words):
                flag = [word, words[i + 1]] if word == "-isystem" else [word] if word.startswith("-I") else []
                if flag and flag not in flags:
                    flags.append(flag)
    return [word for flag in flags for word in flag]


def check(root, build):
    gcc = ["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Werror",
           "-I" + root] + _include_flags(build)

    def compile_one(path):
        # through an including file, so that static functions of a header count as used elsewhere
        done = subprocess.run(gcc + ["-x", "c", "-"], input='#include "%s"\n' % path, capture_output=True, text=True,
                              cwd=root)
        return [] if done.returncode == 0 else ["%s does not compile by itself: %s"
                                                % (path, (done.stderr.strip().splitlines() or [""])[0])]

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [f for found in pool.map(compile_one, source.files(root, (".h",))) for f in found]
