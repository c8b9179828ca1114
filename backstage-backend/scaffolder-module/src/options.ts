import type { RootConfigService } from '@backstage/backend-plugin-api';
import { readDurationFromConfig } from '@backstage/config';
import { type HumanDuration, durationToMilliseconds } from '@backstage/types';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';

/** The settings of this package, as `config.d.ts` describes them. */
export interface Options {
  baseUrl: string;
  pluginId: string;
  definitionsForMs: number;
  retryForMs: number;
  cacheFile: string;
}

/** Reads `goldenpath` from the app's configuration. */
export function readOptions(config: RootConfigService): Options {
  const section = config.getConfig('goldenpath');
  const milliseconds = (key: string, otherwise: HumanDuration) =>
    durationToMilliseconds(
      section.has(key) ? readDurationFromConfig(section, { key }) : otherwise,
    );
  const workspaces = config.getOptionalString('backend.workingDirectory');
  return {
    baseUrl: section.getString('baseUrl').replace(/\/+$/, ''),
    pluginId: section.getOptionalString('pluginId') ?? 'goldenpath',
    definitionsForMs: milliseconds('definitionsTimeout', { seconds: 30 }),
    retryForMs: milliseconds('retryFor', { minutes: 2 }),
    cacheFile: resolve(
      section.getOptionalString('cacheFile') ??
        resolve(workspaces ?? tmpdir(), 'goldenpath-actions.json'),
    ),
  };
}
