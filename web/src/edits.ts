import { Failure, words } from './api';
import type { Moved } from './changes';
import type { Choices } from './choices';
import {
  type Bound,
  changed,
  type Draft,
  draftOf,
  EMPTY,
  nameOf,
  placed,
  POSITION,
  readDraft,
  rebase,
  type Refusal,
  type Refusals,
  taken,
  type Theirs,
} from './draft';
import type { Live } from './live';
import type { Store } from './store';
import type { Writing } from './values';
import type { LayerInfo } from './wire';
import * as writes from './writes';

/** A feature in the form. */
export interface Editing {
  layer: LayerInfo;
  /** Null while the server has none. */
  id: number | null;
  /** `placing`: a new one that has no place yet, so that there is no form either. `unread`: it could not be read. */
  step: 'placing' | 'reading' | 'unread' | 'open' | 'saving';
  /** The next click on the map is its place. */
  placing: boolean;
  bounds: Readonly<Record<string, Bound>>;
  /** As it was read, with its tag; what a new one began with. */
  base: Draft;
  etag: string;
  draft: Draft;
  /** Of parts that were not taken. */
  refusals: Refusals;
  /** Of parts that somebody else changed. */
  theirs: Readonly<Record<string, Theirs>>;
  /** Of the whole. */
  failure: Refusal | null;
  /** What is to be answered before anything else. */
  asking: 'leave' | 'remove' | null;
}

/** What was written last. */
export interface Done {
  what: 'added' | 'changed' | 'removed';
  layer: LayerInfo;
  id: number;
  name: string | null;
  /** By which it can be undone; null while that is not known. */
  batch: number | null;
  step: 'done' | 'undoing' | 'undone';
  failure: string | null;
}

/** Features that are added, corrected and removed, one at a time. */
export class Edits {
  /** Layers that were asked whether they take edits. */
  readonly #asked = new Set<string>();
  #reading: AbortController | undefined;
  readonly #choices: Store<Choices>;
  readonly #live: Store<Live>;
  readonly #moved: (moved: Moved) => void;

