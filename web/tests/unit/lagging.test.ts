import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Changes } from '../../src/changes';
import { isRead, lagOf, takesEdits } from '../../src/lagging';
import type { Catalogue, LayerInfo } from '../../src/wire';

const layer = (patch: Partial<LayerInfo>) => ({ id: 'a.b', features: 3, version: 1, ...patch }) as LayerInfo;

describe('a layer', () => {
  it('lags when the server says so, and has nothing to show when it was never read', () => {
    expect(lagOf(layer({}))).toBeNull();
    expect(lagOf(layer({ lagging: true }))).toBe('lagging');
    expect(lagOf(layer({ lagging: true, features: null, version: null }))).toBe('unread');
  });

  it('is read also when it has no features', () => {
    expect(isRead(layer({ features: 0, version: 0 }))).toBe(true);
    expect(isRead(layer({ features: null, version: null }))).toBe(false);
  });

  it('takes edits where it may be edited and does not lag by now', () => {
    const live = (patch: Partial<LayerInfo>) => ({
      catalogue: { layers: [layer(patch)] } as Catalogue,
      editable: new Set(['a.b']),
    });
    expect(takesEdits(live({}), 'a.b')).toBe(true);
    expect(takesEdits(live({ lagging: true }), 'a.b')).toBe(false);
    expect(takesEdits(live({ id: 'a.c' }), 'a.c')).toBe(false);
    expect(takesEdits(live({ id: 'a.c' }), 'a.b')).toBe(false);
  });
});

/** A stream that says what the test lets it say. */
class Stream extends EventTarget {
  static readonly CLOSED = 2;
  static readonly opened: Stream[] = [];
  onopen?: () => void;
  onmessage?: (event: { data: string }) => void;

  constructor(readonly url: string) {
    super();
    Stream.opened.push(this);
    this.addEventListener('open', () => this.onopen?.());
  }
}

describe('the stream of changes', () => {
  beforeEach(() => {
    vi.stubGlobal('EventSource', Stream);
    vi.stubGlobal('document', Object.assign(new EventTarget(), { hidden: false }));
  });
  afterEach(() => vi.unstubAllGlobals());

  it('has the layers looked at that lag when it says so, and whenever it begins', () => {
    const [moved, following, lagging] = [vi.fn(), vi.fn(), vi.fn()];
    new Changes(moved, following, lagging);
    const stream = Stream.opened.at(-1);
    expect(stream?.url).toBe('/events');
    stream?.dispatchEvent(new Event('open'));
    expect(lagging).toHaveBeenCalledTimes(1);
    stream?.dispatchEvent(new Event('lagging'));
    expect(lagging).toHaveBeenCalledTimes(2);
    stream?.onmessage?.({ data: '{"layer":"a.b","version":2}' });
    expect(moved.mock.calls).toEqual([[{ layer: 'a.b', version: 2 }]]);
    // The browser opens a broken stream again by itself: those that lagged may lag no more, and nothing says so.
    stream?.dispatchEvent(new Event('open'));
    expect(lagging).toHaveBeenCalledTimes(3);
  });
});
