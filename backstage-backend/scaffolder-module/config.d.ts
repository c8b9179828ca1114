import type { HumanDuration } from '@backstage/types';
import type { SchedulerServiceTaskScheduleDefinitionConfig } from '@backstage/backend-plugin-api';

export interface Config {
  /** The golden paths' backend, whose actions and templates Backstage offers. */
  goldenpath?: {
    /** Where the backend answers, for example `http://goldenpath.goldenpath.svc:8080`. */
    baseUrl: string;

    /**
     * The plugin id for which Backstage makes out its tokens: the audience that the backend expects.
     * Default: `goldenpath`.
     */
    pluginId?: string;

    /**
     * For how long the start of Backstage asks for the definitions of the actions when none are known from before.
     * Default: 30 seconds.
     */
    definitionsTimeout?: HumanDuration | string;

    /**
     * For how long a run is asked for again while the backend is busy, restarting or away. Default: 2 minutes.
     */
    retryFor?: HumanDuration | string;

    /**
     * Where the last known definitions are kept, so that Backstage starts with them when the backend is down. On a
     * volume that outlives the container, or else there is nothing in it when it is needed.
     * Default: `goldenpath-actions.json` in `backend.workingDirectory`, or in the system's folder for temporary files.
     */
    cacheFile?: string;

    /** When the catalog asks for templates and tenants. Default: every minute. */
    schedule?: SchedulerServiceTaskScheduleDefinitionConfig;
  };
}
