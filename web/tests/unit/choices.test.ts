import { describe, expect, it } from 'vitest';
import { type Choices, readHash, SHOWN, writeHash } from '../../src/choices';

const choices: Choices = {
  lang: 'en',
  view: { lon: 108.80123, lat: 15.12046, zoom: 11.25 },
  layers: ['police.incidents', 'health.facilities'],
  date: '2024-05-01',
  from: '2025-01-01',
  to: '2025-12-31',
  filters: { 'police.incidents': { category: 'fire,theft', title: 'chợ & “nhà’s”; 50%=½+#' } },
  count: 'police.incidents',
  shown: ['province', 'names'],
};

describe('the address', () => {
  it('holds every choice and gives each back', () => {
    expect(readHash(writeHash(choices))).toEqual(choices);
  });

  it('keeps an open end of time open', () => {
    const open = { ...choices, to: null };
    const read = readHash(writeHash(open));
    expect([read.from, read.to]).toEqual(['2025-01-01', undefined]);
  });

  it('tells no layers from no word about layers', () => {
    expect(readHash('#layers=').layers).toEqual([]);
    expect(readHash('#').layers).toBeUndefined();
  });

  it('leaves out what is at its default', () => {
    const plain = { ...choices, date: null, from: null, to: null, filters: {}, count: null, shown: SHOWN };
    expect(writeHash(plain)).toBe('#map=11.25/15.12046/108.80123&layers=police.incidents,health.facilities&lang=en');
  });

  it.each([
    ['#map=99/15/108', 'view'],
    ['#map=9/95/108', 'view'],
    ['#map=9/15', 'view'],
    ['#map=a/b/c', 'view'],
    ['#date=2025-02-30', 'date'],
    ['#date=<script>', 'date'],
    ['#lang=fr', 'lang'],
    ['#time=2025-01-01', 'from'],
    ['#count=police', 'count'],
    ['#police.incidents=fire', 'filters'],
    ['#police.incidents.category=', 'filters'],
    ['#police.incidents.a.b=fire&Police.x.y=1&__proto__.x.y=1', 'filters'],
  ] as const)('ignores %s', (hash, key) => {
    expect(readHash(hash)[key]).toBeUndefined();
  });

  it('takes only well-formed layer ids, each once', () => {
    expect(readHash('#layers=police.incidents,../x,police.incidents,A.b,health.facilities').layers).toEqual([
      'police.incidents',
      'health.facilities',
    ]);
  });
});
