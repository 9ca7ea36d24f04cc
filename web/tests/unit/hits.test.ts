import { describe, expect, it } from 'vitest';
import { formerly, hitView } from '../../src/hits';
import type { Hit, UnitHit } from '../../src/wire';

const hit = (bbox?: [number, number, number, number]) =>
  ({ geometry: { type: 'Point', coordinates: [108.8, 15.1] }, bbox }) as Hit;

describe('a hit', () => {
  it('is shown from near by when it is a feature', () => {
    expect(hitView(hit())).toEqual({ lon: 108.8, lat: 15.1, zoom: 15 });
  });

  it('is shown whole when it is a unit', () => {
    const province = hitView(hit([107.5, 14, 109.1, 15.5]));
    const commune = hitView(hit([108.78, 15.1, 108.84, 15.14]));
    expect(province?.lon).toBeCloseTo(108.3);
    expect(province?.zoom).toBeGreaterThan(6);
    expect(province?.zoom).toBeLessThan(9);
    expect(commune?.zoom).toBeGreaterThan(11);
    expect(hitView(hit([108.8, 15.1, 108.8, 15.1]))?.zoom).toBe(14);
  });

  it('without a place is nowhere', () => {
    expect(hitView({ geometry: null } as Hit)).toBeNull();
  });
});

describe('a former unit', () => {
  const unit = (in_force: boolean, names: string[]) =>
    ({ in_force, became: names.map((full_name) => ({ full_name })) }) as UnitHit;

  it('says what it became', () => {
    expect(formerly(unit(true, []))).toBeNull();
    expect(formerly(unit(false, ['Xã A', 'Xã B']))).toBe('Xã A, Xã B');
    expect(formerly(unit(false, []))).toBe('');
  });
});
