/** What is open and focused on the page. Nothing here affects a measurement. */
import { create } from 'zustand';
import { remember, remembered } from './storage.ts';

export type Language = 'en' | 'ja';
export type ChartTab = 'layers' | 'certainty';
/** At most one dialog is open. */
export type DialogName = 'export' | 'help' | 'text' | 'drawer' | 'link';

export interface ViewState {
  language: Language;
  /** The module whose numbers the strip shows: the pointed one, else the focused one. */
  pointed: number | null;
  focused: number | null;
  tab: ChartTab;
  /** Module open in the panel. */
  opened: number | null;
  /** A single step opened it, so the Step button retains the focus. */
  stepped: boolean;
  picker: boolean;
  dialog: DialogName | null;
  table: boolean;
  /** Saved adapter whose ranks the map shows instead of the measured ones. */
  adapter: string | null;
  versus: boolean;
  advanced: boolean;
  singleKeys: boolean;
  /** Presentation mode: no sidebar, larger type. */
  present: boolean;
  /** Visible card of the tour, from 0. */
  tour: number | null;
}

interface ViewActions {
  set(patch: Partial<ViewState>): void;
  setLanguage(language: Language): void;
  setSingleKeys(on: boolean): void;
}

/** `?lang`, then the earlier choice, then the browser's languages. */
function startLanguage(): Language {
  const known = (tag: string | null | undefined): Language | null =>
    tag?.startsWith('ja') ? 'ja' : tag?.startsWith('en') ? 'en' : null;
  if (typeof location === 'undefined') return 'en';
  const asked =
    known(new URLSearchParams(location.search).get('lang')) ?? known(remembered('language'));
  return asked ?? navigator.languages.map(known).find((l) => l !== null) ?? 'en';
}

export const useView = create<ViewState & ViewActions>()((set) => ({
  language: startLanguage(),
  pointed: null,
  focused: null,
  tab: 'layers',
  opened: null,
  stepped: false,
  picker: false,
  dialog: null,
  table: false,
  adapter: null,
  versus: false,
  advanced: false,
  singleKeys: remembered('single-keys') !== 'off',
  present: false,
  tour: null,
  set,
  setLanguage(language) {
    remember('language', language);
    set({ language });
  },
  setSingleKeys(singleKeys) {
    remember('single-keys', singleKeys ? 'on' : 'off');
    set({ singleKeys });
  },
}));
