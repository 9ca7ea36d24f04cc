/** A value that tells its readers when it changes. */
export class Store<T extends object> {
  #value: T;
  readonly #readers = new Set<(now: T, before: T) => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  /** Changes some properties; readers are told only when one really differs. */
  set(patch: Partial<T>): void {
    const before = this.#value;
    const changed = (Object.keys(patch) as (keyof T)[]).some((key) => !Object.is(patch[key], before[key]));
    if (!changed) return;
    this.#value = { ...before, ...patch };
    for (const reader of [...this.#readers]) reader(this.#value, before);
  }

  /** Calls `reader` after each change; the answer ends it. */
  watch(reader: (now: T, before: T) => void): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }
}
