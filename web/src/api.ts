import type {
  Catalogue,
  CountAnswer,
  FeaturePage,
  ImportProgress,
  ImportReport,
  Located,
  Mapping,
  QualityAnswer,
  RowPage,
  SearchAnswer,
} from './wire';

/** Longest wait for an answer. A request that takes longer counts as a server that does not answer. */
const TIMEOUT_MS = 20_000;

/** A request that got no good answer. `status` is null when there was no answer at all. */
export class Failure extends Error {
  constructor(
    readonly status: number | null,
    message: string,
    /** What of the request was at fault, where the server says so. */
    readonly parameter: string | null = null,
  ) {
    super(message);
  }
}

/** A path with its parameters; those that are null are left out. */
export function address(path: string, asked: Record<string, string | null>): string {
  const query = new URLSearchParams();
  for (const [name, word] of Object.entries(asked)) if (word !== null) query.set(name, word);
  return query.size ? `${path}?${query}` : path;
}

/** Asks the server for JSON. Aborting is no failure: the error of the signal is passed on. */
async function ask<T>(path: string, asked: Record<string, string | null>, signal?: AbortSignal): Promise<T> {
  const url = address(path, asked);
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  let answer: Response;
  try {
    answer = await fetch(url, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
    if (answer.ok) return (await answer.json()) as T;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Failure(null, words(error));
  }
  const detail = await answer.text().catch(() => '');
  throw new Failure(answer.status, detail.slice(0, 500));
}

/** Sends a request; an answer that is no good one, and none at all, is a failure. */
export async function answered(url: string, init: RequestInit): Promise<Response> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  let answer: Response;
  try {
    answer = await fetch(url, { ...init, signal: init.signal ? AbortSignal.any([init.signal, timeout]) : timeout });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Failure(null, words(error));
  }
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

/** What a failure says. */
export function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function layers(signal?: AbortSignal): Promise<Catalogue> {
  return ask('/layers', {}, signal);
}

export interface CountQuestion {
  layer: string;
  as_of: string;
  datetime: string | null;
  filter: string | null;
}

export function countByCommune(question: CountQuestion, signal?: AbortSignal): Promise<CountAnswer> {
  return ask('/query/count', { ...question, by: 'commune' }, signal);
}

/** Address of the same counts as a table for a spreadsheet. */
export function countTable({ layer, as_of, datetime, filter }: CountQuestion): string {
  return address('/query/count', { layer, as_of, datetime, filter, by: 'commune', f: 'csv' });
}

/** Of all of a layer: units do not matter. */
export function total(question: Omit<CountQuestion, 'as_of'>, signal: AbortSignal): Promise<{ total: number }> {
  return ask('/query/count', { ...question }, signal);
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
  filter: string | null;
  count: number;
}

export function nearest(question: NearestQuestion, signal?: AbortSignal): Promise<FeaturePage> {
  const { lon, lat, count, ...others } = question;
  return ask('/query/nearest', { ...others, at: `${lon},${lat}`, count: String(count) }, signal);
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

/** Of all layers. */
export function quality(signal: AbortSignal): Promise<QualityAnswer> {
  return ask('/query/quality', {}, signal);
}

/** Address of the same numbers as a table for a spreadsheet. */
export const QUALITY_TABLE = '/query/quality?f=csv&bom=true';

/** A page of the rows at an address that the server gave. */
export function rowsAt(href: string, signal: AbortSignal): Promise<RowPage> {
  return ask(here(href), {}, signal);
}

/** Address of all rows at an address that the server gave, as a table for a spreadsheet. */
export function rowTable(href: string): string {
  return `${here(href)}&f=csv&bom=true&limit=10000`;
}

/** An address of the server without its name: behind a gateway it may know itself under another one than the page does. */
function here(href: string): string {
  const { pathname, search } = new URL(href, location.href);
  return pathname + search;
}

export interface ImportQuestion {
  file: File;
  layer: string;
  mapping: Mapping | null;
  dry_run: boolean;
}

/** Sends a file to be looked at or written. The answer comes line by line: how far it is, and at the end the report. */
export async function importFile(
  { file, layer, mapping, dry_run }: ImportQuestion,
  told: (progress: ImportProgress) => void,
  signal: AbortSignal,
): Promise<ImportReport> {
  const url = address('/import', { layer, dry_run: String(dry_run) });
  const body = form(file, mapping);
  const answer = await fetch(url, { method: 'POST', body, signal, headers: { accept: 'application/x-ndjson' } });
  if (!answer.ok || !answer.body) throw await refusal(answer);
  let report: ImportReport | undefined;
  for await (const line of lines(answer.body)) {
    const said = JSON.parse(line) as {
      progress?: ImportProgress;
      report?: ImportReport;
      problem?: { detail?: string };
    };
    if (said.problem) throw new Failure(answer.status, said.problem.detail ?? line);
    if (said.progress) told(said.progress);
    if (said.report) report = said.report;
  }
  if (!report) throw new Failure(null, 'the answer ended early');
  return report;
}

/** The rows of a file that cannot go in, with the reasons, in the file's own columns. Nothing is written. */
export async function rejects({ file, layer, mapping }: Omit<ImportQuestion, 'dry_run'>): Promise<Blob> {
  const url = address('/import', { layer, dry_run: 'true', f: 'rejects' });
  const answer = await fetch(url, { method: 'POST', body: form(file, mapping) });
  if (!answer.ok) throw await refusal(answer);
  return answer.blob();
}

function form(file: File, mapping: Mapping | null): FormData {
  const body = new FormData();
  if (mapping) body.set('mapping', new Blob([JSON.stringify(mapping)], { type: 'application/json' }));
  body.set('file', file, file.name);
  return body;
}

/** Takes an import back. */
export async function undo(batch: number): Promise<void> {
  const answer = await fetch(`/batches/${batch}/undo`, { method: 'POST' });
  if (!answer.ok) throw await refusal(answer);
}

/** What a problem document says. */
async function refusal(answer: Response): Promise<Failure> {
  const text = await answer.text().catch(() => '');
  try {
    const { detail, parameter } = JSON.parse(text) as { detail?: string; parameter?: string };
    return new Failure(answer.status, detail ?? text.slice(0, 500), parameter ?? null);
  } catch {
    return new Failure(answer.status, text.slice(0, 500));
  }
}

async function* lines(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    const whole = (rest + (value ?? '')).split('\n');
    rest = whole.pop() ?? '';
    yield* whole.filter((line) => line !== '');
    if (done) break;
  }
  if (rest) yield rest;
}
