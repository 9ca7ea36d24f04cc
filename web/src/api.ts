import type { Catalogue, CountAnswer, FeaturePage, Located, SearchAnswer } from './wire';

/** Longest wait for an answer. A request that takes longer counts as a server that does not answer. */
const TIMEOUT_MS = 20_000;

/** A request that got no good answer. `status` is null when there was no answer at all. */
export class Failure extends Error {
  constructor(
    readonly status: number | null,
    message: string,
  ) {
    super(message);
  }
}

/** A path with its parameters; those that are null are left out. */
function address(path: string, words: Record<string, string | null>): string {
  const query = new URLSearchParams();
  for (const [name, word] of Object.entries(words)) if (word !== null) query.set(name, word);
  return query.size ? `${path}?${query}` : path;
}

/** Asks the server for JSON. Aborting is no failure: the error of the signal is passed on. */
async function ask<T>(path: string, words: Record<string, string | null>, signal?: AbortSignal): Promise<T> {
  const url = address(path, words);
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  let answer: Response;
  try {
    answer = await fetch(url, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
    if (answer.ok) return (await answer.json()) as T;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Failure(null, error instanceof Error ? error.message : String(error));
  }
  const detail = await answer.text().catch(() => '');
  throw new Failure(answer.status, detail.slice(0, 500));
}

export function layers(signal?: AbortSignal): Promise<Catalogue> {
  return ask('/layers', {}, signal);
}

export interface CountQuestion {
  layer: string;
  as_of: string;
  datetime: string | null;
}

export function countByCommune(question: CountQuestion, signal?: AbortSignal): Promise<CountAnswer> {
  return ask('/query/count', { ...question, by: 'commune' }, signal);
}

/** Address of the same counts as a table for a spreadsheet. */
export function countTable({ layer, as_of, datetime }: CountQuestion): string {
  return address('/query/count', { layer, as_of, datetime, by: 'commune', f: 'csv' });
}

export interface PlaceQuestion {
  lon: number;
  lat: number;
  as_of: string;
}

export function locate({ lon, lat, as_of }: PlaceQuestion, signal?: AbortSignal): Promise<Located> {
  return ask('/query/locate', { at: `${lon},${lat}`, as_of }, signal);
}

export interface NearestQuestion extends PlaceQuestion {
  layer: string;
  datetime: string | null;
  count: number;
}

export function nearest(question: NearestQuestion, signal?: AbortSignal): Promise<FeaturePage> {
  const { lon, lat, layer, as_of, datetime, count } = question;
  return ask('/query/nearest', { layer, at: `${lon},${lat}`, count: String(count), as_of, datetime }, signal);
}

export interface NameQuestion {
  q: string;
  /** From where nearer ones go first. */
  at: string;
  as_of: string;
}

export function search(question: NameQuestion, signal?: AbortSignal): Promise<SearchAnswer> {
  return ask('/search', { ...question }, signal);
}
