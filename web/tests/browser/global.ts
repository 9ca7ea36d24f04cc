import type { TestProject } from 'vitest/node';
import { Server } from './server';

declare module 'vitest' {
  export interface ProvidedContext {
    base: string;
  }
}

/** One server for all tests that leave it running; see server.ts for where it comes from. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.BANDOSO_URL;
  if (given) {
    project.provide('base', given.replace(/\/$/, ''));
    return async () => {};
  }
  const server = await Server.start();
  project.provide('base', server.base);
  return () => server.end();
}
