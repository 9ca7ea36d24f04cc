/** What the server answers, as far as the page reads it. */

export type Lang = 'vi' | 'en';

export interface Title {
  vi: string;
  en: string;
}

export interface Code extends Title {
  code: string;
  colour?: string | null;
}

export type FieldType = 'text' | 'integer' | 'real' | 'boolean' | 'date' | 'timestamp' | 'code';

export interface Field {
  name: string;
  title: Title;
  type: FieldType;
  codes?: Code[] | null;
  /** Unit of measure, such as m³. */
  unit?: string | null;
}

export interface LayerInfo {
  id: string;
  department: string;
  title: Title;
  classification: 'public' | 'internal' | 'restricted';
  /** Name of the field that `datetime` filters on. */
  time: string | null;
  /** Name of the main code field. */
  category: string | null;
  zoom: { min: number; max: number };
  /** Above this number of features a tile holds counts. */
  max_features: number;
  /** Within how many days its owner promises to bring it up to date. */
  update_days: number | null;
  colour: string;
  symbol: string;
  /** Null where it could not be read since the server started, and so the version. */
  features: number | null;
  version: number | null;
  /** It cannot be read at the moment: what is shown of it is as it was read last. */
  lagging?: true;
  time_range: [string, string] | null;
  fields: Field[];
}

export interface Place {
  title: Title;
  lon: number;
  lat: number;
  min_zoom: number;
  max_zoom: number;
}

/** `GET /layers`. */
export interface Catalogue {
  title: Title;
  time_zone: string;
  /** Today in the time zone, 2026-11-22. */
  today: string;
  view: { lon: number; lat: number; zoom: number };
  attribution: string;
  /** Some unit's lines are a drawing, not a survey. */
  schematic: boolean;
  /** First days of validity of units, ascending. */
  unit_dates: string[];
  departments: { id: string; title: Title }[];
  layers: LayerInfo[];
  places: Place[];
}

export type Level = 'province' | 'district' | 'commune';
export type Relation = 'covered' | 'near' | 'outside';

export interface LocatedUnit {
  code?: string | null;
  name?: string | null;
  full_name?: string | null;
  level: Level;
  relation: Relation;
  distance_m?: number | null;
}

/** `GET /query/locate`. */
export interface Located {
  as_of: string;
  units: LocatedUnit[];
}

export interface CountRow {
  commune: string | null;
  commune_name?: string | null;
  count: number;
}

/** `GET /query/count?by=commune`. */
export interface CountAnswer {
  total: number;
  rows: CountRow[];
}

export interface FoundFeature {
  id?: number | string;
  geometry: { type: 'Point'; coordinates: [number, number] };
  properties: Record<string, unknown> & { distance_m?: number };
}

/** `GET /query/nearest`. */
export interface FeaturePage {
  numberMatched: number;
  features: FoundFeature[];
}

export interface UnitWords {
  code: string;
  name: string;
  full_name: string;
  level: Level;
}

export interface UnitHit {
  type: 'unit';
  name: string;
  code: string;
  level: Level;
  in_force: boolean;
  parents: UnitWords[];
  became: (UnitWords & { share: 'whole' | 'part' })[];
  distance_m: number | null;
}

export interface FeatureHit {
  type: 'feature';
  name: string;
  layer: string;
  layer_title: Title;
  feature_id: number;
  unit_name: string | null;
  distance_m: number | null;
}

export interface Hit {
  id: string;
  geometry: { type: 'Point'; coordinates: [number, number] } | null;
  /** West, south, east, north. */
  bbox?: [number, number, number, number];
  properties: UnitHit | FeatureHit;
}

/** `GET /search`. */
export interface SearchAnswer {
  features: Hit[];
  more: boolean;
  /** Layers that could not be searched to their end. */
  incomplete: string[];
}

/** How far an import is. */
export interface ImportProgress {
  rows: number;
  /** Bytes read of the file's own. */
  bytes: number;
}

/** How a sender's file becomes rows; what is left out is guessed. */
export interface Mapping {
  crs?: string;
  xy?: string;
  x?: string;
  y?: string;
  encoding?: string;
  fields?: Record<string, string>;
  /** Columns that no field is taken from. */
  leave_out?: string[];
  [other: string]: unknown;
}

/** What is thought of a column of a file. */
export interface ColumnGuess {
  name: string;
  /** `x`, `y`, `id` or names of fields; nothing where it is left out. */
  goes_into: string[];
  is_certain: boolean;
  examples: string[];
}

export interface Guess {
  format: string;
  crs: string;
  xy: string;
  columns: ColumnGuess[];
  mapping: Mapping;
}

export interface Finding {
  kind: string;
  line?: number | null;
  column?: string | null;
  value?: string | null;
  message: string;
  advice: Title;
}

/** `POST /import`. */
export interface ImportReport {
  dry_run: boolean;
  written: boolean;
  rows: number;
  rejected: number;
  added: number | null;
  changed: number | null;
  unchanged: number | null;
  missing?: number | null;
  /** By which the import can be undone. */
  batch?: number | null;
  /** Why nothing can go in. */
  refusals: string[];
  /** How many findings of each kind. */
  findings: Record<string, number>;
  first_findings: Finding[];
  guesses: Guess[];
  first_rows: { line: number; id: string | null; lon: number; lat: number; values: Record<string, string> }[];
}

/** A count, its share of all, and where its rows are. */
export interface Counted {
  count: number;
  /** Null where there are no rows. */
  share: number | null;
  href: string;
}

export interface FindingCount extends Counted {
  kind: string;
  title: Title;
  advice: Title;
}

/** One layer of `GET /query/quality`. */
export interface LayerQuality {
  layer: string;
  title: Title;
  update_days: number | null;
  last_updated: string | null;
  last_confirmed: string | null;
  stale: boolean | null;
  rows: number;
  position: { with: Counted; without: Counted | null };
  unit: { covered: Counted; near: Counted; outside: Counted } | null;
  category: { field: string; known: Counted; unknown: Counted; missing: Counted } | null;
  time: { field: string; past: Counted; future: Counted; missing: Counted } | null;
  findings: FindingCount[];
}

/** `GET /query/quality`. */
export interface QualityAnswer {
  layers: LayerQuality[];
  today: string;
}

/** A row behind a number of quality: a feature, or a row of the table that the map leaves out, with what is wrong with it. */
export interface QualityRow {
  id?: number;
  geometry: { type: 'Point'; coordinates: [number, number] } | null;
  properties: Record<string, unknown>;
}

/** `GET /query/quality/rows`. */
export interface RowPage {
  numberMatched: number;
  features: QualityRow[];
  links: { rel: string; href: string }[];
}

/** `GET /ogc/collections/{layer}/items/{id}`. */
export interface StoredFeature {
  id: number | string;
  geometry: { type: 'Point'; coordinates: [number, number] } | null;
  properties: Record<string, unknown>;
}

/** `GET /ogc/collections/{layer}/schema?type=create`: what may be sent. */
export interface FeatureSchema {
  properties: {
    properties: {
      properties: Record<string, { readOnly?: boolean; minimum?: number; maximum?: number }>;
      required?: string[];
    };
  };
}

/** One of `GET /batches`. */
export interface Batch {
  id: number;
  layer: string;
  version: number;
}
