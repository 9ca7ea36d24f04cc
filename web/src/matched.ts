import * as api from './api';
import type { Choices } from './choices';
import { narrowed } from './filters';
import { isRead } from './lagging';
import type { Live } from './live';
import type { Health } from './map/health';
import type { Store } from './store';
import type { LayerInfo } from './wire';

interface Asked {
  question: string;
  version: number | null;
  ending: AbortController;
}

/** Counts the features that each filtered layer shows: the number of all of them would not be what is on the map. */
export class Matched {
  readonly #asked = new Map<string, Asked>();
  readonly #choices: Store<Choices>;
  readonly #live: Store<Live>;
  readonly #health: Health;

  constructor(choices: Store<Choices>, live: Store<Live>, health: Health) {
    this.#choices = choices;
    this.#live = live;
    this.#health = health;
    choices.watch(() => this.#look());
    live.watch((now, before) => {
      if (now.catalogue !== before.catalogue) this.#look();
    });
    this.#look();
  }

  #look(): void {
    const choices = this.#choices.value;
    for (const layer of this.#live.value.catalogue.layers) {
      const { datetime, filter } = narrowed(layer, choices);
      if (filter !== null && isRead(layer) && choices.layers.includes(layer.id))
        void this.#count(layer, { datetime, filter });
      else if (this.#asked.has(layer.id)) this.#forget(layer.id);
    }
    if (this.#asked.size === 0) this.#health.mended('subject_matched');
  }

  async #count({ id, version }: LayerInfo, narrow: ReturnType<typeof narrowed>): Promise<void> {
    const question = JSON.stringify(narrow);
    const last = this.#asked.get(id);
    if (last?.question === question && last.version === version) return;
    // The same of an older version is shown until the new number is there.
    if (last?.question === question) last.ending.abort();
    else this.#forget(id);
    const asked = { question, version, ending: new AbortController() };
    this.#asked.set(id, asked);
    const { signal } = asked.ending;
    const ask = () => api.total({ layer: id, ...narrow }, signal);
    const answer = await this.#health.ask('subject_matched', ask, () => this.#look());
    if (signal.aborted) return;
    if (answer) this.#show(id, answer.total);
    else this.#asked.delete(id);
  }

  #forget(id: string): void {
    this.#asked.get(id)?.ending.abort();
    this.#asked.delete(id);
    if (this.#live.value.matched.has(id)) this.#show(id, null);
  }

  #show(id: string, count: number | null): void {
    const matched = new Map(this.#live.value.matched);
    if (count === null) matched.delete(id);
    else matched.set(id, count);
    this.#live.set({ matched });
  }
}
