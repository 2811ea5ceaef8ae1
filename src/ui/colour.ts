/**
 * The two colour ramps of the page, interpolated in OKLab so that equal steps look equal, with a
 * readable text colour for each shade.
 *
 * Source of the OKLab matrices: B. Ottosson, "A perceptual color space for image processing"
 * (2020).
 */
import { elementAt } from '../checked.ts';

/**
 * A fill, the text colour with the higher contrast on the fill (at least 4.58:1), and the fill's
 * sRGB bytes for canvases.
 */
export interface Shade {
  css: string;
  ink: '#000' | '#FFF';
  bytes: readonly [number, number, number];
}

/** Maps 0 … 1 to a shade; values outside are clamped. */
export type Ramp = (t: number) => Shade;

type Triple = readonly [number, number, number];

const linear = (c: number) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const gamma = (c: number) =>
  Math.round(
    255 * Math.min(1, Math.max(0, c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055)),
  );
const parse = (hex: string) =>
  [0, 2, 4].map((i) => linear(parseInt(hex.slice(i, i + 2), 16) / 255)) as unknown as Triple;

function toLab([r, g, b]: Triple): Triple {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromLab([L, a, b]: Triple): Triple {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

export function ramp(stops: string): Ramp {
  const labs = stops.split(' ').map((hex) => toLab(parse(hex)));
  return (t) => {
    const x = Math.min(1, Math.max(0, t)) * (labs.length - 1);
    const i = Math.min(labs.length - 2, Math.floor(x));
    const from = elementAt(labs, i);
    const to = elementAt(labs, i + 1);
    const rgb = fromLab(
      [0, 1, 2].map((k) => from[k]! + (to[k]! - from[k]!) * (x - i)) as unknown as Triple,
    );
    // Black and white have equal contrast at luminance 0.179 (WCAG contrast).
    const luminance = 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
    const bytes = [gamma(rgb[0]), gamma(rgb[1]), gamma(rgb[2])] as const;
    return { css: `rgb(${bytes.join(' ')})`, ink: luminance > 0.179 ? '#000' : '#FFF', bytes };
  };
}

export interface Palette {
  sequential: Ramp;
  diverging: Ramp;
}

const light: Palette = {
  sequential: ramp('E6F4ED B4E1D4 7DCBC6 4BABBB 3083AE 325993 29346E 1C1A46'),
  diverging: ramp('753B07 A26425 C6985C E0CBA6 EDF1EC AFD4EA 73A7D3 4677AD 274A7D'),
};
const dark: Palette = {
  sequential: ramp('1C2839 2B3D5E 345885 3579A1 3C9EB0 62C1B5 A2DFAE EBF4BA'),
  diverging: ramp('F5D297 DCA55E B2783C 754E2E 272F32 3B5B7B 558CB9 7CB9E1 B3E3FB'),
};

export const palette = (isDark: boolean): Palette => (isDark ? dark : light);

/**
 * Possible ends of the fill scale, in multiples of the mean importance. The scale only grows, in
 * these steps.
 */
const ends = [4, 6, 8, 12];

/** The first of 4, 6, 8, 12 that is at least `largest`. Larger values share the last shade. */
export const scaleEnd = (largest: number): number => ends.find((end) => end >= largest) ?? 12;
