import type { TemplateAction } from '@backstage/plugin-scaffolder-node';
import type { JsonObject } from '@backstage/types';
import type { GoldenpathClient } from './client.ts';
import { removeFile, writeFile } from './workspace.ts';
import type { ActionDefinition } from './wire.ts';

/**
 * The action that a definition describes: it sends its input, and does what the answer says.
 *
 * A plain object, since `createTemplateAction` drops a JSON Schema.
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
      // Nothing of `ctx.secrets`: the user's own token is in it.
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
          default: // `done`, or what a newer backend tells beside it
        }
      }
    },
  };
}

function levelOf(level: string): 'info' | 'warn' | 'error' {
  return level === 'warn' || level === 'error' ? level : 'info';
}
