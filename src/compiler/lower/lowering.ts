/** A lowering replaces a fused operator by plain ones, or declines with null. */
import type { Builder } from '../builder.ts';
import type { Call } from '../fold/rule.ts';
import type { Value } from '../value.ts';

export type Lowering = (builder: Builder, call: Call) => (Value | null)[] | null;
