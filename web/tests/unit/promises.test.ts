import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const WEB = resolve(import.meta.dirname, '../..');
const sources = readdirSync(join(WEB, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
  /\.(tsx?|css)$/.test(name),
);
const text = (name: string) => readFileSync(join(WEB, 'src', name), 'utf8');

describe('the sources of the page', () => {
  it('are all looked at here', () => {
    expect(sources.length).toBeGreaterThan(35);
  });

  it.each(sources)('%s sets nothing as HTML, names no other host and writes to no console', (name) => {
    expect(text(name)).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|setHTML|dangerouslySet|document\.write/);
    expect(text(name)).not.toMatch(/https?:\/\//);
    expect(text(name)).not.toMatch(/\bconsole\./);
  });
});

describe('the list of packages', () => {
  it('names no host that they came from', () => {
    const lock = JSON.parse(readFileSync(join(WEB, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, object>;
    };
    const packages = Object.entries(lock.packages);
    expect(packages.length).toBeGreaterThan(30);
    expect(packages.filter(([, one]) => 'resolved' in one).map(([name]) => name)).toEqual([]);
  });
});
