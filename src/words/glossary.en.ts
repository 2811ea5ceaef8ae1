/** Generated from docs/glossary.md by `npm run generate:glossary`. */
export const glossaryNames = {
  adapter: 'adapter',
  lora: 'LoRA',
  rank: 'rank',
  meanRank: 'mean rank',
  module: 'module',
  importance: 'importance',
  disagreement: 'disagreement',
  logits: 'logits',
  l1: 'l1',
  settled: 'settled',
  seed: 'seed',
  heldOut: 'held-out',
  nat: 'nat',
  mlp: 'MLP',
  attention: 'attention',
};

export const glossary = {
  adapter: 'Small trainable weights added to a frozen model.',
  lora: 'An adapter of two thin matrices, A and B, per module.',
  rank: 'The number of rows of A and columns of B. A higher rank lets a module change in more directions.',
  meanRank: 'The rank budget divided by the number of modules.',
  module: 'One linear layer of the model.',
  importance:
    'One number per module; more importance earns more rank. AdaRank uses the disagreement.',
  disagreement: 'The l1 distance between the logits of two perturbed models, per token.',
  logits: 'Scores of all tokens before softmax turns them into probabilities.',
  l1: 'The sum of absolute differences.',
  settled: 'The 95 % interval contains one rank only.',
  seed: 'The number that fixes all random choices: the same seed gives the same noise everywhere.',
  heldOut: 'Text that takes no part in training. Losses are measured on it.',
  nat: 'The unit of loss. A fair coin flip is 0.69 nats.',
  mlp: 'The feed-forward half of a layer.',
  attention: 'The half of a layer that reads other tokens.',
};
