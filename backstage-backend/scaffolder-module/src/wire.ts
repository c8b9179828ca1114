/**
 * What goes over the wire to the goldenpath backend, and what comes back.
 *
 * To be generated from the backend's OpenAPI; nothing else in this package says what a message looks like.
 *
 * @packageDocumentation
 */

import type { Entity } from '@backstage/catalog-model';
import type { JsonObject, JsonValue } from '@backstage/types';

/** An action, as the backend describes it. */
export interface ActionDefinition {
  id: string;
  title: string;
  description: string;
  supportsDryRun: boolean;
  schema: { input: JsonObject; output: JsonObject };
  examples: { description: string; example: string }[];
}

/** The answer of `GET /v1/actions`. */
export interface ActionList {
  actions: ActionDefinition[];
}

/** The answer of `GET /v1/templates` and of `GET /v1/catalog`. */
export interface EntityList {
  entities: Entity[];
}

/** The body of `POST /v1/actions/{id}/runs`. */
export interface RunRequest {
  input: JsonObject;
  taskId: string;
  stepId: string;
  dryRun: boolean;
}

/** One line of a run's answer (`application/x-ndjson`). */
export type RunEvent =
  | { type: 'log'; level: 'info' | 'warn' | 'error'; message: string }
  | {
      type: 'file';
      path: string;
      content: string;
      encoding: 'utf-8' | 'base64';
    }
  | { type: 'removed'; path: string }
  | { type: 'output'; name: string; value: JsonValue }
  | { type: 'done' }
  | { type: 'error'; problem: Problem };

/** An error of the backend (RFC 9457, `application/problem+json`). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance?: string;
  problems?: FieldProblem[];
  retry_after?: number;
}

/** One thing that is wrong with an input. */
export interface FieldProblem {
  path: string;
  rule: string;
  message: string;
  nearest?: string;
}
