import {
  coreServices,
  createBackendFeatureLoader,
  createBackendModule,
  readSchedulerServiceTaskScheduleDefinitionFromConfig,
} from '@backstage/backend-plugin-api';
import { catalogProcessingExtensionPoint } from '@backstage/plugin-catalog-node';
import { scaffolderActionsExtensionPoint } from '@backstage/plugin-scaffolder-node';
import { templateAction } from './action.ts';
import { GoldenpathClient } from './client.ts';
import { loadDefinitions } from './definitions.ts';
import { GoldenpathEntityProvider } from './entityProvider.ts';
import { readOptions } from './options.ts';

/**
 * Adds the actions of goldenpath to the scaffolder.
 *
 * @public
 */
export const goldenpathScaffolderModule = createBackendModule({
  pluginId: 'scaffolder',
  moduleId: 'goldenpath',
  register(env) {
    env.registerInit({
      deps: {
        actions: scaffolderActionsExtensionPoint,
        auth: coreServices.auth,
        config: coreServices.rootConfig,
        logger: coreServices.logger,
      },
      async init({ actions, auth, config, logger }) {
        const options = readOptions(config);
        const client = new GoldenpathClient(options, auth);
        const definitions = await loadDefinitions(
          client,
          options.cacheFile,
          options.definitionsForMs,
          logger,
        );
        actions.addActions(
          ...definitions.map(definition => templateAction(definition, client)),
        );
      },
    });
  },
});

/**
 * Adds the templates, tenants and workloads of goldenpath to the catalog.
 *
 * @public
 */
export const goldenpathCatalogModule = createBackendModule({
  pluginId: 'catalog',
  moduleId: 'goldenpath',
  register(env) {
    env.registerInit({
      deps: {
        auth: coreServices.auth,
        catalog: catalogProcessingExtensionPoint,
        config: coreServices.rootConfig,
        logger: coreServices.logger,
        scheduler: coreServices.scheduler,
      },
      async init({ auth, catalog, config, logger, scheduler }) {
        const schedule = config.has('goldenpath.schedule')
          ? readSchedulerServiceTaskScheduleDefinitionFromConfig(
              config.getConfig('goldenpath.schedule'),
            )
          : {
              frequency: { minutes: 1 },
              timeout: { minutes: 1 },
              initialDelay: { seconds: 2 },
            };
        catalog.addEntityProvider(
          new GoldenpathEntityProvider(
            new GoldenpathClient(readOptions(config), auth),
            // Each replica keeps its own state, so each must fetch.
            scheduler.createScheduledTaskRunner({ ...schedule, scope: 'local' }),
            logger,
          ),
        );
      },
    });
  },
});

/**
 * Both modules: `backend.add(import('@goldenpath/backstage-plugin-scaffolder-backend-module'))`.
 *
 * @public
 */
export const goldenpathFeatures = createBackendFeatureLoader({
  loader() {
    return [goldenpathScaffolderModule, goldenpathCatalogModule];
  },
});
