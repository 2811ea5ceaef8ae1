/** Starts the page: the form of it at once, the engine behind it. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { boot } from './state/boot.ts';
import { App } from './ui/App.tsx';
import { Boundary } from './ui/Boundary.tsx';
import { loadWords } from './ui/words/use-words.ts';
import { useView } from './state/view-store.ts';
import './ui/styles/index.css';

await loadWords(useView.getState().language);
createRoot(document.getElementById('root')!).render(<StrictMode><Boundary><App /></Boundary></StrictMode>);
void boot();
