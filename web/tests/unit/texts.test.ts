import { describe, expect, it } from 'vitest';
import { placeLabel } from '../../src/map/places';
import { say } from '../../src/text';
import { en } from '../../src/text/en';
import { type Key, vi } from '../../src/text/vi';
import type { Place } from '../../src/wire';

const holes = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([hole]) => hole).sort();

describe('texts', () => {
  it.each(Object.keys(vi) as Key[])('%s fills in the same words in both languages', (key) => {
    expect(holes(en[key])).toEqual(holes(vi[key]));
  });

  it('are filled in, and unknown words are left to be seen', () => {
    expect(say('vi', 'since', { date: '01/07/2025' })).toBe('Từ 01/07/2025');
    expect(say('en', 'since')).toBe('Since {date}');
  });

  it('are composed letters, as fonts have them', () => {
    for (const text of Object.values(vi)) expect(text).toBe(text.normalize('NFC'));
  });
});

describe('the name of a place', () => {
  const place = { title: { vi: 'Quần đảo Hoàng Sa', en: 'Hoàng Sa Islands' } } as Place;

  it('is Vietnamese, with the English in brackets in English', () => {
    expect(placeLabel(place, 'vi')).toBe('Quần đảo Hoàng Sa');
    expect(placeLabel(place, 'en')).toBe('Quần đảo Hoàng Sa\n(Hoàng Sa Islands)');
  });
});
