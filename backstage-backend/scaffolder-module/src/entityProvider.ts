import type {
  LoggerService,
  SchedulerServiceTaskRunner,
} from '@backstage/backend-plugin-api';
import {
  ANNOTATION_LOCATION,
  ANNOTATION_ORIGIN_LOCATION,
  type Entity,
} from '@backstage/catalog-model';
import type {
  EntityProvider,
  EntityProviderConnection,
} from '@backstage/plugin-catalog-node';
import type { GoldenpathClient } from './client.ts';

const KINDS = ['templates', 'catalog'] as const;

/**
 * Keeps the backend's templates, tenants and workloads in the catalog, and removes deleted ones.
 *
 * @public
 */
export class GoldenpathEntityProvider implements EntityProvider {
  readonly #client: Pick<GoldenpathClient, 'entities' | 'baseUrl'>;
  readonly #logger: LoggerService;
  readonly #runner: SchedulerServiceTaskRunner;
  readonly #known = new Map<string, { etag?: string; entities: Entity[] }>();
  #connection?: EntityProviderConnection;
  #failing = false;

  constructor(
    client: Pick<GoldenpathClient, 'entities' | 'baseUrl'>,
    runner: SchedulerServiceTaskRunner,
    logger: LoggerService,
  ) {
    this.#client = client;
    this.#runner = runner;
    this.#logger = logger;
  }

  /** {@inheritDoc @backstage/plugin-catalog-node#EntityProvider.getProviderName} */
  getProviderName(): string {
    return 'goldenpath';
  }

  /** {@inheritDoc @backstage/plugin-catalog-node#EntityProvider.connect} */
  async connect(connection: EntityProviderConnection): Promise<void> {
    this.#connection = connection;
    await this.#runner.run({
      id: 'goldenpath-entities',
      fn: signal => this.refresh(signal),
    });
  }

  /** Updates the catalog if the backend's entities have changed. A failure leaves the catalog unchanged. */
  async refresh(signal?: AbortSignal): Promise<void> {
    try {
      if (await this.#fetch(signal)) {
        await this.#apply();
      }
      this.#failing = false;
    } catch (error) {
      // Logged once, not every minute; the next success resets it.
      if (!this.#failing) {
        this.#logger.warn(
          `goldenpath: cannot fetch the entities of ${this.#client.baseUrl}, so the catalog stays unchanged: ${error}`,
        );
      }
      this.#failing = true;
    }
  }

  /** Fetches the entities, and returns whether any have changed. */
  async #fetch(signal?: AbortSignal): Promise<boolean> {
    const answers = await Promise.all(
      KINDS.map(async kind => {
        const known = this.#known.get(kind);
        return [
          kind,
          await this.#client.entities(kind, known?.etag, signal),
        ] as const;
      }),
    );
    let changed = false;
    for (const [kind, { etag, value }] of answers) {
      if (value) {
        this.#known.set(kind, { etag, entities: value.entities });
        changed = true;
      }
    }
    return changed;
  }

  async #apply(): Promise<void> {
    try {
      await this.#connection?.applyMutation({
        type: 'full',
        entities: KINDS.flatMap(kind => {
          const location = `url:${this.#client.baseUrl}/v1/${kind}`;
          const { entities = [] } = this.#known.get(kind) ?? {};
          return entities.map(entity => ({
            entity: located(entity, location),
            locationKey: 'goldenpath',
          }));
        }),
      });
    } catch (error) {
      // The catalog refused the update, so everything is fetched again next time.
      this.#known.clear();
      throw error;
    }
  }
}

function located(entity: Entity, location: string): Entity {
  return {
    ...entity,
    metadata: {
      ...entity.metadata,
      annotations: {
        ...entity.metadata.annotations,
        [ANNOTATION_LOCATION]: location,
        [ANNOTATION_ORIGIN_LOCATION]: location,
      },
    },
  };
}
