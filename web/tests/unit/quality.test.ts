import { describe, expect, it } from 'vitest';
import { percent } from '../../src/format';
import type { Live } from '../../src/live';
import { findings, parts, Quality, standing } from '../../src/quality';
import { Store } from '../../src/store';
import type { LayerQuality, Counted } from '../../src/wire';

const count = (number: number): Counted => ({ count: number, share: number / 10, href: `http://here/${number}?a=b` });

const LAYER: LayerQuality = {
  layer: 'a.b',
  title: { vi: 'Lớp', en: 'Layer' },
  update_days: 7,
  last_updated: '2025-07-01T00:00:00Z',
  last_confirmed: '2025-07-03T00:00:00Z',
  stale: false,
  rows: 10,
  position: { with: count(9), without: count(1) },
  unit: { covered: count(7), near: count(1), outside: count(1) },
  category: null,
  time: null,
  findings: [],
};

describe('a layer and what its owner promised', () => {
  const now = new Date('2025-07-12T12:00:00Z');

  it('is late by whole days after the promised ones, one at least', () => {
    expect(standing({ ...LAYER, stale: true }, now)).toEqual({ kind: 'late', days: 2 });
    expect(standing({ ...LAYER, stale: true }, new Date('2025-07-10T00:00:01Z'))).toEqual({ kind: 'late', days: 1 });
  });

  it('is fresh since it was confirmed, whether or not anything changed then', () => {
    expect(standing(LAYER, new Date('2025-07-04T12:00:00Z'))).toEqual({ kind: 'fresh', days: 1 });
  });

  it('is nothing where nothing is promised or known', () => {
    expect(standing({ ...LAYER, update_days: null, stale: null }, now)).toEqual({ kind: 'unpromised' });
    const unknown = { ...LAYER, last_updated: null, last_confirmed: null };
    expect(standing({ ...unknown, stale: null }, now)).toEqual({ kind: 'unknown' });
    expect(standing({ ...unknown, stale: true }, now)).toEqual({ kind: 'empty' });
  });
});

describe('the parts of a layer', () => {
  it('are those that it has, the good one first', () => {
    const told = parts(LAYER).map(({ share, parts: some }) => [share, ...some.map(({ of }) => of)]);
    expect(told).toEqual([
      ['position', 'position_with', 'position_without'],
      ['unit', 'unit_covered', 'unit_near', 'unit_outside'],
    ]);
    const features = { ...LAYER, position: { with: count(9), without: null } };
    expect(parts(features)[0]?.parts.map(({ of }) => of)).toEqual(['position_with']);
  });
});

describe('the findings of a layer', () => {
  const finding = (kind: string, number: number) => ({
    ...count(number),
    kind,
    title: LAYER.title,
    advice: LAYER.title,
  });

  it('are told once: those whose rows are a share are not told beside it', () => {
    const layer = {
      ...LAYER,
      findings: [finding('outside_units', 1), finding('outside_province', 1), finding('unknown_code', 0)],
    };
    expect(findings(layer).told.map(({ kind }) => kind)).toEqual(['outside_province']);
    expect(findings({ ...layer, findings: [finding('outside_units', 1)] })).toEqual({ told: [], said: true });
    expect(findings({ ...layer, findings: [] })).toEqual({ told: [], said: false });
    // Of the same name, and about more rows than the share.
    const more = { ...layer, findings: [finding('outside_units', 2)] };
    expect(findings(more).told.map(({ kind }) => kind)).toEqual(['outside_units']);
  });
});

describe('a share', () => {
  it('is 100 % only where it is all, and 0 % only where it is nothing', () => {
    expect([1, 0.99999, 0.98765, 0.0001, 0].map((share) => percent(share, 'en'))).toEqual([
      '100%',
      '99.9%',
      '98.7%',
      '< 0.1%',
      '0%',
    ]);
    expect(percent(0.29, 'en')).toBe('29%');
  });
});

describe('the page of quality', () => {
  it('shows nothing of an answer that comes after it was closed', async () => {
    const live = new Store<Live>({ quality: null } as Live);
    const quality = new Quality(live);
    const answers: ((answer: Response) => void)[] = [];
    const fetched = globalThis.fetch;
    globalThis.fetch = () => new Promise((resolve) => answers.push(resolve));
    try {
      const opened = quality.open();
      expect(live.value.quality).toEqual({ answer: null, failure: null, list: null, last: null });
      quality.close();
      answers[0]?.(Response.json({ layers: [LAYER], today: '2025-07-12' }));
      await opened;
      expect(live.value.quality).toBeNull();
    } finally {
      globalThis.fetch = fetched;
    }
  });
});
