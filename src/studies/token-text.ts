/**
 * The text of tokens that come one by one: a token may end within a character, which is then told
 * with the one that completes it.
 */

/** `decode` gives the text of ids; the text begins behind `prompt`. */
export class TokenText {
  private readonly decode: (ids: ArrayLike<number>) => Promise<string>;
  private readonly ids: number[];
  /** Characters told, the prompt's among them. */
  private told: number | null = null;

  constructor(prompt: ArrayLike<number>, decode: (ids: ArrayLike<number>) => Promise<string>) {
    this.decode = decode;
    this.ids = Array.from(prompt);
  }

  /**
   * What the token adds. `last`: none follows, so that an incomplete character is told as it is.
   */
  async add(id: number, last: boolean): Promise<string> {
    this.told ??= (await this.decode(this.ids)).length;
    this.ids.push(id);
    const all = await this.decode(this.ids);
    const text = last ? all : all.replace(/\ufffd+$/, '');
    const from = this.told;
    this.told = Math.max(from, text.length);
    return text.slice(from);
  }
}
