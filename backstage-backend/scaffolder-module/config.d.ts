import type { HumanDuration } from '@backstage/types';
import type { SchedulerServiceTaskScheduleDefinitionConfig } from '@backstage/backend-plugin-api';

export interface Config {
  /** The goldenpath backend, whose actions and templates Backstage offers. */
  goldenpath?: {
    /** URL of the backend, for example `http://goldenpath.goldenpath.svc:8080`. */
    baseUrl: string;

    /**
     * The plugin id that Backstage issues its tokens for: the audience that the backend expects.
     * Default: `goldenpath`.
     */
    pluginId?: string;

    /**
     * How long Backstage retries at startup to fetch the definitions of the actions, if the cache file holds none.
     * Default: 30 seconds.
     */
    definitionsTimeout?: HumanDuration | string;

    /**
     * How long a run is retried while the backend is busy, restarting or down. Default: 2 minutes.
     */
    retryFor?: HumanDuration | string;

    /**
     * The file with the last known definitions, so that Backstage starts with them when the backend is down. Use a
     * volume that outlives the container.
     * Default: `goldenpath-actions.json` in `backend.workingDirectory`, or in the system's folder for temporary files.
     */
    cacheFile?: string;

    /** How often the catalog fetches templates, tenants and workloads. Default: every minute. */
    schedule?: SchedulerServiceTaskScheduleDefinitionConfig;
  };
}
