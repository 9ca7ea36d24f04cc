import * as api from './api';
import type { Live } from './live';
import type { Store } from './store';
import type { Counted, FindingCount, LayerQuality, QualityAnswer, QualityRow, RowPage } from './wire';

/** The page for owners of layers, while it is open. */
export interface QualityView {
  /** Null while it is on its way. */
  answer: QualityAnswer | null;
  /** Why there is none, in the server's words. */
  failure: string | null;
  /** The rows behind a number, while they are shown. */
  list: RowList | null;
  /** The number whose rows were shown last: who goes back is at it again. */
  last: { layer: string; of: string } | null;
}

/** The rows behind a number. */
export interface RowList {
  layer: string;
  /** Which number. */
  of: string;
  count: number;
  /** Where the rows are. */
  href: string;
  /** Read so far; null before the first page is there. */
  rows: readonly QualityRow[] | null;
  /** Where the next page is. */
  next: string | null;
  /** More are on their way. */
  asking: boolean;
  failure: string | null;
}

/** How good the layers' rows are, and the rows behind each number: asked for when they are looked at, and not before. */
export class Quality {
  #asking: AbortController | undefined;

  constructor(readonly live: Store<Live>) {}

  async open(): Promise<void> {
    const asking = this.#begin();
    this.live.set({ quality: { answer: null, failure: null, list: null, last: null } });
    try {
      const answer = await api.quality(asking.signal);
      this.#show(asking, { answer });
    } catch (error) {
      this.#show(asking, { failure: api.words(error) });
    }
  }

  close(): void {
    this.#asking?.abort();
    this.live.set({ quality: null });
  }

  /** Shows the rows behind a number. */
  async list(layer: string, of: string, { count, href }: Counted): Promise<void> {
    const asking = this.#begin();
    const list = { layer, of, count, href, rows: null, next: null, asking: true, failure: null };
    this.#show(asking, { list, last: { layer, of } });
    await this.#page(asking, list, href);
  }

  /** Reads the next page of the rows that are shown. */
  async more(): Promise<void> {
    const list = this.live.value.quality?.list;
    if (!list?.next || list.asking) return;
    const asking = this.#begin();
    this.#show(asking, { list: { ...list, asking: true, failure: null } });
    await this.#page(asking, list, list.next);
  }

  /** Back to the numbers. */
  back(): void {
    const asking = this.#begin();
    this.#show(asking, { list: null });
  }

  #begin(): AbortController {
    this.#asking?.abort();
    this.#asking = new AbortController();
    return this.#asking;
  }

  #show({ signal }: AbortController, change: Partial<QualityView>): void {
    const { quality } = this.live.value;
    if (quality && !signal.aborted) this.live.set({ quality: { ...quality, ...change } });
  }

  async #page(asking: AbortController, list: RowList, href: string): Promise<void> {
    const ended = { ...list, asking: false, failure: null };
    try {
      const page = await api.rowsAt(href, asking.signal);
      const rows = [...(list.rows ?? []), ...page.features];
      // Rows that were written meanwhile count too.
      this.#show(asking, { list: { ...ended, rows, count: page.numberMatched, next: nextOf(page) } });
    } catch (error) {
      this.#show(asking, { list: { ...ended, failure: api.words(error) } });
    }
  }
}

function nextOf(page: RowPage): string | null {
  return page.links.find(({ rel }) => rel === 'next')?.href ?? null;
}

/** How a layer stands to what its owner promised. */
export type Standing = { kind: 'unpromised' | 'unknown' | 'empty' } | { kind: 'fresh' | 'late'; days: number };

const DAY_MS = 86_400_000;

/** Whole days since the layer was confirmed, or those that it is behind. */
export function standing(layer: LayerQuality, now: Date): Standing {
  const { update_days, last_confirmed, stale } = layer;
  if (update_days === null) return { kind: 'unpromised' };
  if (last_confirmed === null) return { kind: stale ? 'empty' : 'unknown' };
  const days = (now.getTime() - new Date(last_confirmed).getTime()) / DAY_MS;
  if (stale) return { kind: 'late', days: Math.max(1, Math.floor(days - update_days)) };
  return { kind: 'fresh', days: Math.max(0, Math.floor(days)) };
}

/** A part of a bar: what it is, how many rows, and how it is to be seen. */
export interface Part {
  of: string;
  number: Counted;
  tone: 'good' | 'doubt' | 'bad';
}

/** What a layer's rows are divided into, of those shares that it has. */
export function parts(layer: LayerQuality): { share: Share; field: string | null; parts: Part[] }[] {
  const part = (of: string, number: Counted | null, tone: Part['tone']): Part[] =>
    number ? [{ of, number, tone }] : [];
  const { position, unit, category, time } = layer;
  const all: { share: Share; field: string | null; parts: Part[] }[] = [
    {
      share: 'position',
      field: null,
      parts: [...part('position_with', position.with, 'good'), ...part('position_without', position.without, 'bad')],
    },
  ];
  if (unit) {
    all.push({
      share: 'unit',
      field: null,
      parts: [
        ...part('unit_covered', unit.covered, 'good'),
        ...part('unit_near', unit.near, 'doubt'),
        ...part('unit_outside', unit.outside, 'bad'),
      ],
    });
  }
  if (category) {
    all.push({
      share: 'category',
      field: category.field,
      parts: [
        ...part('category_known', category.known, 'good'),
        ...part('category_unknown', category.unknown, 'doubt'),
        ...part('category_missing', category.missing, 'bad'),
      ],
    });
  }
  if (time) {
    all.push({
      share: 'time',
      field: time.field,
      parts: [
        ...part('time_past', time.past, 'good'),
        ...part('time_future', time.future, 'doubt'),
        ...part('time_missing', time.missing, 'bad'),
      ],
    });
  }
  return all;
}

/** What a layer's rows are told to have, or not. */
export const SHARES = ['position', 'unit', 'category', 'time'] as const;
export type Share = (typeof SHARES)[number];

/** Findings of which the shares say the same. */
const SAID: Record<string, string> = {
  missing_position: 'position_without',
  outside_units: 'unit_outside',
  unknown_code: 'category_unknown',
  future_date: 'time_future',
};

/** The findings that a layer has, without those whose rows are the ones of a share: these are told once. */
export function findings(layer: LayerQuality): { told: FindingCount[]; said: boolean } {
  const shares = parts(layer).flatMap((share) => share.parts);
  const found = layer.findings.filter(({ count }) => count > 0);
  const isSaid = ({ kind, count }: FindingCount) =>
    shares.some(({ of, number }) => of === SAID[kind] && number.count === count);
  const told = found.filter((finding) => !isSaid(finding));
  return { told, said: told.length < found.length };
}
