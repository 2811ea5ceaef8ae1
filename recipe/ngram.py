"""The baseline: an interpolated modified Kneser-Ney n-gram model (Chen and Goodman, 1999).

Trained on the same tokens as the network. The key of an n-gram combines the number of its first n-1
tokens with its last token. Any order then fits into 64 bits, and numpy sorts and searches the keys.
"""
import numpy as np


class KneserNey:
    """Holds all orders up to `order`: they differ only in the counts of their highest order."""

    def __init__(self, tokens, order, vocab):
        tokens = np.asarray(tokens, np.int64)
        self.order, self.vocab = order, vocab
        self.keys = [np.arange(vocab)]
        often, after = [np.bincount(tokens, minlength=vocab)], []
        numbers = tokens  # of the n-gram at each position
        for n in range(2, order + 1):
            keys, first, inverse, count = np.unique(numbers[:-1] * vocab + tokens[n - 1:], return_index=True,
                                                    return_inverse=True, return_counts=True)
            # Lower orders use continuation counts: the number of different tokens before an n-gram.
            after.append(np.bincount(numbers[1:][first], minlength=len(self.keys[-1])))
            self.keys.append(keys)
            often.append(count)
            numbers = inverse.reshape(-1)
        self.highest = [self.level(n, count) for n, count in enumerate(often, 1)]
        self.lower = [self.level(n, count) for n, count in enumerate(after, 1)]

    def level(self, n, count):
        """Returns count - discount per n-gram, and sums of counts and discounts per context."""
        context = self.keys[n - 1] // self.vocab
        contexts = len(self.keys[n - 2]) if n > 1 else 1
        discount = discounts(count)[np.minimum(count, 3)]
        return count - discount, np.bincount(context, count, contexts), np.bincount(context, discount, contexts)

    def log_probabilities(self, tokens, order=None):
        """ln p of every token except the first, given the up to `order` - 1 tokens before it."""
        order = order or self.order
        tokens = np.asarray(tokens, np.int64)
        levels = self.lower[:order - 1] + [self.highest[order - 1]]
        gain, total, backoff = levels[0]
        p = gain[tokens] / total[0] + backoff[0] / total[0] / self.vocab
        numbers = tokens  # -1: not in the training tokens
        for n in range(2, min(order, len(tokens)) + 1):
            gain, total, backoff = levels[n - 1]
            keys, context = self.keys[n - 1], numbers[:-1]
            wanted = np.where(context >= 0, context, 0) * self.vocab + tokens[n - 1:]
            found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            seen = (context >= 0) & (keys[found] == wanted)
            sums = np.where(context >= 0, total[context], 0)
            better = (np.where(seen, gain[found], 0.0) + backoff[context] * p[n - 1:]) / np.maximum(sums, 1)
            p[n - 1:] = np.where(sums > 0, better, p[n - 1:])
            numbers = np.where(seen, found, -1)
        return np.log(p[1:])


def discounts(counts):
    """Discounts for n-grams counted 0, 1, 2, and 3 or more times."""
    n1, n2, n3, n4 = (float(np.count_nonzero(counts == i)) for i in (1, 2, 3, 4))
    if not (n1 and n2 and n3 and n4):  # too little data to estimate discounts
        return np.array([0.0, 0.5, 0.5, 0.5])
    y = n1 / (n1 + 2 * n2)
    return np.clip(np.array([0.0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3]), 0.0, [0, 1, 2, 3])
