"""Export weights to the files of a hub repository: ONNX export by optimum, quantisation, checks.

  python export.py [--name NAME]      reads BUILD/NAME/weights.pt

The float model is written to BUILD/NAME (hf/ and float/model.onnx); the config, the tokenizer and
onnx/model_q4.onnx (one file) to public/models/ID. The checks compare every 4-bit weight, and the
logits on a real text, with our network with rounded weights.
"""
import argparse
import json
import logging
import shutil

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from optimum.exporters.onnx import main_export
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from network import Network, quantise, rounded_weights
from settings import BLOCK, BUILD, CARD_FOLDER, CONFIG, END, THREADS

logging.disable(logging.INFO)  # the quantiser logs every node
OPSET = 14
CONFIG_FILES = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
                "special_tokens_map.json")


def load(name):
    network = Network()
    network.load_state_dict(torch.load(BUILD / name / "weights.pt", weights_only=True))
    return network.eval()


def hugging_face(network, folder):
    c = CONFIG
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=c["vocab"], hidden_size=c["hidden"], intermediate_size=c["inner"], num_hidden_layers=c["layers"],
        num_attention_heads=c["heads"], num_key_value_heads=c["kv_heads"], head_dim=c["head_dim"],
        max_position_embeddings=c["context"], rms_norm_eps=c["eps"], rope_theta=c["rope_theta"],
        tie_word_embeddings=True, bos_token_id=0, eos_token_id=0, pad_token_id=0))
    missing, unexpected = model.load_state_dict(network.state_dict(), strict=False)
    assert missing == ["lm_head.weight"] and not unexpected, (missing, unexpected)
    model.tie_weights()
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(BUILD / "tokenizer.json"), bos_token=END, eos_token=END,
                                        pad_token=END, model_max_length=c["context"], add_bos_token=False,
                                        clean_up_tokenization_spaces=False)
    assert tokenizer.convert_tokens_to_ids(END) == 0
    tokenizer.save_pretrained(folder)
    return model.eval(), tokenizer


def open_onnx(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(session, ids):
    """Logits of an export for one batch, with an empty KV cache."""
    batch, length = ids.shape
    feeds = {}
    for i in session.get_inputs():
        if i.name == "input_ids":
            feeds[i.name] = ids
        elif i.name == "attention_mask":
            feeds[i.name] = np.ones_like(ids)
        elif i.name == "position_ids":
            feeds[i.name] = np.tile(np.arange(length), (batch, 1))
        else:
            feeds[i.name] = np.zeros((batch, CONFIG["kv_heads"], 0, CONFIG["head_dim"]), np.float32)
    return session.run(["logits"], feeds)[0]


def to_4_bits(source, target):
    quantiser = MatMulNBitsQuantizer(onnx.load(source), block_size=BLOCK, is_symmetric=True, accuracy_level=None)
    quantiser.process()
    target.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(quantiser.model.model, target)


def check_graph(path, network):
    """Checks that embedding and head share one table and that `quantise` gives all other matrices.

    Returns the number of 4-bit nodes.
    """
    graph = onnx.load(path).graph
    assert not any(t.external_data for t in graph.initializer)
    tensors = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
    tables = [n for n, t in tensors.items() if t.size == CONFIG["vocab"] * CONFIG["hidden"]]
    assert len(tables) == 1, tables
    nodes = {n.name: n for n in graph.node if n.op_type == "MatMulNBits"}
    weights = {n.removesuffix(".weight"): p for n, p in network.named_parameters()
               if p.dim() == 2 and "embed" not in n}
    assert len(nodes) == len(weights) == 7 * CONFIG["layers"], (len(nodes), len(weights))
    for module, weight in weights.items():
        node = nodes["/" + module.replace(".", "/").replace("layers/", "layers.") + "/MatMul_Q4"]
        assert not any(a.name == "accuracy_level" and a.i for a in node.attribute)
        codes, scales = (t.numpy() for t in quantise(weight.detach()))
        packed = tensors[node.input[1]].reshape(len(codes), -1)
        found = np.stack([packed & 15, packed >> 4], -1).reshape(codes.shape)
        assert np.array_equal(found, codes) and np.array_equal(tensors[node.input[2]].reshape(scales.shape), scales), \
            f"{module}: our rounding is not onnxruntime's"
    return len(nodes)


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--name", default="run")
    name = args.parse_args().name
    work = BUILD / name
    network = load(name)
    model, tokenizer = hugging_face(network, work / "hf")
    text = np.load(BUILD / "tokens" / "test.npy")[:200].astype(np.int64)[None]
    ids = torch.from_numpy(text)
    with torch.no_grad():
        exact = network(ids).numpy()
        theirs = model(input_ids=ids, use_cache=False).logits.numpy()
        with rounded_weights(network):
            rounded = network(ids).numpy()
    shutil.rmtree(work / "float", ignore_errors=True)
    main_export(str(work / "hf"), output=str(work / "float"), task="text-generation-with-past", opset=OPSET,
                device="cpu")
    target = CARD_FOLDER / "onnx" / "model_q4.onnx"
    to_4_bits(work / "float" / "model.onnx", target)
    for file in CONFIG_FILES:
        shutil.copy(work / "float" / file, CARD_FOLDER / file)
    report = dict(
        opset=OPSET, nodes_4_bits=check_graph(target, network), file_bytes=target.stat().st_size,
        transformers_vs_network=float(np.abs(theirs - exact).max()),
        float_onnx_vs_network=float(np.abs(run(open_onnx(work / "float" / "model.onnx"), text) - exact).max()),
        q4_onnx_vs_rounded_network=float(np.abs(run(open_onnx(target), text) - rounded).max()))
    assert max(v for k, v in report.items() if "_vs_" in k) < 1e-3, report
    (work / "export.json").write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
