import type { Lang } from '../wire';
import { en } from './en';
import { type Key, vi } from './vi';

export type { Key } from './vi';

const TEXTS: Record<Lang, Record<Key, string>> = { vi, en };

/** The text in the language, with `{name}`s filled in. */
export function say(lang: Lang, key: Key, words: Record<string, string> = {}): string {
  return TEXTS[lang][key].replace(/\{(\w+)\}/g, (whole, name: string) => words[name] ?? whole);
}

const KEPT = 'bandoso.lang';

/** The language chosen last time on this machine. A browser that forbids storage has none. */
export function keptLang(): Lang | null {
  try {
    const kept = localStorage.getItem(KEPT);
    return kept === 'vi' || kept === 'en' ? kept : null;
  } catch {
    return null;
  }
}

export function keepLang(lang: Lang): void {
  try {
    localStorage.setItem(KEPT, lang);
  } catch {
    // The switch still works for this visit.
  }
}
