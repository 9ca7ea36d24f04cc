import { describe, expect, it } from 'vitest';
import { type MapPage, openForAll } from './browser';

let map: MapPage;
openForAll('#map=8.4/14.85/108.4&layers=', (_, page) => {
  map = page;
});

const box = () => map.page.getByRole('combobox', { name: 'Tìm' });
const options = () => map.page.getByRole('option');

describe('the search box', () => {
  it('finds a unit without accents and flies to it by the keyboard alone', async () => {
    await map.show('#map=8.4/14.85/108.4&layers=');
    await box().fill('ly son');
    await options().first().waitFor();
    await expect.poll(() => options().first().innerText()).toContain('Lý Sơn');
    await box().press('Enter');
    await map.settled();
    await expect.poll(() => box().getAttribute('aria-expanded')).toBe('false');
    expect(map.page.url()).toMatch(/map=1[0-4]/);
    const { x, y } = await map.project(109.12, 15.38);
    const stage = await map.page.locator('.stage').boundingBox();
    expect(x).toBeGreaterThan(0);
    expect(y).toBeGreaterThan(0);
    expect(x).toBeLessThan(stage?.width ?? 0);
    expect(y).toBeLessThan(stage?.height ?? 0);
  });

  it('says what a former unit became, and chooses by arrows', async () => {
    await map.show('#map=8.4/14.85/108.4&layers=');
    await box().fill('21010');
    // What was asked for before stays until the answer is there.
    await expect.poll(() => options().first().innerText()).toContain('Nghĩa Lộ');
    await box().fill('ba');
    await map.page.waitForFunction(() => document.querySelectorAll('[role=option]').length > 3);
    await box().press('ArrowDown');
    await expect.poll(() => options().nth(1).getAttribute('aria-selected')).toBe('true');
    await box().press('Escape');
    await expect.poll(() => box().getAttribute('aria-expanded')).toBe('false');
  });

  it('shows the layer of a feature that it flies to', async () => {
    await map.show('#map=8.4/14.85/108.4&layers=');
    await box().fill('benh vien');
    const feature = map.page.locator('[role=option]', { has: map.page.locator('svg') });
    await feature.first().waitFor();
    await feature.first().click();
    await map.settled();
    expect(map.page.url()).toContain('layers=health.facilities');
    expect(map.page.url()).toMatch(/map=15/);
  });

  it('says so when nothing is called so', async () => {
    await map.show('#map=8.4/14.85/108.4&layers=');
    await box().fill('khongcotennay');
    await map.page.getByText('Không tìm thấy').waitFor();
  });
});
