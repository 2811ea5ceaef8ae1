/**
 * Crops of W, the noise and a new adapter's delta, one pixel per value. All use one symmetric
 * colour scale, so that magnitudes are comparable.
 */
import { useEffect, useRef, type ReactNode } from 'react';
import { defined } from '../../checked.ts';
import type { Picture } from '../../worker/protocol.ts';
import { palette, type Ramp } from '../colour.ts';
import { useDark } from '../parts/use-media.ts';
import { numbersOf } from '../../language/numbers.ts';
import { useWords } from '../use-words.ts';

const WIDTH = 104;
const HEIGHT = 72;

function paint(
  canvas: HTMLCanvasElement,
  values: Float32Array,
  { picture: { width, height }, end, ramp }: { picture: Picture; end: number; ramp: Ramp },
): void {
  const context = defined(canvas.getContext('2d'));
  context.clearRect(0, 0, WIDTH, HEIGHT);
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const [r, g, b] = ramp(0.5 + values[i]! / (2 * end)).bytes;
    image.data.set([r, g, b, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
}

function Canvas({
  values,
  picture,
  end,
  name,
  children,
}: {
  values: Float32Array | undefined;
  picture: Picture | null;
  end: number;
  name: string;
  children: ReactNode;
}) {
  const words = useWords();
  const ref = useRef<HTMLCanvasElement>(null);
  const dark = useDark();
  useEffect(() => {
    if (ref.current && picture && values)
      paint(ref.current, values, { picture, end, ramp: palette(dark).diverging });
  }, [picture, values, end, dark]);
  return (
    <figure>
      <canvas
        ref={ref}
        width={WIDTH}
        height={HEIGHT}
        role="img"
        aria-label={words.modulePanel.pictureName(name)}
      />
      <figcaption className="small">{children}</figcaption>
    </figure>
  );
}

/** The 99.5 % quantile of all magnitudes, so that a few outliers do not make the rest grey. */
function scaleOf(picture: Picture): number {
  const sizes = [...picture.weights, ...picture.noise, ...picture.delta]
    .map(Math.abs)
    .sort((a, b) => a - b);
  return sizes[Math.floor(sizes.length * 0.995)] || 1;
}

export function Pictures({ picture }: { picture: Picture | null }) {
  const words = useWords();
  const p = words.modulePanel;
  const n = numbersOf(words.locale);
  const { diverging } = palette(useDark());
  const end = picture ? scaleOf(picture) : 1;
  return (
    <div className="pictures">
      <Canvas picture={picture} values={picture?.weights} end={end} name={p.weights}>
        <b>W</b> {p.weights}
      </Canvas>
      <Canvas picture={picture} values={picture?.noise} end={end} name={p.noiseA}>
        <b>{p.noiseA}</b>
      </Canvas>
      <Canvas picture={picture} values={picture?.delta} end={end} name={p.delta}>
        <b>{p.delta}</b>
      </Canvas>
      <div className="scale small ink2" aria-hidden="true">
        <i
          style={{
            background: `linear-gradient(to top, ${Array.from({ length: 13 }, (_, i) => diverging(i / 12).css).join(',')})`,
          }}
        />
        {picture && (
          <span>
            <span>{n.signed(end, 2)}</span>
            <span>0</span>
            <span>{n.signed(-end, 2)}</span>
          </span>
        )}
      </div>
    </div>
  );
}
