import * as api from './api';
import type { Live } from './live';
import type { Store } from './store';
import type { ImportProgress, ImportReport, Mapping } from './wire';

/** A file on its way into a layer. */
export interface Importing {
  file: File;
  layer: string;
  /** What is being done, or was done last. */
  step: 'looking' | 'looked' | 'writing' | 'written' | 'undoing' | 'undone';
  /** How the file is read, where that was corrected. */
  mapping: Mapping | null;
  progress: ImportProgress | null;
  /** What the server said last. */
  report: ImportReport | null;
  /** Why it could not be done, in the server's words. */
  failure: string | null;
}

/** Files that are dropped on the map: looked at first, then written, then perhaps undone. The server keeps nothing in between. */
export class Imports {
  #asking: AbortController | undefined;

  constructor(readonly live: Store<Live>) {}

  /** Looks at a file as an import into the layer would read it. */
  async offer(file: File, layer: string, mapping: Mapping | null = null): Promise<void> {
    await this.#send({ file, layer, mapping, step: 'looking', progress: null, report: null, failure: null }, 'looked');
  }

  /** Looks again at the file that is open, for another layer or read otherwise. */
  async again(change: { layer: string } | { mapping: Mapping }): Promise<void> {
    const { importing } = this.live.value;
    if (!importing) return;
    // What was guessed for one layer says nothing about another.
    if ('layer' in change) await this.offer(importing.file, change.layer);
    else await this.offer(importing.file, importing.layer, change.mapping);
  }

  /** Writes what was looked at. */
  async write(): Promise<void> {
    const { importing } = this.live.value;
    if (importing?.step !== 'looked' || !importing.report) return;
    const mapping = importing.mapping ?? importing.report.guesses[0]?.mapping ?? null;
    await this.#send({ ...importing, mapping, step: 'writing', progress: null, failure: null }, 'written');
  }

  /** Takes back what was written. */
  async undo(): Promise<void> {
    const { importing } = this.live.value;
    const batch = importing?.report?.batch;
    if (importing?.step !== 'written' || !batch) return;
    this.live.set({ importing: { ...importing, step: 'undoing', failure: null } });
    try {
      await api.undo(batch);
      this.live.set({ importing: { ...importing, step: 'undone' } });
    } catch (error) {
      this.live.set({ importing: { ...importing, failure: api.words(error) } });
    }
  }

  /** Hands over the rows that cannot go in, as a file to be corrected and sent again. */
  async rejects(): Promise<void> {
    const { importing } = this.live.value;
    if (!importing?.report) return;
    const { file, layer } = importing;
    const mapping = importing.mapping ?? importing.report.guesses[0]?.mapping ?? null;
    try {
      save(await api.rejects({ file, layer, mapping }), `${file.name.replace(/\.[^.]*$/, '')}-rejects.csv`);
    } catch (error) {
      const { importing: now } = this.live.value;
      // Another file may be open by now.
      if (now?.file === file) this.live.set({ importing: { ...now, failure: api.words(error) } });
    }
  }

  /** Closes the dialogue; what is not yet written will not be. */
  close(): void {
    this.#asking?.abort();
    this.live.set({ importing: null });
  }

  async #send(importing: Importing, then: Importing['step']): Promise<void> {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    const before = this.live.value.importing?.step === 'looked' ? 'looked' : null;
    const show = (change: Partial<Importing>) => {
      if (!asking.signal.aborted) this.live.set({ importing: { ...importing, ...change } });
    };
    show({});
    const { file, layer, mapping } = importing;
    const question = { file, layer, mapping, dry_run: importing.step === 'looking' };
    try {
      const report = await api.importFile(question, (progress) => show({ progress }), asking.signal);
      show({ step: then, report });
    } catch (error) {
      // What was looked at before stays, to be corrected.
      show({ step: importing.report && before ? before : 'looked', failure: api.words(error) });
    }
  }
}

/** Has the browser save a file. */
function save(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href));
}

/** The mapping with a column for another thing: a field, `id`, `x`, `y`, or nothing. */
export function remapped(mapping: Mapping, column: string, target: string): Mapping {
  const { x, y, leave_out, ...others } = mapping;
  const next: Mapping = { ...others };
  const left = (leave_out ?? []).filter((name) => name !== column);
  if (!target) left.push(column);
  if (left.length > 0) next.leave_out = left;
  const kept = (from: string | undefined, axis: string) => {
    if (target === axis) return column;
    return from === column ? undefined : from;
  };
  const [east, north] = [kept(x, 'x'), kept(y, 'y')];
  if (east !== undefined) next.x = east;
  if (north !== undefined) next.y = north;
  const fields = Object.entries(mapping.fields ?? {}).filter(([field, from]) => from !== column && field !== target);
  if (target && target !== 'x' && target !== 'y') fields.push([target, column]);
  next.fields = Object.fromEntries(fields);
  return next;
}
