/** Fused operators and their lowerings. One file per family. */
import { groupQueryAttention } from './attention.ts';
import { integerProduct, integerScale, quantiseActivations } from './int8.ts';
import { dequantiseLookup, gather, gatherBlockQuantized } from './lookup.ts';
import type { Lowering } from './lowering.ts';
import { skipLayerNorm, skipSimplifiedLayerNorm } from './norm.ts';
import { dequantisedTranspose, packedProduct, transposedProduct } from './product.ts';
import { rotaryEmbedding } from './rotary.ts';
import { softmaxGuard } from './softmax.ts';

export const lowerings: ReadonlyMap<string, Lowering> = new Map<string, Lowering>([
  ['Gather', gather],
  ['com.microsoft::GatherBlockQuantized', gatherBlockQuantized],
  ['DequantizeLinear', (b, call) => dequantiseLookup(b, call) ?? dequantisedTranspose(b, call)],
  ['MatMul', transposedProduct],
  ['com.microsoft::MatMulNBits', packedProduct],
  ['DynamicQuantizeLinear', quantiseActivations],
  ['MatMulInteger', integerProduct],
  ['Cast', integerScale],
  ['Mul', integerScale],
  ['Where', softmaxGuard],
  ['com.microsoft::SkipSimplifiedLayerNormalization', skipSimplifiedLayerNorm],
  ['com.microsoft::SkipLayerNormalization', skipLayerNorm],
  ['com.microsoft::RotaryEmbedding', rotaryEmbedding],
  ['com.microsoft::GroupQueryAttention', groupQueryAttention],
]);
