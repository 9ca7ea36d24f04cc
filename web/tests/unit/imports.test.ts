import { describe, expect, it } from 'vitest';
import { remapped } from '../../src/imports';
import type { Mapping } from '../../src/wire';

const MAPPING: Mapping = { crs: 'EPSG:4326', x: 'Kinh độ', y: 'Vĩ độ', fields: { id: 'Mã', name: 'Tên' } };

describe('a corrected column', () => {
  it('goes into another field, and no longer into the one before', () => {
    expect(remapped(MAPPING, 'Tên', 'address').fields).toEqual({ id: 'Mã', address: 'Tên' });
  });

  it('takes the place of the column that was there', () => {
    expect(remapped(MAPPING, 'Ghi chú', 'name').fields).toEqual({ id: 'Mã', name: 'Ghi chú' });
  });

  it('may be one of the position, or no longer', () => {
    expect(remapped(MAPPING, 'Vĩ độ', 'x')).toEqual({ crs: 'EPSG:4326', x: 'Vĩ độ', fields: MAPPING.fields });
    expect(remapped(MAPPING, 'Tên', 'y')).toMatchObject({ x: 'Kinh độ', y: 'Tên', fields: { id: 'Mã' } });
  });

  it('may be left out, and the mapping before stays as it was', () => {
    const left = remapped(MAPPING, 'Tên', '');
    expect(left).toMatchObject({ fields: { id: 'Mã' }, leave_out: ['Tên'] });
    expect(remapped(left, 'Tên', 'name')).toEqual(MAPPING);
    expect(MAPPING.fields).toEqual({ id: 'Mã', name: 'Tên' });
  });
});
