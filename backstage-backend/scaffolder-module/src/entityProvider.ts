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
 * Puts the backend's templates and tenants into the catalog, and takes out those that are no more.
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

  /** Asks the backend, and changes the catalog where something has changed. What fails changes nothing. */
  async refresh(signal?: AbortSignal): Promise<void> {
    try {
      if (await this.#ask(signal)) {
        await this.#apply();
      }
      this.#failing = false;
    } catch (error) {
      // Said once, and not every minute: the next one that works ends it.
      if (!this.#failing) {
        this.#logger.warn(
          `goldenpath: ${this.#client.baseUrl} does not give its entities, the catalog keeps what it has: ${error}`,
        );
      }
      this.#failing = true;
    }
  }

  /** Whether anything is new. */
  async #ask(signal?: AbortSignal): Promise<boolean> {
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
      // It was not taken: ask for everything again next time.
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
