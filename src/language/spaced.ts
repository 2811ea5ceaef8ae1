/** Returns the text with a space between Latin letters and Japanese characters next to them. */
export const spaced = (text: string): string =>
  text
    .replace(/([A-Za-z])(?=[\u3040-\u30fa\u30fc\u4e00-\u9fff])/g, '$1 ')
    .replace(/([\u3040-\u30fa\u30fc\u4e00-\u9fff])(?=[A-Za-z])/g, '$1 ');
