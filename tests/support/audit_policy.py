"""What the people of a deployment write into its audit policy, the file that says whom to believe about the log."""


def log_keys(text, *vkeys):
    """These keys of the log instead of those of before."""
    rest = [x for x in text.splitlines() if not x.startswith("log ")]
    return "\n".join(["log " + v for v in vkeys] + rest) + "\n"


def next_witness(text, old, new, vkey):
    """Either key counts for the witness: a group of the two stands where it stood in the group of agencies."""
    keys, lines = old + "-keys", []
    for x in text.splitlines():
        if x.startswith("group agencies"):
            lines.append("group %s any %s %s" % (keys, old, new))
            x = " ".join(keys if word == old else word for word in x.split(" "))
        lines.append(x)
        if x.startswith("witness %s " % old):
            lines.append("witness %s %s" % (new, vkey))
    return "\n".join(lines) + "\n"


def former_witness(text, old, new):
    """The old key counts no more."""
    keys = old + "-keys"
    return "".join(x.replace(keys, new) for x in text.splitlines(keepends=True)
                   if not x.startswith(("witness %s " % old, "group %s " % keys)))
