/** English words of a page embedded in another page. */
export const embedEn = {
  runHere: 'Run here',
  open: 'Open',
  openName: 'Open Rank Atlas in a new tab',
  fromLink: 'From a link',
  recordedRace: (date: string, device: string) => `Recorded ${date}, ${device}.`,
  linked: 'These ranks come from the link.',
  linkedNote: 'Run here measures them again, with their uncertainty.',
  needsFiles: (name: string) =>
    `Made with ${name}, which is not bundled. Press Open and choose its files.`,
  nothing: 'This experiment has no recorded run',
  nothingNote: 'Run here measures it.',
};

export type EmbedWords = typeof embedEn;
