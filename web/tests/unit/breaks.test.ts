import { describe, expect, it } from 'vitest';
import { classes, colourFor, RAMP, ZERO_COLOUR } from '../../src/breaks';

describe('classes of counts', () => {
  it.each([
    [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
    [[1, 1, 1, 1, 1, 1, 1, 1, 900]],
    [[5]],
    [[0, 0, 3, 3, 8]],
    [Array.from({ length: 273 }, (_, index) => (index * index) % 97)],
  ])('of %j hold every count above 0 in exactly one class', (counts) => {
    const made = classes(counts);
    expect(made.length).toBeLessThanOrEqual(RAMP.length);
    for (const count of counts) {
      const holding = made.filter(({ from, to }) => from <= count && count <= to);
      expect(holding).toHaveLength(count > 0 ? 1 : 0);
    }
  });

  it('follow each other without a gap, in different colours', () => {
    const made = classes([3, 7, 7, 12, 30, 31, 90]);
    made.slice(1).forEach((one, index) => {
      expect(one.from).toBe((made[index]?.to ?? 0) + 1);
    });
    expect(new Set(made.map(({ colour }) => colour)).size).toBe(made.length);
  });

  it('are none where nothing is counted', () => {
    expect(classes([])).toEqual([]);
    expect(classes([0, 0])).toEqual([]);
  });

  it('leave communes without any in a colour of their own', () => {
    const made = classes([4, 9]);
    expect(colourFor(0, made)).toBe(ZERO_COLOUR);
    expect(colourFor(9, made)).not.toBe(colourFor(4, made));
  });
});
