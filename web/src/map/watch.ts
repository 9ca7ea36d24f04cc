import type { Map as MapGL, VectorTileSource } from 'maplibre-gl';
import type { Live } from '../live';
import type { Store } from '../store';
import type { Health } from './health';

interface TileAddress {
  z: number;
  x: number;
  y: number;
}

/** Reports the loading and the failures of the map's tiles. */
export class TileWatch {
  readonly #map: MapGL;
  readonly #health: Health;
  /** By source: the tiles that failed last. */
  readonly #failed = new Map<string, Map<string, TileAddress>>();

  constructor(map: MapGL, health: Health, state: Store<Live>) {
    this.#map = map;
    this.#health = health;
    map.on('dataloading', () => state.set({ busy: true }));
    map.on('idle', () => state.set({ busy: false }));
    map.on('error', (event) => this.#onError(event as unknown as TileError));
  }

  /** Loads a source's tiles anew, from `tiles` where given. */
  reload(source: string, tiles?: string): void {
    // MapLibre 6.17 waits for ever for a failed tile whose source changes: such tiles are first asked for again as they were.
    this.#map.refreshTiles(source, [...(this.#failed.get(source)?.values() ?? [])]);
    this.#failed.delete(source);
    const found = this.#map.getSource(source);
    if (!tiles) this.#map.refreshTiles(source);
    else if (found?.type === 'vector') (found as VectorTileSource).setTiles([tiles]);
  }

  #onError({ error, sourceId, tile }: TileError): void {
    if (sourceId && tile) {
      const { z, x, y } = tile.tileID.canonical;
      const failed = this.#failed.get(sourceId) ?? new Map<string, TileAddress>();
      this.#failed.set(sourceId, failed.set(`${z}/${x}/${y}`, { z, x, y }));
      // Nothing, or 0, is a server that did not answer.
      this.#health.failed({ subject: sourceId, status: error.status || null }, () => this.#again(sourceId));
    } else {
      reportError(error);
    }
    // A failed tile asks for no new frame, and without one the map is never idle: loading would never end.
    this.#map.triggerRepaint();
  }

  #again(source: string): void {
    const tiles = [...(this.#failed.get(source)?.values() ?? [])];
    this.#failed.delete(source);
    this.#map.refreshTiles(source, tiles);
    // Idle comes once every tile in view has loaded or failed; those that failed again are in `#failed` then.
    this.#map.once('idle', () => {
      if (!this.#failed.has(source)) this.#health.mended(source);
    });
    this.#map.triggerRepaint();
  }
}

/** The part of MapLibre's error event that tells of a tile: its types name only the error. */
interface TileError {
  error: Error & { status?: number };
  sourceId?: string;
  tile?: { tileID: { canonical: TileAddress } };
}
