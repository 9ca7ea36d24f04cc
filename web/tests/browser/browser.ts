import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject } from 'vitest';
import { isRead, type ReadLayer } from '../../src/lagging';
import type { Catalogue } from '../../src/wire';
import { Picture } from './pixels';
import { Server } from './server';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // No graphics card: WebGL by SwiftShader.
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
];

/** The browser, for one file of tests. */
export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

/** Opens one browser with one map for all tests of a file, hands them over before the first, and closes them after the last. */
export function openForAll(hash: string, take: (browser: Browser, map: MapPage) => void): void {
  let browser: Browser;
  let map: MapPage | undefined;
  beforeAll(async () => {
    browser = await launch();
    map = await MapPage.open(browser, hash);
    take(browser, map);
  });
  afterAll(async () => {
    await map?.close();
    await browser.close();
  });
}

/** The same before a server of the file's own, which its tests may write to and end; for suites that a server of others skips. */
export function serveForAll(hash: string, take: (map: MapPage, server: Server) => void): void {
  let browser: Browser;
  let server: Server;
  beforeAll(async () => {
    browser = await launch();
    server = await Server.start();
    take(await MapPage.open(browser, hash, { base: server.base }), server);
  });
  afterAll(async () => {
    await browser.close();
    await server.end();
  });
}

/** A page with the map open, that remembers every complaint and every address asked for. */
export class MapPage {
  #complaints: string[] = [];
  readonly #addresses: string[] = [];
  readonly #base: string;

  private constructor(
    readonly page: Page,
    base: string,
  ) {
    this.#base = base;
    page.on('console', (message) => {
      // Warnings of the graphics driver tell of the machine, not of the page.
      if (message.type() === 'error') this.#complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.#complaints.push(String(error)));
    page.on('request', (request) => this.#addresses.push(request.url()));
  }

  /** Opens the page in a browser context of its own: nothing is kept from other tests. */
  static async open(
    browser: Browser,
    hash: string,
    options: BrowserContextOptions & { base?: string } = {},
  ): Promise<MapPage> {
    const { base = inject('base'), ...more } = options;
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      reducedMotion: 'reduce',
      ...more,
    });
    const opened = new MapPage(await context.newPage(), base);
    await opened.page.goto(`${base}/${hash}`);
    await opened.settled();
    return opened;
  }

  /** Shows another map in the same page, as a link within it would. */
  async show(hash: string): Promise<void> {
    await this.page.evaluate(
      (to) =>
        new Promise<void>((resolve) => {
          if (location.hash === to) return resolve();
          // The page listens too, and was first.
          addEventListener('hashchange', () => resolve(), { once: true });
          location.hash = to;
        }),
      `${hash}&lang=vi`,
    );
    await this.settled();
  }

  /** Waits until the map has drawn everything and the page says so. */
  async settled(): Promise<void> {
    await this.page.waitForFunction(() => window.bandosoMap !== undefined);
    await this.page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          window.bandosoMap?.once('idle', () => resolve());
          window.bandosoMap?.triggerRepaint();
        }),
    );
    await this.page.waitForSelector('.loading[data-busy="false"]', { state: 'attached' });
    // What an answered query changed is drawn as well.
    await this.page.evaluate(
      () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
    );
  }

  /** The map's part of the window, without what lies on it. */
  async picture(): Promise<Picture> {
    await this.settled();
    // Only what the map itself draws is looked at.
    await this.#cover('hidden');
    const png = await this.page.locator('.stage').screenshot();
    await this.#cover('');
    return new Picture(png);
  }

  /** Through the style objects of the elements: the page's policy allows no style that is written. */
  async #cover(visibility: string): Promise<void> {
    await this.page.evaluate((value) => {
      for (const element of document.querySelectorAll<HTMLElement>('.tools, .top, .corner, .maplibregl-ctrl')) {
        element.style.visibility = value;
      }
    }, visibility);
  }

  async catalogue(): Promise<Catalogue> {
    return (await (await fetch(`${this.#base}/layers`)).json()) as Catalogue;
  }

  async layer(id: string): Promise<ReadLayer> {
    const layer = (await this.catalogue()).layers.find((one) => one.id === id);
    if (!layer || !isRead(layer)) throw new Error(`the catalogue has no layer ${id}`);
    return layer;
  }

  /** Switches a layer by its box in the panel, opening its department first. */
  async toggle(id: string): Promise<void> {
    const box = this.page.locator(`input[data-layer="${id}"]`);
    if (!(await box.isVisible())) {
      await this.page.locator('details.department', { has: box }).locator('summary .grow').click();
    }
    await box.click();
    await this.settled();
  }

  /** What is drawn of a map layer: properties and where in the stage, pixels. */
  drawn(layer: string): Promise<{ x: number; y: number; properties: Record<string, unknown> }[]> {
    return this.page.evaluate((id) => {
      const map = window.bandosoMap;
      return (map?.queryRenderedFeatures({ layers: [id] }) ?? []).map(({ geometry, properties }) => {
        const [lon = 0, lat = 0] = geometry.type === 'Point' ? geometry.coordinates : [];
        const { x = 0, y = 0 } = map?.project([lon, lat]) ?? {};
        return { x, y, properties };
      });
    }, layer);
  }

  /** Names of units on the map. */
  async names(level: 'province' | 'district' | 'commune'): Promise<string[]> {
    return [...new Set((await this.drawn(`${level}-name`)).map(({ properties }) => String(properties.name)))].sort();
  }

  /** Where a place is in the stage, pixels. */
  project(lon: number, lat: number): Promise<{ x: number; y: number }> {
    return this.page.evaluate(
      (at) => {
        const { x = 0, y = 0 } = window.bandosoMap?.project(at) ?? {};
        return { x, y };
      },
      [lon, lat] as [number, number],
    );
  }

  async click(at: { x: number; y: number }, button: 'left' | 'right' = 'left'): Promise<void> {
    await this.page.locator('.maplibregl-canvas').click({ position: at, button });
  }

  /** Forgets what the browser itself wrote of requests that failed on purpose. */
  forgive(about: string): void {
    const meant = (text: string) => text.startsWith('Failed to load resource') && text.includes(about);
    this.#complaints = this.#complaints.filter((text) => !meant(text));
  }

  /** Ends the page; fails when it complained, or asked another host. */
  async close(): Promise<void> {
    const elsewhere = this.#addresses.filter((url) => !url.startsWith(`${this.#base}/`) && !/^(data|blob):/.test(url));
    await this.page.context().close();
    expect(elsewhere, 'requests to other hosts').toEqual([]);
    expect(this.#complaints, 'console').toEqual([]);
  }
}
