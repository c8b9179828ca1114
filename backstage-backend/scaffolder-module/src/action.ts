import type { TemplateAction } from '@backstage/plugin-scaffolder-node';
import type { JsonObject } from '@backstage/types';
import type { GoldenpathClient } from './client.ts';
import { removeFile, writeFile } from './workspace.ts';
import type { ActionDefinition } from './wire.ts';

/**
 * Returns a scaffolder action for a definition: it sends the input to the backend, and applies the events of the run.
 *
 * It is a plain object, since `createTemplateAction` drops a JSON Schema.
 */
export function templateAction(
  definition: ActionDefinition,
  client: GoldenpathClient,
): TemplateAction {
  const { id, description, examples, supportsDryRun, schema } = definition;
  return {
    id,
    description,
    examples,
    supportsDryRun,
    schema,
    async handler(ctx) {
      // `ctx.secrets` is never sent, since it holds the user's own token.
      const events = client.run(
        id,
        {
          input: ctx.input as JsonObject,
          taskId: ctx.task.id,
          stepId: ctx.step?.id ?? id,
          dryRun: ctx.isDryRun ?? false,
        },
        await ctx.getInitiatorCredentials(),
        ctx.signal,
      );
      for await (const event of events) {
        switch (event.type) {
          case 'log':
            ctx.logger[levelOf(event.level)](event.message);
            break;
          case 'file':
            await writeFile(
              ctx.workspacePath,
              event.path,
              event.content,
              event.encoding,
            );
            break;
          case 'removed':
            await removeFile(ctx.workspacePath, event.path);
            break;
          case 'output':
            ctx.output(event.name, event.value);
            break;
          default: // `done`, or an event of a newer backend
        }
      }
    },
  };
}

function levelOf(level: string): 'info' | 'warn' | 'error' {
  return level === 'warn' || level === 'error' ? level : 'info';
}
