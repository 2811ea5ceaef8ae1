/** English words of a page embedded in another page. */
export const embedEn = {
  runHere: 'Run here',
  open: 'Open',
  openName: 'Open Rank Atlas in a new tab',
  fromLink: 'From a link',
  recordedRace: (date: string, device: string) => `Recorded ${date}, ${device}.`,
  linked: 'These ranks are the link’s.',
  linkedNote: 'Run here measures them again, and how sure they are.',
  needsFiles: (name: string) =>
    `Made with ${name}, which does not come with the page. Open, and choose its files.`,
  nothing: 'Nothing is recorded of this experiment',
  nothingNote: 'Run here measures it.',
};

export type EmbedWords = typeof embedEn;
