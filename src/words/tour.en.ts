/** English words of the tour: for each element, what it is and what to try. */
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
      text: 'Each cell is one linear layer of the model: layers from the top, kinds of module side by side. Its fill says how far the prediction moves when that module is shaken, against a mean module.',
      try: 'Find the row and the column that stand out.',
    },
    cell: {
      title: 'A cell',
      text: 'The number is the rank this module would get. The line below the map has its path, its size and what was measured.',
      try: 'Point at cells, or move with the arrow keys. A click or Enter opens one: weights, noise, and the sum in six lines. Esc comes back.',
    },
    step: {
      title: 'Step by step',
      text: 'Play measures all modules, again and again. Step shakes a single one and shows how its number comes about.',
      try: 'Press Reset, then Step a few times. Play goes on from there.',
    },
    ranges: {
      title: 'How sure it is',
      text: 'A bold number is settled: its 95 % interval allows one rank. 5–7 is still open.',
      try: 'Press Play once a run is done: more repeats narrow the ranges.',
    },
    meanRank: {
      title: 'The budget',
      text: 'Mean rank is what a module gets on average. Ranks are dealt out anew from what is measured; nothing is measured again.',
      try: 'Move it down to 1, and see who keeps a rank.',
    },
    race: {
      title: 'What it buys',
      text: 'The race trains adapters on one budget: by these ranks, by uniform ones, by random ones.',
      try: 'Open Race and press Play. Training never starts by itself.',
    },
    tabs: {
      title: 'Other questions',
      text: 'Slider: one training for every rank. Prune: what can go and be repaired. Compress: whether less can be better. Text: what the model writes.',
      try: 'Open one; the line beside Play says what it will do.',
    },
    link: {
      title: 'Take it along',
      text: 'A link holds the whole experiment and a digest of its result; your own text only if you say so. Whoever opens it measures again and sees whether the ranks come out the same.',
      try: 'Copy the link, and open it in another tab.',
    },
  } satisfies Record<string, TourCard>,
};

export type TourWords = typeof tourEn;
