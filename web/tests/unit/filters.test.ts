import { describe, expect, it } from 'vitest';
import { writeHash, readHash, SHOWN } from '../../src/choices';
import {
  changed,
  cleared,
  cql,
  type Filter,
  filterable,
  fits,
  kindOf,
  narrowed,
  readable,
  readTyped,
} from '../../src/filters';
import type { Field, FieldType, LayerInfo } from '../../src/wire';

const field = (name: string, type: FieldType, codes?: string[]): Field => ({
  name,
  title: { vi: name, en: name },
  type,
  ...(codes && { codes: codes.map((code) => ({ code, vi: code, en: code })) }),
});
const layer = {
  id: 'police.incidents',
  time: 'occurred_at',
  fields: [
    field('title', 'text'),
    field('category', 'code', ['theft', 'fire', 'drugs']),
    field('occurred_at', 'timestamp'),
    field('closed_at', 'timestamp'),
    field('checked', 'date'),
    field('beds', 'integer'),
    field('flow', 'real'),
    field('open', 'boolean'),
  ],
} as LayerInfo;
const asked = (filter: Filter) => cql(layer, filter);

describe('the fields that can be filtered by', () => {
  it('are those that the server tells, without the time that has a choice of its own', () => {
    const names = filterable(layer).map(({ name }) => name);
    expect(names).toEqual(['title', 'category', 'closed_at', 'checked', 'beds', 'flow', 'open']);
    expect(asked({ occurred_at: '2025-01-01..' })).toBeNull();
  });

  it('are asked for by what they hold; a code without a list is a text', () => {
    expect(layer.fields.map(kindOf).join()).toBe('piece,codes,range,range,range,range,range,truth');
    expect(kindOf(field('source', 'code'))).toBe('piece');
  });
});

describe('a filter in CQL2', () => {
  it.each<[string, Filter, string]>([
    ['codes, in the order of the list', { category: 'fire,theft' }, `"category" IN ('theft','fire')`],
    ['a truth', { open: 'no' }, '"open" = FALSE'],
    ['whole numbers, both ends included', { beds: '-5..10' }, '"beds" >= -5 AND "beds" <= 10'],
    ['one end only', { flow: '..1.5' }, '"flow" <= 1.5'],
    ['one number', { beds: '0..0' }, '"beds" >= 0 AND "beds" <= 0'],
    ['days', { checked: '2024-02-29..' }, `"checked" >= DATE('2024-02-29')`],
    ['the whole of the last day of an instant', { closed_at: '..2024-12-31' }, `"closed_at" < DATE('2025-01-01')`],
    ['a piece of a text', { title: ' cháy ' }, `ACCENTI(CASEI("title")) LIKE ACCENTI(CASEI('%cháy%'))`],
    ['a quote in a text', { title: "o'clock" }, `ACCENTI(CASEI("title")) LIKE ACCENTI(CASEI('%o''clock%'))`],
    [
      'what patterns and texts have a meaning for',
      { title: '50%_\\n' },
      // The text takes one backslash of two, the pattern one of those that are left.
      `ACCENTI(CASEI("title")) LIKE ACCENTI(CASEI('%50\\\\%\\\\_\\\\\\\\n%'))`,
    ],
    ['all that is asked, by fields', { open: 'yes', beds: '1..' }, '"beds" >= 1 AND "open" = TRUE'],
  ])('has %s', (_, filter, text) => expect(asked(filter)).toBe(text));

  it.each<[string, Filter | undefined]>([
    ['no filter', undefined],
    ['no field', {}],
    ['an empty choice', { category: '', title: '', beds: '' }],
    ['only white space', { title: '   ' }],
    ['an unknown field', { colour: 'red' }],
    ['an unknown code', { category: 'arson' }],
    ['a range that ends before it begins', { beds: '10..9' }],
    ['such a range of which the texts are in order', { flow: '10..9.5' }],
    ['days that end before they begin', { checked: '2025-02-01..2025-01-31' }],
    ['a day that is none', { checked: '2025-02-30..' }],
    ['a last day that none comes after', { closed_at: '..9999-12-31' }],
    ['a range without ends', { beds: '..' }],
    ['a range without its dots', { beds: '5' }],
    ['three ends', { beds: '1..2..3' }],
    ['no number', { beds: 'x..', flow: 'NaN..Infinity' }],
    ['a fraction of a whole number', { beds: '1.5..' }],
    ['a number that would become another', { beds: '9007199254740993..', flow: '1e999..' }],
    ['a truth in other words', { open: 'true' }],
    ['a text longer than any that is typed', { title: 'x'.repeat(101) }],
    ['a way out of the quotes', { checked: "2025-01-01') OR (1=1..", beds: '1 OR 1=1..' }],
  ])('is none for %s', (_, filter) => expect(asked(filter as Filter)).toBeNull());

  it('takes what can be read, beside what cannot', () => {
    expect(asked({ category: 'arson,fire', beds: '2..1', colour: 'red' })).toBe(`"category" IN ('fire')`);
  });

  it('narrows its own layer, together with the time', () => {
    const choices = { from: '2025-03-01', to: null, filters: { 'police.incidents': { open: 'yes' } } };
    expect(narrowed(layer, choices)).toEqual({ datetime: '2025-03-01/..', filter: '"open" = TRUE' });
    expect(narrowed({ ...layer, id: 'police.cameras', time: null }, choices)).toEqual({ datetime: null, filter: null });
  });

  it('that requests have no room for is found out', () => {
    const codes = Array.from({ length: 500 }, (_, index) => `code_${index}`);
    const many = { ...layer, fields: [field('category', 'code', codes)] };
    expect(fits(many, { category: codes.slice(0, 20).join() })).toBe(true);
    expect(fits(many, { category: codes.join() })).toBe(false);
    expect(readable([many], { [many.id]: { category: codes.join() } })).toEqual({});
  });
});

