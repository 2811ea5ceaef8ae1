"""The baseline: an interpolated modified Kneser-Ney n-gram model (Chen and Goodman, 1999).

Trained on the same tokens as the network. An n-gram is numbered by (number of its first n-1 tokens, last
token), so any order fits into 64 bits and all work is sorting and searching in numpy.
"""
import numpy as np


class KneserNey:
    def __init__(self, tokens, order, vocab):
        tokens = np.asarray(tokens, np.int64)
        self.order, self.vocab = order, vocab
        self.keys, counts = [np.arange(vocab)], [np.bincount(tokens, minlength=vocab)]
        prefixes = [np.zeros(vocab, np.int64)]  # of each n-gram type: number of its first n-1 tokens
        numbers = tokens  # of the n-gram that starts at each place
        for n in range(2, order + 1):
            keys, first, inverse, count = np.unique(numbers[:-1] * vocab + tokens[n - 1:], return_index=True,
                                                    return_inverse=True, return_counts=True)
            # What lower orders count is not how often an n-gram occurs but after how many different tokens.
            counts[-1] = np.bincount(numbers[1:][first], minlength=len(self.keys[-1]))
            self.keys.append(keys)
            counts.append(count)
            prefixes.append(keys // vocab)
            numbers = inverse.reshape(-1)
        self.gain, self.total, self.backoff = [], [], []
        for n, (count, prefix) in enumerate(zip(counts, prefixes), 1):
            contexts = len(self.keys[n - 2]) if n > 1 else 1
            discount = discounts(count)[np.minimum(count, 3)]
            self.gain.append(count - discount)
            self.total.append(np.bincount(prefix, count, contexts))
            self.backoff.append(np.bincount(prefix, discount, contexts))

    def log_probabilities(self, tokens):
        """ln p of every token but the first, given all tokens before it that the order can use."""
        tokens = np.asarray(tokens, np.int64)
        length = len(tokens)
        total, gain = self.total[0][0], self.gain[0][tokens]
        p = gain / total + self.backoff[0][0] / total / self.vocab
        numbers = tokens  # -1: never seen
        for n in range(2, self.order + 1):
            if n > length:
                break
            context = numbers[:-1]
            wanted = np.where(context >= 0, context, 0) * self.vocab + tokens[n - 1:]
            found = np.minimum(np.searchsorted(self.keys[n - 1], wanted), len(self.keys[n - 1]) - 1)
            seen = (context >= 0) & (self.keys[n - 1][found] == wanted)
            total = np.where(context >= 0, self.total[n - 1][context], 0)
            usable = total > 0
            gain = np.where(seen, self.gain[n - 1][found], 0.0)
            better = (gain + self.backoff[n - 1][context] * p[n - 1:]) / np.maximum(total, 1)
            p[n - 1:] = np.where(usable, better, p[n - 1:])
            numbers = np.where(seen, found, -1)
        return np.log(p[1:])


def discounts(counts):
    """What is taken from n-grams counted 0, 1, 2, and 3 or more times."""
    n1, n2, n3, n4 = (float(np.count_nonzero(counts == i)) for i in (1, 2, 3, 4))
    if not (n1 and n2 and n3 and n4):  # too little data for the estimate
        return np.array([0.0, 0.5, 0.5, 0.5])
    y = n1 / (n1 + 2 * n2)
    return np.clip(np.array([0.0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3]), 0.0, [0, 1, 2, 3])
