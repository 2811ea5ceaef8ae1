/** Entry point of an embedded page, for one lazy import. */
export { bootEmbed } from '../../state/embed.ts';
export { Embed } from './Embed.tsx';
