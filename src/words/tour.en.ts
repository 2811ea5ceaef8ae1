/** The words of the tour, in English: an explanation and an exercise per card. */
export interface TourCard {
  title: string;
  text: string;
  try: string;
}

export const tourEn = {
  at: (card: number, of: number) => `${card} of ${of}`,
  try: 'Try',
  back: 'Back',
  next: 'Next',
  end: 'Done',
  close: 'End the tour',
  cards: {
    map: {
      title: 'The map',
      text: 'Each cell is one linear layer of the model. Rows are layers, from the top; columns are module types. The fill shows how far the logits move when that module is perturbed, relative to the mean module.',
      try: 'Find the row and the column that stand out.',
    },
    cell: {
      title: 'A cell',
      text: 'The number is the rank this module would get. The line below the map shows its path, its size and its measurements.',
      try: 'Point at cells, or move with the arrow keys. Click a cell or press Enter to open it: weights, noise, and the probe in six steps. Esc closes it.',
    },
    step: {
      title: 'Step by step',
      text: 'Play measures all modules repeatedly. Step probes one module and shows how its number is computed.',
      try: 'Press Reset, then Step a few times. Play continues from there.',
    },
    ranges: {
      title: 'Uncertainty',
      text: 'A bold number is settled: at the repeats so far, its 95 % interval contains one rank only. 5–7 is not settled.',
      try: 'When a run is done, press Play: five more repeats narrow most ranges.',
    },
    meanRank: {
      title: 'The budget',
      text: 'Mean rank is the budget divided by the number of modules. When you change it, ranks are allocated again from the same measurements.',
      try: 'Set it to 1 and see which modules still get a rank.',
    },
    race: {
      title: 'What the ranks gain',
      text: 'The race trains adapters on one budget: with these ranks, with uniform ranks and with random ranks.',
      try: 'Open Race and press Play. Training never starts automatically.',
    },
    tabs: {
      title: 'Other questions',
      text: 'Slider: one training run for every rank. Prune: which weights can be removed. Compress: whether removing components helps. Text: what the model writes.',
      try: 'Open a tab. The line next to Play says what it will do.',
    },
    link: {
      title: 'Share a link',
      text: 'A link holds the whole experiment and a digest of its result. It includes your own text only if you choose so. The recipient measures again and sees whether the ranks are the same.',
      try: 'Copy the link and open it in another tab.',
    },
  } satisfies Record<string, TourCard>,
};

export type TourWords = typeof tourEn;
