/** Everything an embedded page is, for one lazy import. */
export { bootEmbed } from '../../state/embed.ts';
export { Embed } from './Embed.tsx';
