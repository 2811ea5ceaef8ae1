/** Entry point of the page: renders the interface first, then starts the engine. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { defined } from './checked.ts';
import { boot } from './state/boot.ts';
import { App } from './ui/App.tsx';
import { Boundary } from './ui/Boundary.tsx';
import { fetchRestWhenDone } from './ui/fetch-rest.ts';
import { loadWords } from './ui/use-words.ts';
import { isEmbed } from './state/storage.ts';
import { useView } from './state/view-store.ts';
import './ui/styles/index.css';

await loadWords(useView.getState().language);
const embed = isEmbed ? await import('./ui/embed/start.ts') : null;
const Page = embed?.Embed ?? App;
createRoot(defined(document.getElementById('root'))).render(
  <StrictMode>
    <Boundary>
      <Page />
    </Boundary>
  </StrictMode>,
);
if (!embed) fetchRestWhenDone();
void (embed?.bootEmbed ?? boot)();
