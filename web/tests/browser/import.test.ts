import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type MapPage, serveForAll } from './browser';

const LAYER = 'health.facilities';
/** As offices send them: titles in Vietnamese, semicolons, decimal commas; one row has its coordinates exchanged. */
const FILE = `Mã;Tên cơ sở;Kinh độ;Vĩ độ
w1;Trạm thả một;108,811;15,131
w2;Trạm thả hai;108,812;15,132
w3;Trạm ngược;15,1;108,8
`;

describe.skipIf(process.env.BANDOSO_URL)('a file that is given to the map', () => {
  let map: MapPage;
  serveForAll(`#map=16/15.1315/108.8115&layers=${LAYER}&lang=vi`, (page) => {
    map = page;
  });

  const dialog = () => map.page.locator('dialog.import');
  const step = (name: string) => map.page.waitForSelector(`dialog.import[data-step="${name}"]`);
  const column = (name: string) => dialog().locator(`tr[data-column="${name}"] select`);
  const names = async () => (await map.drawn(`${LAYER}/points`)).map(({ properties }) => String(properties.name));
  const choose = () =>
    map.page.setInputFiles('input[name=import]', {
      name: 'tram.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(FILE),
    });

  it('is shown as it is understood, with what is wrong in it', async () => {
    await choose();
    await step('looked');
    expect(await column('Tên cơ sở').inputValue()).toBe('name');
    expect(await column('Kinh độ').inputValue()).toBe('x');
    expect(await dialog().locator('.finding[data-kind=swapped_axes]').getAttribute('data-count')).toBe('1');
    expect(await names()).not.toContain('Trạm thả một');
  });

  it('can be corrected: a column left out goes nowhere', async () => {
    await column('Tên cơ sở').selectOption('');
    await expect.poll(() => dialog().getAttribute('data-step')).toBe('looked');
    await expect.poll(() => column('Tên cơ sở').inputValue()).toBe('');
    await column('Tên cơ sở').selectOption('name');
    await expect.poll(() => column('Tên cơ sở').inputValue()).toBe('name');
  });

  it('gives back the rows that cannot go in, with the reason, to be corrected', async () => {
    await step('looked');
    const saving = map.page.waitForEvent('download');
    await dialog().locator('button[name=rejects]').click();
    const saved = await saving;
    expect(saved.suggestedFilename()).toBe('tram-rejects.csv');
    const text = await readFile(await saved.path(), 'utf8');
    expect(text).toContain('Tên cơ sở');
    expect(text).toContain('w3,Trạm ngược,"15,1","108,8"');
    expect(text).toContain('swapped_axes');
    expect(text).not.toContain('w1');
  });

  it('goes in, is on the map at once, and can be taken back', async () => {
    await step('looked');
    await dialog().locator('button[name=write]').click();
    await step('written');
    await expect.poll(names, { timeout: 30_000 }).toContain('Trạm thả một');
    await dialog().locator('button[name=undo]').click();
    await step('undone');
    await dialog().locator('button[name=close]').click();
    await expect.poll(names, { timeout: 30_000 }).not.toContain('Trạm thả một');
    await expect.poll(() => dialog().count()).toBe(0);
  });

  it('can be given up, and nothing is written', async () => {
    await choose();
    await step('looked');
    await dialog().locator('button[name=close]').click();
    await expect.poll(() => dialog().count()).toBe(0);
    expect(await names()).not.toContain('Trạm thả một');
    await map.close();
  });
});