describe('a range that is typed', () => {
  const typed = (name: string, from: string, to: string) => {
    const found = layer.fields.find((one) => one.name === name);
    return found && readTyped(found, [from, to], 'Asia/Ho_Chi_Minh');
  };

  it('is read as people write numbers and days, and may be open', () => {
    expect(typed('flow', '12,5', '')).toEqual({ value: '12.5..' });
    expect(typed('beds', '1.000', '5.000.000')).toEqual({ value: '1000..5000000' });
    expect(typed('closed_at', '', '2025-03-31')).toEqual({ value: '..2025-03-31' });
    expect(typed('beds', ' ', '')).toEqual({ value: '' });
  });

  it('is told what is wrong with it', () => {
    expect(typed('beds', '1,5', '')).toEqual({ fault: 'edit_bad_integer' });
    expect(typed('flow', '', 'nhiều')).toEqual({ fault: 'edit_bad_number' });
    expect(typed('beds', '10', '9')).toEqual({ fault: 'filter_reversed' });
  });
});

describe('filters in the address', () => {
  const choices = { lang: 'vi', view: { lon: 0, lat: 0, zoom: 0 }, layers: [], date: null, from: null } as const;
  const written = (filter: Filter) =>
    writeHash({ ...choices, to: null, count: null, shown: SHOWN, filters: { [layer.id]: filter } });

  it('are short, and readable where the letters are those of addresses', () => {
    const hash = written({ category: 'fire,theft', beds: '5..10' });
    expect(hash).toContain('&police.incidents.category=fire,theft&police.incidents.beds=5..10&');
  });

  it.each(["a&b=c#d+e f'%25,\\", 'chợ Quảng Ngãi', '{z}/{x}', '<b>'])('come back with a text as it is: %s', (title) => {
    expect(readHash(written({ title })).filters).toEqual({ [layer.id]: { title } });
  });

  it('are written in one way, without what cannot be read and without layers that there are not', () => {
    const filters = {
      'police.incidents': { category: 'fire,arson,theft,fire', beds: '007..1e1', title: ' x ', colour: 'red' },
      'police.ghosts': { title: 'x' },
    };
    expect(readable([layer], filters)).toEqual({
      'police.incidents': { category: 'theft,fire', beds: '7..10', title: 'x' },
    });
    expect(readable([layer], { [layer.id]: { colour: 'red' } })).toEqual({});
  });
});

describe('a change of filters', () => {
  const filters = { 'police.incidents': { category: 'fire', open: 'yes' }, 'police.cameras': { name: 'x' } };

  it('is of one field, and leaves nothing where nothing is asked', () => {
    const next = changed(filters, layer.id, 'category', '');
    expect(next).toEqual({ ...filters, [layer.id]: { open: 'yes' } });
    expect(changed(next, layer.id, 'open', '')).toEqual({ 'police.cameras': { name: 'x' } });
    expect(changed({}, layer.id, 'title', 'x')).toEqual({ [layer.id]: { title: 'x' } });
  });

  it('that clears one layer leaves the others', () => {
    expect(cleared(filters, layer.id)).toEqual({ 'police.cameras': { name: 'x' } });
  });
});
