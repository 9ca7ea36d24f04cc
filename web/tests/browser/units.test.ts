import { describe, expect, it, vi } from 'vitest';
import { RAMP } from '../../src/breaks';
import { type MapPage, openForAll } from './browser';
import { colour } from './pixels';

/** A rural place of what was Kon Tum province until 2025-06-30, and has been Quảng Ngãi since. */
const KON_TUM = [108.2, 14.6] as const;

let map: MapPage;
openForAll('#map=8.4/14.85/108.4&layers=', (_, page) => {
  map = page;
});

/** The button of the units before 2025-07-01, and since. */
const untilThen = () => map.page.getByRole('button', { name: 'Trước 01/07/2025' });
const sinceThen = () => map.page.getByRole('button', { name: 'Từ 01/07/2025' });

describe('the date of the units', () => {
  it('changes names, borders and colours, and back', async () => {
    await map.show('#map=8.4/14.85/108.4&layers=');
    const at = await map.project(...KON_TUM);
    const now = await map.picture();
    expect(await map.names('province')).toEqual(['Quảng Ngãi']);
    expect(await map.names('district')).toEqual([]);

    await untilThen().click();
    const then = await map.picture();
    expect(await map.names('province')).toEqual(['Kon Tum', 'Quảng Ngãi']);
    expect((await map.names('district')).length).toBeGreaterThan(5);
    expect(then.at(at.x, at.y), 'colour of what was Kon Tum').not.toEqual(now.at(at.x, at.y));
    expect(then.differs(now), 'pixels').toBeGreaterThan(2000);
    await expect.poll(() => untilThen().getAttribute('aria-pressed')).toBe('true');

    await sinceThen().click();
    expect((await map.picture()).differs(now)).toBe(0);
  });

  it('can be any day, which is in the address', async () => {
    await map.show('#map=8.4/14.85/108.4&layers=');
    await map.page.locator('input[type=date]').first().fill('2025-06-30');
    await map.settled();
    expect(await map.names('province')).toEqual(['Kon Tum', 'Quảng Ngãi']);
    expect(map.page.url()).toContain('date=2025-06-30');
    await map.page.locator('input[type=date]').first().fill('2025-07-01');
    await map.settled();
    expect(await map.names('province')).toEqual(['Quảng Ngãi']);
  });

  it('says that the borders are schematic, and whose they are', async () => {
    await map.show('#map=8.4/14.85/108.4&layers=');
    const { schematic, attribution } = await map.catalogue();
    expect(schematic).toBe(true);
    expect(await map.page.locator('.schematic').innerText()).toContain('Sơ đồ');
    expect(await map.page.locator('.credits').innerText()).toContain(attribution.slice(0, 40));
  });

  it('can be looked at without names and without commune borders', async () => {
    await map.show('#map=9.5/15.05/108.7&layers=');
    const all = await map.picture();
    expect((await map.names('commune')).length).toBeGreaterThan(5);
    await map.page.getByLabel('Tên', { exact: true }).click();
    await map.settled();
    expect(await map.names('commune')).toEqual([]);
    await map.page.getByLabel('Xã, phường').click();
    expect((await map.picture()).differs(all)).toBeGreaterThan(2000);
  });
});

describe('counts by commune', () => {
  it('colour the communes by classes, and every feature is in a row', async () => {
    await map.show('#map=8.4/14.85/108.4&layers=');
    const plain = await map.picture();
    await map.page.locator('select[name=count]').selectOption('police.incidents');
    await map.page.locator('[data-count=total]').waitFor();
    const counted = await map.picture();
    const shown = await map.page.locator('.classes .box').count();
    expect(shown).toBeGreaterThanOrEqual(4);
    const appear = RAMP.filter((hex) => counted.count(colour(hex), 2) - plain.count(colour(hex), 2) > 300);
    expect(appear.length, 'classes seen on the map').toBeGreaterThanOrEqual(4);

    const row = async (key: string) =>
      Number((await map.page.locator(`[data-count=${key}] dd`).innerText()).replaceAll('.', ''));
    const { features } = await map.layer('police.incidents');
    expect(await row('total')).toBe(features);
    expect((await row('units')) + (await row('near')) + (await row('outside'))).toBe(features);

    await map.page.locator('.table summary').click();
    const cells = await map.page.locator('.table td.count').allInnerTexts();
    expect(cells.reduce((sum, cell) => sum + Number(cell.replaceAll('.', '')), 0)).toBe(await row('units'));
  });

  it('under the units of another date have the same total', async () => {
    await map.show('#map=8.4/14.85/108.4&layers=&count=police.incidents&date=2024-01-15');
    const total = map.page.locator('[data-count=total] dd');
    await total.waitFor();
    const old = await map.picture();
    const first = await total.innerText();
    await sinceThen().click();
    expect((await map.picture()).differs(old)).toBeGreaterThan(2000);
    expect(await total.innerText()).toBe(first);
    expect(await map.page.locator('.card', { has: total }).innerText()).not.toContain('15/01/2024');
  });
});

describe('the time filter', () => {
  it('leaves only features of its days, on the map and in counts', async () => {
    await map.show('#map=9.5/15.05/108.7&layers=police.incidents&count=police.incidents');
    const total = map.page.locator('[data-count=total] dd');
    await total.waitFor();
    const all = { drawn: (await map.drawn('police.incidents/points')).length, total: await total.innerText() };
    await map.page.locator('input[name=from]').fill('2025-03-01');
    await map.page.locator('input[name=to]').fill('2025-03-31');
    // Two changes of one map, which is at rest between them and while the second is not yet asked for.
    await vi.waitFor(async () => {
      await map.settled();
      const drawn = await map.drawn('police.incidents/points');
      expect(drawn.length).toBeGreaterThan(0);
      expect(drawn.length).toBeLessThan(all.drawn);
      const { time } = await map.layer('police.incidents');
      for (const { properties } of drawn) {
        const at = new Date(String(properties[time ?? '']));
        expect(at.getTime()).toBeGreaterThanOrEqual(Date.parse('2025-03-01T00:00:00+07:00'));
        expect(at.getTime()).toBeLessThan(Date.parse('2025-04-01T00:00:00+07:00'));
      }
    }, 10_000);
    expect(await total.innerText()).not.toBe(all.total);
    expect(map.page.url()).toContain('time=2025-03-01/2025-03-31');
  });
});
