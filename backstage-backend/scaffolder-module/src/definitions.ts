import type { LoggerService } from '@backstage/backend-plugin-api';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GoldenpathClient } from './client.ts';
import { Patience } from './patience.ts';
import type { ActionDefinition, ActionList } from './wire.ts';

/**
 * The definitions of the actions: from the backend, or else as they last were.
 *
 * Never throws: Backstage must start when the backend is down. Where nothing is known from before, it asks for
 * `askForMs`: the backend may be starting too.
 */
export async function loadDefinitions(
  client: Pick<GoldenpathClient, 'actions' | 'baseUrl'>,
  cacheFile: string,
  askForMs: number,
  logger: LoggerService,
): Promise<ActionDefinition[]> {
  const known = await lastKnown(cacheFile);
  try {
    const list = await ask(client, known ? 0 : askForMs);
    await keep(list, cacheFile).catch(error =>
      logger.warn(`goldenpath: the actions cannot be kept in ${cacheFile}: ${error}`),
    );
    return list.actions;
  } catch (error) {
    if (known) {
      logger.warn(
        `goldenpath: ${client.baseUrl} does not give its actions, those of ${cacheFile} are used: ${error}`,
      );
      return known.actions;
    }
    logger.error(
      `goldenpath: ${client.baseUrl} does not give its actions, and none are known from before. ` +
        `Templates with goldenpath:* fail until Backstage has been restarted with the backend up: ${error}`,
    );
    return [];
  }
}

async function ask(
  client: Pick<GoldenpathClient, 'actions'>,
  forMs: number,
): Promise<ActionList> {
  const patience = new Patience(forMs);
  for (;;) {
    try {
      return await client.actions();
    } catch (error) {
      await sleep(patience.waitAfter(error));
    }
  }
}

async function keep(list: ActionList, cacheFile: string): Promise<void> {
  await mkdir(dirname(cacheFile), { recursive: true });
  // Whole or not at all: Backstage may be stopped here.
  const fresh = `${cacheFile}.${process.pid}`;
  await writeFile(fresh, JSON.stringify(list));
  await rename(fresh, cacheFile);
}

async function lastKnown(cacheFile: string): Promise<ActionList | undefined> {
  try {
    const list = JSON.parse(await readFile(cacheFile, 'utf-8'));
    return Array.isArray(list?.actions) ? list : undefined;
  } catch {
    return undefined;
  }
}
