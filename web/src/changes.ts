/** A layer, or `units`, has come to a version. */
export interface Moved {
  layer: string;
  version: number;
}

/** A server that refuses the stream is asked again after this; a stream that breaks, the browser opens again by itself. */
const AGAIN_MS = 5000;
/** Streams break for a moment now and then: only a longer absence is told. */
const GRACE_MS = 3000;

/**
 * Listens to what changes on the server while the page is in view. A browser opens only a few connections to one server, and a
 * stream holds one: pages that nobody looks at let go of theirs. A new stream begins with all versions, so nothing is missed.
 * Which layers lag it tells at its beginning only where some do, so that its beginning is news of them as well.
 */
export class Changes {
  #stream: EventSource | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  #grace: ReturnType<typeof setTimeout> | undefined;
  readonly #moved: (moved: Moved) => void;
  readonly #following: (on: boolean) => void;
  readonly #lagging: () => void;

  constructor(moved: (moved: Moved) => void, following: (on: boolean) => void, lagging: () => void) {
    this.#moved = moved;
    this.#following = following;
    this.#lagging = lagging;
    document.addEventListener('visibilitychange', () => this.#look());
    this.#look();
  }

  #look(): void {
    if (document.hidden) this.#close();
    else if (!this.#stream) this.#open();
  }

  #open(): void {
    const stream = new EventSource('/events');
    this.#stream = stream;
    stream.onopen = () => {
      clearTimeout(this.#grace);
      this.#grace = undefined;
      this.#following(true);
      this.#lagging();
    };
    stream.onmessage = ({ data }) => this.#moved(JSON.parse(data as string) as Moved);
    stream.addEventListener('lagging', () => this.#lagging());
    stream.onerror = () => {
      this.#grace ??= setTimeout(() => this.#following(false), GRACE_MS);
      if (stream.readyState !== EventSource.CLOSED) return;
      this.#stream = undefined;
      this.#again = setTimeout(() => this.#look(), AGAIN_MS);
    };
  }

  #close(): void {
    clearTimeout(this.#again);
    clearTimeout(this.#grace);
    this.#grace = undefined;
    this.#stream?.close();
    this.#stream = undefined;
  }
}
