"""The network (Llama architecture) and the 4-bit rounding of training and of the exported file.

An own implementation, to train fast on a CPU. The parameter names are those of Hugging Face, so
`export.py` loads them into LlamaForCausalLM unchanged.
"""
import contextlib

import torch
import torch.nn.functional as F
from torch import nn

from settings import BLOCK, CONFIG


def quantise(weight, block=BLOCK):
    """onnxruntime's symmetric 4-bit MatMulNBits rounding, per `block` neighbours along the inputs.

    The value of largest magnitude becomes code -8 with its sign preserved, so scales may be negative.
    Ties round away from zero, as in C's roundf, not to even as in torch; the argument is never negative.
    Returns codes 0..15, shape [outputs, inputs], and scales, shape [outputs, inputs / block]. A weight
    is (code - 8) * scale.
    """
    rows, inputs = weight.shape
    blocks = weight.reshape(rows, inputs // block, block)
    high, low = blocks.amax(-1, keepdim=True), blocks.amin(-1, keepdim=True)
    scale = torch.where(high.abs() > low.abs(), high, low) / -8
    inverse = torch.where(scale == 0, torch.zeros_like(scale), 1 / scale)
    shifted = blocks * inverse + 8
    floor = shifted.floor()
    codes = (floor + (shifted - floor >= 0.5)).clamp(0, 15)
    return codes.reshape(rows, inputs), scale.squeeze(-1)


def rounded(weight, block=BLOCK):
    codes, scale = quantise(weight, block)
    return ((codes - 8).reshape(*scale.shape, block) * scale[..., None]).reshape(weight.shape)


def matrices(network):
    """The matrices that the 4-bit file rounds: all except the embedding, which is also the head."""
    return [p for name, p in network.named_parameters() if p.dim() == 2 and "embed" not in name]


@contextlib.contextmanager
def rounded_weights(network):
    """Context in which forward and backward use rounded matrices. Restores the exact ones on exit.

    Gradients computed inside and applied outside are the straight-through estimate.
    """
    exact = [(p, p.data) for p in matrices(network)]
    for p, w in exact:
        p.data = rounded(w)
    try:
        yield
    finally:
        for p, w in exact:
            p.data = w


def linear(inputs, outputs):
    return nn.Linear(inputs, outputs, bias=False)


class Norm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * self.weight


def rope_tables(length, head_dim, theta):
    inverse = 1.0 / theta ** (torch.arange(0, head_dim, 2).float() / head_dim)
    angles = torch.outer(torch.arange(length).float(), inverse)
    angles = torch.cat([angles, angles], -1)
    return angles.cos(), angles.sin()


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.q_proj = linear(c["hidden"], c["heads"] * c["head_dim"])
        self.k_proj = linear(c["hidden"], c["kv_heads"] * c["head_dim"])
        self.v_proj = linear(c["hidden"], c["kv_heads"] * c["head_dim"])
        self.o_proj = linear(c["heads"] * c["head_dim"], c["hidden"])

    def forward(self, x, cos, sin):
        b, t, _ = x.shape
        split = lambda y, heads: y.view(b, t, heads, self.c["head_dim"]).transpose(1, 2)
        q = rotate(split(self.q_proj(x), self.c["heads"]), cos, sin)
        k = rotate(split(self.k_proj(x), self.c["kv_heads"]), cos, sin)
        v = split(self.v_proj(x), self.c["kv_heads"])
        times = self.c["heads"] // self.c["kv_heads"]
        k, v = k.repeat_interleave(times, 1), v.repeat_interleave(times, 1)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o_proj(y.transpose(1, 2).reshape(b, t, -1))


class MLP(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.gate_proj = linear(c["hidden"], c["inner"])
        self.up_proj = linear(c["hidden"], c["inner"])
        self.down_proj = linear(c["inner"], c["hidden"])

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.input_layernorm = Norm(c["hidden"], c["eps"])
        self.self_attn = Attention(c)
        self.post_attention_layernorm = Norm(c["hidden"], c["eps"])
        self.mlp = MLP(c)

    def forward(self, x, cos, sin):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Trunk(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.embed_tokens = nn.Embedding(c["vocab"], c["hidden"])
        self.layers = nn.ModuleList(Block(c) for _ in range(c["layers"]))
        self.norm = Norm(c["hidden"], c["eps"])


class Network(nn.Module):
    def __init__(self, c=CONFIG):
        super().__init__()
        self.model = Trunk(c)
        cos, sin = rope_tables(c["context"], c["head_dim"], c["rope_theta"])
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                # Layers start as the identity: their output to the residual stream is zero.
                nn.init.zeros_(p) if name.endswith(("o_proj.weight", "down_proj.weight")) else nn.init.normal_(
                    p, std=0.02 if "embed" in name else p.shape[1] ** -0.5)

    def forward(self, ids):
        x = self.model.embed_tokens(ids)
        cos, sin = self.cos[:ids.shape[1]], self.sin[:ids.shape[1]]
        for layer in self.model.layers:
            x = layer(x, cos, sin)
        return F.linear(self.model.norm(x), self.model.embed_tokens.weight)

    def loss(self, ids, targets):
        return F.cross_entropy(self(ids).flatten(0, 1), targets.flatten())
