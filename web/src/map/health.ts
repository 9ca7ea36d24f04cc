import { Failure } from '../api';
import type { Live } from '../live';
import type { Store } from '../store';

/** What could not be loaded, and why: no answer (null) or an HTTP status. */
export interface Fault {
  /** A layer's id, or the `subject_…` text of something else. */
  subject: string;
  status: number | null;
}

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 10_000;

/**
 * Knows what is loading and what failed, and tries failed things again, more slowly each time, until they work. A fault goes
 * away by itself when its own next try succeeds.
 */
export class Health {
  readonly #state: Store<Live>;
  readonly #probe: () => Promise<boolean>;
  readonly #retries = new Map<string, () => Promise<void> | void>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wait_ms = FIRST_WAIT_MS;

  /** `probe` tells whether the server answers at all: without that, nothing else is tried. */
  constructor(state: Store<Live>, probe: () => Promise<boolean>) {
    this.#state = state;
    this.#probe = probe;
  }

  /** Runs a query, counted as loading; its failure becomes a fault that is tried again by `retry`. */
  async ask<T>(subject: string, question: () => Promise<T>, retry: () => Promise<void> | void): Promise<T | null> {
    this.#state.set({ asking: this.#state.value.asking + 1 });
    try {
      const answer = await question();
      this.mended(subject);
      return answer;
    } catch (error) {
      if (error instanceof Failure) this.failed({ subject, status: error.status }, retry);
      else if (!(error instanceof DOMException && error.name === 'AbortError')) throw error;
      return null;
    } finally {
      this.#state.set({ asking: this.#state.value.asking - 1 });
    }
  }

  failed(fault: Fault, retry: () => Promise<void> | void): void {
    this.#retries.set(fault.subject, retry);
    const known = this.#state.value.faults.get(fault.subject);
    if (known?.status !== fault.status || !known) {
      this.#state.set({ faults: new Map(this.#state.value.faults).set(fault.subject, fault) });
    }
    this.#schedule();
  }

  mended(subject: string): void {
    this.#retries.delete(subject);
    if (!this.#state.value.faults.has(subject)) return;
    const faults = new Map(this.#state.value.faults);
    faults.delete(subject);
    this.#state.set({ faults });
    if (faults.size === 0) this.#wait_ms = FIRST_WAIT_MS;
  }

  /** Tries everything that failed, now. */
  async retry(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wait_ms = Math.min(this.#wait_ms * 2, LONGEST_WAIT_MS);
    if (await this.#probe()) await Promise.all([...this.#retries.values()].map((again) => again()));
    // A try that neither fails nor succeeds, such as of a tile that left the view, must not be the last.
    if (this.#retries.size) this.#schedule();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => void this.retry(), this.#wait_ms);
  }
}
