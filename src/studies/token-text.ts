/**
 * Decodes tokens one by one. A character that spans several tokens is returned with the token that
 * completes it.
 */

/** `decode` returns the text of ids. The text starts after `prompt`. */
export class TokenText {
  private readonly decode: (ids: ArrayLike<number>) => Promise<string>;
  private readonly ids: number[];
  /** Number of characters returned so far, including the prompt's. */
  private returned: number | null = null;

  constructor(prompt: ArrayLike<number>, decode: (ids: ArrayLike<number>) => Promise<string>) {
    this.decode = decode;
    this.ids = Array.from(prompt);
  }

  /**
   * Returns the text that the token adds. `last`: no token follows, so an incomplete character is
   * returned as decoded.
   */
  async add(id: number, last: boolean): Promise<string> {
    this.returned ??= (await this.decode(this.ids)).length;
    this.ids.push(id);
    const all = await this.decode(this.ids);
    const text = last ? all : all.replace(/\ufffd+$/, '');
    const from = this.returned;
    this.returned = Math.max(from, text.length);
    return text.slice(from);
  }
}
