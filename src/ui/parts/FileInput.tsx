/** A label that opens the system's file picker. Choosing the same file again counts. */
import type { InputHTMLAttributes } from 'react';

export function FileInput({
  label,
  className,
  onFiles,
  ...input
}: {
  label: string;
  className: string;
  /** Called with at least one file. */
  onFiles(files: readonly File[]): void;
} & Pick<InputHTMLAttributes<HTMLInputElement>, 'accept' | 'multiple'> & {
    webkitdirectory?: '';
  }) {
  return (
    <label className={`${className} file`}>
      {label}
      <input
        {...input}
        type="file"
        className="hidden-visually"
        onChange={({ target }) => {
          const files = [...(target.files ?? [])];
          target.value = '';
          if (files.length > 0) onFiles(files);
        }}
      />
    </label>
  );
}
