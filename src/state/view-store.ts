/** What of the page is open and where the eye is: nothing here changes a measurement. */
import { create } from 'zustand';
import { remember, remembered } from './storage.ts';

export type Language = 'en' | 'ja';
export type PlateTab = 'layers' | 'certainty';
/** At most one sheet lies over the page. */
export type SheetName = 'export' | 'help' | 'text' | 'drawer' | 'link';

export interface ViewState {
  language: Language;
  /** Module whose numbers the strip shows: the one pointed at, else the one focused. */
  pointed: number | null;
  focused: number | null;
  tab: PlateTab;
  /** Module open in the plate. */
  opened: number | null;
  /** Step opened it: the focus stays with Step. */
  stepped: boolean;
  picker: boolean;
  sheet: SheetName | null;
  table: boolean;
  /** Kept adapter whose ranks the map prints instead of the measured ones. */
  adapter: string | null;
  versus: boolean;
  advanced: boolean;
  singleKeys: boolean;
  /** For a projector: no rail, larger type. */
  present: boolean;
  /** Card of the tour in view, from 0. */
  tour: number | null;
}

interface ViewActions {
  set(patch: Partial<ViewState>): void;
  setLanguage(language: Language): void;
  setSingleKeys(on: boolean): void;
}

/** `?lang`, then what was chosen before, then the browser's. */
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
  sheet: null,
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
