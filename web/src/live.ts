import type { CountQuestion } from './api';
import type { Done, Editing } from './edits';
import type { Importing } from './imports';
import type { Fault } from './map/health';
import type { Pick } from './map/pick';
import type { QualityView } from './quality';
import type { Catalogue, CountAnswer, FoundFeature, LocatedUnit } from './wire';

/** Counts of the chosen layer by commune. */
export interface Counts extends CountQuestion {
  answer: CountAnswer;
  /** Something else is asked for by now: these are not to be shown. */
  stale: boolean;
}

/** A place that was looked up. Parts are null while on their way. */
export interface Place {
  lon: number;
  lat: number;
  as_of: string;
  units: LocatedUnit[] | null;
  nearest: { layer: string; feature: FoundFeature }[] | null;
}

/** What the page knows at the moment, beyond the user's choices. */
export interface Live {
  catalogue: Catalogue;
  /** Version of the units; null before the server told it. */
  units: number | null;
  /** Changes on the server are told as they happen. */
  followed: boolean;
  /** Tiles are on their way. */
  busy: boolean;
  /** Queries on their way. */
  asking: number;
  faults: ReadonlyMap<string, Fault>;
  counts: Counts | null;
  /** How many features there are of each layer that is filtered and on, as far as that is known. */
  matched: ReadonlyMap<string, number>;
  place: Place | null;
  /** The next click on the map looks up its place. */
  picking: boolean;
  /** A file that was dropped, while its dialogue is open. */
  importing: Importing | null;
  /** How good the layers' rows are, while it is looked at. */
  quality: QualityView | null;
  /** Layers that take edits from here. */
  editable: ReadonlySet<string>;
  /** The feature in the form. */
  editing: Editing | null;
  /** What was written last, until it is put away. */
  done: Done | null;
  popup: { lon: number; lat: number; picks: Pick[] } | null;
  /** The panel is open, where the window is too narrow for both. */
  panel: boolean;
}
