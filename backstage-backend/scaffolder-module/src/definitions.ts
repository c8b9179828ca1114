import type { LoggerService } from '@backstage/backend-plugin-api';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GoldenpathClient } from './client.ts';
import { RetryPolicy } from './retryPolicy.ts';
import type { ActionDefinition, ActionList } from './wire.ts';

/**
 * Loads the definitions of the actions from the backend, or else from the cache file.
 *
 * It never throws, since Backstage must start when the backend is down. Without a cache file it retries for
 * `retryForMs`, since the backend may be starting too.
 */
export async function loadDefinitions(
  client: Pick<GoldenpathClient, 'actions' | 'baseUrl'>,
  cacheFile: string,
  retryForMs: number,
  logger: LoggerService,
): Promise<ActionDefinition[]> {
  const known = await readCache(cacheFile);
  try {
    const list = await fetchActions(client, known ? 0 : retryForMs);
    await writeCache(list, cacheFile).catch(error =>
      logger.warn(`goldenpath: the definitions of the actions cannot be written to ${cacheFile}: ${error}`),
    );
    return list.actions;
  } catch (error) {
    if (known) {
      logger.warn(
        `goldenpath: cannot fetch the actions of ${client.baseUrl}, so those in ${cacheFile} are used: ${error}`,
      );
      return known.actions;
    }
    logger.error(
      `goldenpath: cannot fetch the actions of ${client.baseUrl}, and ${cacheFile} holds none. ` +
        `Templates with goldenpath:* fail until Backstage is restarted while the backend is up: ${error}`,
    );
    return [];
  }
}

async function fetchActions(
  client: Pick<GoldenpathClient, 'actions'>,
  forMs: number,
): Promise<ActionList> {
  const retries = new RetryPolicy(forMs);
  for (;;) {
    try {
      return await client.actions();
    } catch (error) {
      await sleep(retries.waitAfter(error));
    }
  }
}

async function writeCache(list: ActionList, cacheFile: string): Promise<void> {
  await mkdir(dirname(cacheFile), { recursive: true });
  // Backstage may be stopped here, so the file is replaced in one step.
  const fresh = `${cacheFile}.${process.pid}`;
  await writeFile(fresh, JSON.stringify(list));
  await rename(fresh, cacheFile);
}

async function readCache(cacheFile: string): Promise<ActionList | undefined> {
  try {
    const list = JSON.parse(await readFile(cacheFile, 'utf-8'));
    return Array.isArray(list?.actions) ? list : undefined;
  } catch {
    return undefined;
  }
}
