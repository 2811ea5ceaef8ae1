"""Tests of parts with silent errors: the n-gram baseline, the quantiser's copy, the training parts.

  pytest recipe/test_recipe.py     (needs recipe/requirements.txt)
"""
import collections
import math

import numpy as np
import pytest
import torch
from onnx import helper, numpy_helper
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

from ngram import KneserNey, discounts
from network import Network, matrices, quantise, rounded, rounded_weights
from train import batches, orthogonal, rate


def brute_force(tokens, order, vocab):
    """Modified Kneser-Ney from its definition, with dictionaries."""
    grams = [[tuple(tokens[i:i + n]) for i in range(len(tokens) - n + 1)] for n in range(1, order + 1)]
    counts = []
    for n in range(1, order + 1):
        if n == order:
            counts.append(collections.Counter(grams[n - 1]))
        else:
            before = collections.defaultdict(set)
            for g in grams[n]:
                before[g[1:]].add(g[0])
            counts.append(collections.Counter({g: len(s) for g, s in before.items()}))
    taken = [discounts(np.array(list(c.values()))) for c in counts]

    def p(word, context):
        n = len(context) + 1
        lower = p(word, context[1:]) if context else 1 / vocab
        follow = {g[-1]: c for g, c in counts[n - 1].items() if g[:-1] == context}
        total = sum(follow.values())
        if total == 0:
            return lower
        d = taken[n - 1]
        own = follow.get(word, 0)
        return (own - d[min(own, 3)]) / total + sum(d[min(c, 3)] for c in follow.values()) / total * lower

    return p


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_ngram_is_its_definition(order):
    draw = np.random.default_rng(order)
    vocab = 7
    train = draw.choice(vocab - 1, 400, p=[0.4, 0.25, 0.15, 0.1, 0.06, 0.04])  # the last token never occurs
    unseen = draw.choice(vocab, 60)
    model, p = KneserNey(train, 4, vocab), brute_force(train.tolist(), order, vocab)
    got = model.log_probabilities(unseen, order)
    text = unseen.tolist()
    want = [math.log(p(text[i], tuple(text[max(0, i - order + 1):i]))) for i in range(1, len(text))]
    np.testing.assert_allclose(got, want, rtol=1e-9)


def test_ngram_sums_to_one():
    draw = np.random.default_rng(1)
    model = KneserNey(draw.integers(0, 9, 500), 3, 9)
    for context in ([0, 1], [8, 8], [3, 5]):
        total = sum(math.exp(model.log_probabilities(context + [w])[-1]) for w in range(9))
        assert abs(total - 1) < 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_rounding_is_onnxruntimes(seed):
    """Bit-identical, including ties and blocks of zeros."""
    draw = np.random.default_rng(seed)
    w = draw.standard_normal((96, 64)).astype(np.float32)  # outputs, inputs
    w[0] = 0
    w[1, :32] = np.resize(np.array([-8, 0.5, 1.5, 2.5, -0.5, -1.5, 7.5, 3.5], np.float32), 32)
    w[2, :32] = -w[1, :32]
    w[3, :32] = np.resize(np.array([1, -1], np.float32), 32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"], name="m")], "g",
        [helper.make_tensor_value_info("x", 1, [1, 64])], [helper.make_tensor_value_info("y", 1, [1, 96])],
        [numpy_helper.from_array(np.ascontiguousarray(w.T), "w")])
    quantiser = MatMulNBitsQuantizer(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)]),
                                     block_size=32, is_symmetric=True, accuracy_level=None)
    quantiser.process()
    tensors = {t.name: numpy_helper.to_array(t) for t in quantiser.model.model.graph.initializer}
    packed = next(t for n, t in tensors.items() if n.endswith("_Q4")).reshape(96, -1)
    scales = next(t for n, t in tensors.items() if "scales" in n).reshape(96, -1)
    codes, ours = (t.numpy() for t in quantise(torch.from_numpy(w)))
    assert np.array_equal(np.stack([packed & 15, packed >> 4], -1).reshape(96, 64), codes)
    assert np.array_equal(scales, ours)


def test_rounding_twice_changes_little():
    w = torch.randn(64, 64)
    assert torch.allclose(rounded(rounded(w)), rounded(w), atol=1e-6)


def test_rounded_weights_are_lent():
    torch.manual_seed(0)
    network = Network(dict(vocab=32, hidden=32, layers=1, heads=2, kv_heads=1, head_dim=16, inner=64, context=16,
                           rope_theta=10000.0, eps=1e-5))
    before = [p.clone() for p in matrices(network)]
    ids = torch.randint(32, (2, 16))
    with rounded_weights(network):
        assert not torch.equal(matrices(network)[0], before[0])
        network.loss(ids, ids).backward()
    assert all(torch.equal(p, b) and p.grad is not None for p, b in zip(matrices(network), before))


def test_network_is_causal():
    torch.manual_seed(0)
    network = Network()
    for p in matrices(network):
        torch.nn.init.normal_(p, std=0.1)
    ids = torch.randint(2048, (1, 12))
    other = ids.clone()
    other[0, 8:] = 5
    with torch.no_grad():
        assert torch.allclose(network(ids)[0, :8], network(other)[0, :8], atol=1e-5)


def test_orthogonal():
    s = torch.linalg.svdvals(orthogonal(torch.randn(2, 24, 16)))
    assert 0.5 < s.min() and s.max() < 1.4


def test_schedule_and_batches():
    assert rate(0) == 0 and rate(0.2) == 1 and rate(1) == 0
    tokens = torch.arange(256 * 40)
    for _, (inputs, targets) in zip(range(5), batches(tokens, torch.Generator().manual_seed(0))):
        assert torch.equal(inputs + 1, targets)
