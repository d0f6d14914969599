"""Whether anything about a hidden class can be told from observations: two classifiers, and permutation tests
that say how often chance alone would do as well. Standard library only.

The classes were given out by one shuffle, so that under "nothing can be told" every other order of the labels was
as likely; this holds whatever else connects the observations (slots, load, growth of a log).
"""
import random

BINS = 12


def ranks(values):
    """1, 2, …; equal values share the mean of their ranks."""
    order = sorted(range(len(values)), key=values.__getitem__)
    out = [0.0] * len(values)
    i = 0
    while i < len(order):
        j = i
        while j + 1 < len(order) and values[order[j + 1]] == values[order[i]]:
            j += 1
        for k in range(i, j + 1):
            out[order[k]] = (i + j) / 2 + 1
        i = j + 1
    return out


def centred(values):
    """Ranks with mean 0 and variance 1; None where all are equal: nothing can be told from it."""
    r = ranks(values)
    mean = sum(r) / len(r)
    spread = (sum((x - mean) ** 2 for x in r) / len(r)) ** 0.5
    return [(x - mean) / spread for x in r] if spread > 0 else None


def members(labels):
    out = {}
    for i, label in enumerate(labels):
        out.setdefault(label, []).append(i)
    return out


def largest_shift(columns, labels):
    """The largest shift of one class against the rest in one feature, in standard deviations, and which."""
    best = (0.0, None, None)
    total = len(labels)
    for label, rows in members(labels).items():
        scale = (len(rows) * (total - len(rows)) / (total - 1)) ** 0.5
        for name, column in columns.items():
            shift = abs(sum(map(column.__getitem__, rows))) / scale
            if shift > best[0]:
                best = (shift, name, label)
    return best


def binned(values):
    """The bin of each value; bins hold about as many values each."""
    order = sorted(values)
    edges = sorted({order[len(order) * i // BINS] for i in range(1, BINS)})
    out = []
    for v in values:
        low, high = 0, len(edges)
        while low < high:
            middle = (low + high) // 2
            if edges[middle] <= v:
                low = middle + 1
            else:
                high = middle
        out.append(low)
    return out


def guesses(bins, labels, train, test):
    """Naive Bayes over binned features: learns on one half, guesses the other."""
    import math
    classes = sorted(set(labels))
    scores = {c: [0.0] * len(test) for c in classes}
    size = {c: sum(1 for i in train if labels[i] == c) for c in classes}
    for column in bins.values():
        for c in classes:
            counts = [1.0] * BINS
            for i in train:
                if labels[i] == c:
                    counts[column[i]] += 1
            logs = [math.log(n / (size[c] + BINS)) for n in counts]
            s = scores[c]
            for k, i in enumerate(test):
                s[k] += logs[column[i]]
    return [max(classes, key=lambda c: scores[c][k]) for k in range(len(test))]


def middle_half(values):
    """How far the middle half of the values reaches."""
    order = sorted(values)
    return order[len(order) * 3 // 4] - order[len(order) // 4]


class Verdict:
    """p: how likely chance does at least as well as the better classifier. what: what it went by."""

    def __init__(self, p, what):
        self.p, self.what = p, what

    def __str__(self):
        return "p = %.4f (%s)" % (self.p, self.what)


def judge(features, labels, seed, rounds=2999):
    """features: name -> values. A Verdict over both classifiers; its p is at least 2 / (rounds + 1)."""
    rng = random.Random(seed)
    columns = {name: c for name, c in ((n, centred(v)) for n, v in features.items()) if c is not None}
    seen, name, label = largest_shift(columns, labels)
    shuffled = list(labels)
    as_good = 1
    for _ in range(rounds):
        rng.shuffle(shuffled)
        as_good += largest_shift(columns, shuffled)[0] >= seen
    p_shift = as_good / (rounds + 1)
    order = list(range(len(labels)))
    rng.shuffle(order)
    train, test = order[:len(order) // 2], order[len(order) // 2:]
    said = guesses({n: binned(features[n]) for n in columns}, labels, train, test)
    truth = [labels[i] for i in test]
    right = sum(map(str.__eq__, said, truth))
    as_good = 1
    for _ in range(rounds):
        rng.shuffle(truth)
        as_good += sum(map(str.__eq__, said, truth)) >= right
    p_bayes = as_good / (rounds + 1)
    return Verdict(min(1.0, 2 * min(p_shift, p_bayes)),
                   "%s of %s is off by %.1f sd, p %.4f; %d of %d guessed, p %.4f" %
                   (name, label, seen, p_shift, right, len(test), p_bayes))
