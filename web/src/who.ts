const KEPT = 'bandoso.who';
/** Longest name, letters: the server takes 200 bytes, and a Vietnamese letter has up to three. */
export const MOST_WHO = 60;

/** For this visit, where a browser forbids storage. */
let here: string | null = null;

/** Who edits at this machine, as told last time. */
export function keptWho(): string {
  try {
    return here ?? localStorage.getItem(KEPT) ?? '';
  } catch {
    return here ?? '';
  }
}

export function keepWho(who: string): void {
  here = who;
  try {
    localStorage.setItem(KEPT, who);
  } catch {
    // It is sent all the same.
  }
}

/** Who writes, for the server's history; nothing where nobody said. A header holds ASCII only. */
export function whoHeader(who: string): Record<string, string> {
  const name = who.trim().slice(0, MOST_WHO);
  return name ? { 'bandoso-who': encodeURIComponent(name) } : {};
}
