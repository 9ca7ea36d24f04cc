import { address, answered, Failure } from './api';
import type { Bound, Sent } from './draft';
import type { Batch, FeatureSchema, StoredFeature } from './wire';
import { keptWho, whoHeader } from './who';

/** What a write came to: the layer's version, and the feature's id. */
export interface Written {
  id: number;
  version: number;
}

/** A feature and the tag that its editor is held to. */
export interface Tagged {
  feature: StoredFeature;
  etag: string;
}

const itemsOf = (layer: string) => `/ogc/collections/${layer}/items`;
const itemOf = (layer: string, id: number) => `${itemsOf(layer)}/${id}`;

/** Whether a layer takes new features and changes from this page. */
export async function takesEdits(layer: string): Promise<boolean> {
  const answer = await answered(itemsOf(layer), { method: 'OPTIONS' });
  return /\bPOST\b/.test(answer.headers.get('allow') ?? '');
}

/** What fields may be sent, and what is asked of each. */
export async function bounds(layer: string, signal: AbortSignal): Promise<Record<string, Bound>> {
  const url = address(`/ogc/collections/${layer}/schema`, { type: 'create' });
  const answer = await answered(url, { signal });
  return boundsOf((await answer.json()) as FeatureSchema);
}

export function boundsOf({ properties: { properties: sent } }: FeatureSchema): Record<string, Bound> {
  // Bounds of 64 bits are those of any whole number.
  const told = (bound = Number.NaN) => (Number.isSafeInteger(Math.trunc(bound)) ? bound : null);
  const fields = Object.entries(sent.properties).filter(([, { readOnly }]) => !readOnly);
  return Object.fromEntries(
    fields.map(([name, { minimum, maximum }]) => [
      name,
      { required: sent.required?.includes(name) ?? false, min: told(minimum), max: told(maximum) },
    ]),
  );
}

/** A feature as the server has it now: what a browser kept of it may be old. */
export async function stored(layer: string, id: number, signal: AbortSignal): Promise<Tagged> {
  const answer = await answered(itemOf(layer, id), { cache: 'no-store', signal });
  return { feature: (await answer.json()) as StoredFeature, etag: answer.headers.get('etag') ?? '' };
}

/** Makes a new feature. */
export async function create(layer: string, sent: Sent): Promise<Written> {
  const answer = await write(itemsOf(layer), {
    method: 'POST',
    headers: { 'content-type': 'application/geo+json' },
    body: JSON.stringify({ type: 'Feature', properties: {}, ...sent }),
  });
  const { id } = (await answer.json()) as StoredFeature;
  return { id: Number(id), version: versionOf(answer, layer) };
}

/** What is changed of a feature, as long as it is the one that was read. */
export interface Change {
  layer: string;
  id: number;
  etag: string;
}

export async function change({ layer, id, etag }: Change, sent: Sent): Promise<Written> {
  const answer = await write(itemOf(layer, id), {
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json', 'if-match': etag },
    body: JSON.stringify(sent),
  });
  return { id, version: versionOf(answer, layer) };
}

export async function remove({ layer, id, etag }: Change): Promise<Written> {
  const answer = await write(itemOf(layer, id), { method: 'DELETE', headers: { 'if-match': etag } });
  return { id, version: versionOf(answer, layer) };
}

/** The number of the batch that brought a layer to a version: by it the write can be undone. */
export async function batchOf(layer: string, version: number): Promise<number | null> {
  const answer = await answered(address('/batches', { layer, limit: '20' }), { cache: 'no-store' });
  const { batches } = (await answer.json()) as { batches: Batch[] };
  return batches.find((batch) => batch.version === version)?.id ?? null;
}

/** Takes a batch back; the layer's version then. */
export async function undo(batch: number): Promise<number> {
  const answer = await write(`/batches/${batch}/undo`, { method: 'POST' });
  return ((await answer.json()) as Batch).version;
}

function write(url: string, init: RequestInit): Promise<Response> {
  const headers = { ...(init.headers as Record<string, string> | undefined), ...whoHeader(keptWho()) };
  return answered(url, { ...init, headers });
}

/** `Bandoso-Version: police.incidents=12,units=3`. */
function versionOf(answer: Response, layer: string): number {
  const pairs = (answer.headers.get('bandoso-version') ?? '').split(',');
  const version = pairs.map((pair) => pair.split('=')).find(([name]) => name === layer)?.[1];
  if (version === undefined) throw new Failure(answer.status, `the answer tells no version of ${layer}`);
  return Number(version);
}
