import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type MapPage, openForAll } from './browser';

const LAYER = 'police.incidents';

let map: MapPage;
openForAll('#map=9/15/108.6&layers=', (_, page) => {
  map = page;
});

const dialog = () => map.page.locator('dialog.quality');
const line = (layer: string) => dialog().locator(`tr[data-layer="${layer}"]`);
const number = (layer: string, of: string) => line(layer).locator(`button[data-of="${of}"]`);
const list = () => dialog().locator('.rows');

async function open(): Promise<void> {
  await map.page.locator('button[name=quality]').click();
  await line(LAYER).waitFor();
}

async function close(): Promise<void> {
  await dialog().locator('button[name=close]').click();
  await expect.poll(() => dialog().count()).toBe(0);
}

describe('the quality of layers', () => {
  it('has a line for each layer, with its age, its rows and what they have', async () => {
    await open();
    const { layers } = await map.catalogue();
    expect(await dialog().locator('tr[data-layer]').count()).toBe(layers.length);
    expect(await line(LAYER).locator('.standing').getAttribute('data-standing')).toBe('fresh');
    expect(await line(LAYER).locator('th').innerText()).toBe('Vụ việc');
    const covered = Number(await number(LAYER, 'unit_covered').getAttribute('data-count'));
    const near = Number(await number(LAYER, 'unit_near').getAttribute('data-count'));
    const outside = Number(await number(LAYER, 'unit_outside').getAttribute('data-count'));
    expect(near).toBeGreaterThan(0);
    expect(outside).toBeGreaterThan(0);
    expect(covered + near + outside).toBe((await map.layer(LAYER)).features);
    await close();
  });

  it('opens the rows behind a number, as many as it says, and goes back by the keyboard', async () => {
    await open();
    const button = number(LAYER, 'unit_outside');
    const count = await button.getAttribute('data-count');
    await button.focus();
    await map.page.keyboard.press('Enter');
    await list().locator('tbody tr').first().waitFor();
    expect(await list().getAttribute('data-count')).toBe(count);
    const back = dialog().locator('button[name=back]');
    await expect.poll(() => back.evaluate((element) => element === document.activeElement)).toBe(true);
    // Page by page to the last one.
    const rows = () => list().locator('tbody tr').count();
    const more = dialog().locator('button[name=more]');
    for (let read = await rows(); read < Number(count); read = await rows()) {
      await more.click();
      await expect.poll(rows).toBeGreaterThan(read);
    }
    expect(await rows()).toBe(Number(count));
    await expect.poll(() => more.count()).toBe(0);
    await back.press('Enter');
    await line(LAYER).waitFor();
    await expect.poll(() => button.evaluate((element) => element === document.activeElement)).toBe(true);
    await close();
  });

  it('gives the rows as a table for a spreadsheet', async () => {
    await open();
    const button = number(LAYER, 'unit_near');
    const count = Number(await button.getAttribute('data-count'));
    await button.click();
    await list().locator('tbody tr').first().waitFor();
    const [download] = await Promise.all([map.page.waitForEvent('download'), list().locator('a[download]').click()]);
    const text = await readFile((await download.path()) ?? '', 'utf8');
    expect(text.trimEnd().split('\r\n').length).toBe(count + 1);
    await close();
  });

  it('shows a row on the map', async () => {
    await open();
    await number(LAYER, 'unit_outside').click();
    const first = list().locator('button[name=show]').first();
    await first.waitFor();
    await first.click();
    await expect.poll(() => dialog().count()).toBe(0);
    await map.settled();
    expect(map.page.url()).toMatch(/map=15\//);
    expect(map.page.url()).toContain(`layers=${LAYER}`);
    expect((await map.drawn(`${LAYER}/points`)).length).toBeGreaterThan(0);
  });
});