  /** `moved` is told the version that a write came to. */
  constructor(choices: Store<Choices>, live: Store<Live>, moved: (moved: Moved) => void) {
    this.#choices = choices;
    this.#live = live;
    this.#moved = moved;
    choices.watch((now, before) => {
      if (now.layers !== before.layers) void this.look();
    });
    addEventListener('beforeunload', (event) => {
      if (this.#isDirty()) event.preventDefault();
    });
    void this.look();
  }

  /** Asks of the layers that are on whether they take edits, once each. Where they do not, nothing of editing is shown. */
  async look(): Promise<void> {
    const on = this.#choices.value.layers.filter((id) => !this.#asked.has(id));
    await Promise.all(
      on.map(async (id) => {
        this.#asked.add(id);
        try {
          const takes = await writes.takesEdits(id);
          const { editable } = this.#live.value;
          if (takes) this.#live.set({ editable: new Set(editable).add(id) });
        } catch {
          // Asked again when the list of layers is read next.
          this.#asked.delete(id);
        }
      }),
    );
  }

  /** Begins a new feature: its place comes first. */
  add(layer: LayerInfo): void {
    if (this.#isDirty()) return;
    this.#begin({ layer, id: null, step: 'placing', placing: true });
    void this.#bound(layer);
  }

  /** Opens a feature as it is now. */
  async correct(layer: LayerInfo, id: number): Promise<void> {
    if (this.#isDirty()) return;
    const { signal } = this.#begin({ layer, id, step: 'reading', placing: false });
    await Promise.all([this.#bound(layer), this.#read(layer, id, signal)]);
  }

  #begin(begun: Pick<Editing, 'layer' | 'id' | 'step' | 'placing'>): AbortController {
    this.#reading?.abort();
    this.#reading = new AbortController();
    const nothing = { refusals: {}, theirs: {}, failure: null, asking: null };
    const editing = { ...begun, ...nothing, bounds: {}, base: EMPTY, draft: EMPTY, etag: '' };
    this.#live.set({ editing, done: null, popup: null, picking: false, panel: false });
    return this.#reading;
  }

  async #read(layer: LayerInfo, id: number, signal: AbortSignal): Promise<void> {
    try {
      const { feature, etag } = await writes.stored(layer.id, id, signal);
      const base = draftOf(layer.fields, feature, this.#writing);
      this.#show({ step: 'open', base, draft: base, etag });
    } catch (error) {
      const gone = error instanceof Failure && error.status === 404;
      if (!signal.aborted) this.#show({ step: 'unread', failure: gone ? 'edit_not_there' : said(error) });
    }
  }

  /** Bounds are told where they are known; the server holds to them anyway. */
  async #bound(layer: LayerInfo): Promise<void> {
    const signal = this.#reading?.signal;
    if (!signal) return;
    const bounds = await writes.bounds(layer.id, signal).catch(() => ({}));
    if (!signal.aborted) this.#show({ bounds });
  }

  /** Tries to read the feature again. */
  async again(): Promise<void> {
    const { editing } = this.#live.value;
    if (editing?.step === 'unread' && editing.id !== null) await this.correct(editing.layer, editing.id);
  }

  type(name: string, text: string): void {
    const { editing } = this.#live.value;
    if (!editing) return;
    const values = { ...editing.draft.values, [name]: text };
    this.#show({ draft: { ...editing.draft, values }, ...without(editing, name) });
  }

  typePlace(change: Partial<Pick<Draft, 'lon' | 'lat'>>): void {
    const { editing } = this.#live.value;
    if (editing) this.#show({ draft: { ...editing.draft, ...change }, ...without(editing, POSITION) });
  }

  /** Waits for a click on the map, or no longer. A new feature without a place is given up then. */
  move(placing: boolean): void {
    const { editing } = this.#live.value;
    if (editing?.step === 'placing' && !placing) this.close();
    else this.#show({ placing });
  }

  /** The place is to be typed. */
  typeInstead(): void {
    this.#show({ step: 'open', placing: false });
  }

  /** Takes a place on the map. */
  place(lon: number, lat: number): void {
    const { editing } = this.#live.value;
    if (!editing?.placing) return;
    const draft = placed(editing.draft, lon, lat);
    // Where a new one begins is not yet worth a question before it is given up.
    const base = editing.step === 'placing' ? draft : editing.base;
    this.#show({ step: 'open', placing: false, draft, base, ...without(editing, POSITION) });
  }

  /** A part as the server has it now, in place of what was typed. */
  take(name: string): void {
    const { editing } = this.#live.value;
    if (editing) this.#show({ draft: taken(editing, name), ...without(editing, name) });
  }

  /** Saves what is changed. `unfinished` are the fields whose input is no value yet, such as half a date. */
  async save(unfinished: readonly string[]): Promise<void> {
    const { editing } = this.#live.value;
    if (editing?.step !== 'open') return;
    const { layer, id, etag, draft, bounds } = editing;
    const { fields } = layer;
    const isNew = id === null;
    const parts = isNew ? [POSITION, ...fields.map(({ name }) => name)] : this.#changes(editing);
    const { sent, refusals } = readDraft(draft, { fields, bounds, parts, timeZone: this.#writing.timeZone });
    const half = fields.filter(({ name }) => unfinished.includes(name));
    const all = { ...refusals, ...Object.fromEntries(half.map(({ name, type }) => [name, unfinishedOf(type)])) };
    if (Object.keys(all).length > 0) return this.#show({ refusals: all, failure: 'edit_check' });
    if (parts.length === 0) return this.#show({ refusals: {}, failure: 'edit_nothing' });
    // A second click finds it under way.
    this.#show({ step: 'saving', placing: false, refusals: {}, failure: null });
    try {
      const written = isNew
        ? await writes.create(layer.id, sent)
        : await writes.change({ layer: layer.id, id, etag }, sent);
      await this.#written(isNew ? 'added' : 'changed', editing, written);
    } catch (error) {
      await this.#refused(error);
    }
  }

  /** Removes the feature, once that was agreed to. */
  async remove(): Promise<void> {
    const { editing } = this.#live.value;
    if (editing?.step !== 'open' || editing.id === null) return;
    const { layer, id, etag } = editing;
    this.#show({ step: 'saving', asking: null, placing: false, refusals: {}, failure: null });
    try {
      await this.#written('removed', editing, await writes.remove({ layer: layer.id, id, etag }));
    } catch (error) {
      await this.#refused(error);
    }
  }

  ask(asking: Editing['asking']): void {
    if (this.#live.value.editing?.step !== 'saving') this.#show({ asking });
  }

  /** Closes the form; asks first where something would be lost. */
  leave(): void {
    if (this.#live.value.editing?.step === 'saving') return;
    if (this.#isDirty()) this.ask('leave');
    else this.close();
  }

  close(): void {
    this.#reading?.abort();
    this.#live.set({ editing: null });
  }

  /** Takes back what was written last. */
  async undo(): Promise<void> {
    const { done } = this.#live.value;
    if (done?.step !== 'done' || done.batch === null) return;
    const undoing: Done = { ...done, step: 'undoing', failure: null };
    this.#live.set({ done: undoing });
    const show = (change: Partial<Done>) => {
      if (this.#live.value.done === undoing) this.#live.set({ done: { ...undoing, ...change } });
    };
    try {
      this.#moved({ layer: done.layer.id, version: await writes.undo(done.batch) });
      show({ step: 'undone' });
    } catch (error) {
      show({ step: 'done', failure: words(error) });
    }
  }

  /** Puts away the word of what was written. */
  forget(): void {
    this.#live.set({ done: null });
  }

  get #writing(): Writing {
    return { lang: this.#choices.value.lang, timeZone: this.#live.value.catalogue.time_zone };
  }

  #changes({ layer, base, draft }: Editing): string[] {
    return changed(layer.fields, base, draft, this.#writing.timeZone);
  }

  #isDirty(): boolean {
    const { editing } = this.#live.value;
    return editing !== null && (editing.step === 'saving' || this.#changes(editing).length > 0);
  }

  #show(change: Partial<Editing>): void {
    const { editing } = this.#live.value;
    if (editing) this.#live.set({ editing: { ...editing, ...change } });
  }

  async #written(what: Done['what'], { layer, base, draft }: Editing, { id, version }: writes.Written): Promise<void> {
    const name = nameOf(layer.fields, what === 'removed' ? base : draft);
    const done: Done = { what, layer, id, name, batch: null, step: 'done', failure: null };
    this.#live.set({ editing: null, done });
    this.#moved({ layer: layer.id, version });
    const batch = await writes.batchOf(layer.id, version).catch(() => null);
    if (this.#live.value.done === done) this.#live.set({ done: { ...done, batch } });
  }

  /** What was typed stays, whatever the server says. */
  async #refused(error: unknown): Promise<void> {
    const { editing } = this.#live.value;
    if (!editing) return;
    const { layer, id } = editing;
    const parameter = error instanceof Failure ? error.parameter : null;
    if (error instanceof Failure && (error.status === 412 || error.status === 404) && id !== null) {
      await this.#behind(layer, id);
    } else if (parameter === POSITION || layer.fields.some(({ name }) => name === parameter)) {
      const detail = words(error).replace(`${parameter}: `, '');
      this.#show({ step: 'open', refusals: { [parameter as string]: { said: detail } }, failure: 'edit_check' });
    } else {
      // Sent twice, a change is refused by its tag; a new feature would be there twice.
      const away = id === null ? 'edit_away_new' : 'edit_away';
      this.#show({ step: 'open', failure: isAway(error) ? away : said(error) });
    }
  }

  /** Somebody else was first: goes on from what is there now. */
  async #behind(layer: LayerInfo, id: number): Promise<void> {
    const ending = new AbortController();
    this.#reading = ending;
    try {
      const { feature, etag } = await writes.stored(layer.id, id, ending.signal);
      const { editing } = this.#live.value;
      if (!editing) return;
      const now = draftOf(layer.fields, feature, this.#writing);
      const { timeZone } = this.#writing;
      const { draft, theirs } = rebase(editing, now, { fields: layer.fields, timeZone });
      const next = { step: 'open', base: now, etag, draft } as const;
      // The answer to the same change may have been lost on its way.
      if (this.#changes(editing).length > 0 && this.#changes({ ...editing, ...next }).length === 0) {
        this.#show({ ...next, theirs: {}, failure: 'edit_same' });
      } else {
        this.#show({ ...next, theirs: { ...editing.theirs, ...theirs }, failure: 'edit_behind' });
      }
    } catch (error) {
      if (error instanceof Failure && error.status === 404) {
        // Saved again, it is a new one.
        this.#show({ step: 'open', id: null, base: EMPTY, etag: '', theirs: {}, failure: 'edit_gone' });
      } else {
        this.#show({ step: 'open', failure: isAway(error) ? 'edit_away' : said(error) });
      }
    }
  }
}

/** It did not answer, or not in time, or cannot reach the data: what it says of that is for others. */
function isAway(error: unknown): boolean {
  return !(error instanceof Failure) || error.status === null || error.status > 500;
}

function said(error: unknown): Refusal {
  return isAway(error) ? 'edit_away' : { said: words(error) };
}

function unfinishedOf(type: string): Refusal {
  return type === 'date' ? 'edit_bad_day' : 'edit_bad_instant';
}

/** The refusals without that of a part that is being corrected. */
function without({ refusals }: Editing, name: string): Pick<Editing, 'refusals'> {
  const { [name]: _, ...others } = refusals;
  return { refusals: others };
}
