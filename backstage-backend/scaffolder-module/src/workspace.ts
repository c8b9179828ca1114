import { resolveSafeChildPath } from '@backstage/backend-plugin-api';
import { NotAllowedError } from '@backstage/errors';
import { constants } from 'node:fs';
import { lstat, mkdir, open, rm, rmdir } from 'node:fs/promises';
import { dirname, relative, sep } from 'node:path';
import type { FileEvent } from './wire.ts';

/** Writes a file from the backend into a task's workspace, never outside it. */
export async function writeFile(
  workspace: string,
  path: string,
  content: string,
  encoding: FileEvent['encoding'],
): Promise<void> {
  const target = await safePath(workspace, path);
  await mkdir(dirname(target), { recursive: true });
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  const file = await open(target, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
  try {
    await file.writeFile(Buffer.from(content, encoding));
  } finally {
    await file.close();
  }
}

/** Removes a file from a task's workspace, and the folders that become empty. */
export async function removeFile(
  workspace: string,
  path: string,
): Promise<void> {
  const target = await safePath(workspace, path);
  // Only files are removed by name, never folders.
  const found = await lstat(target).catch(() => undefined);
  if (!found?.isFile()) {
    return;
  }
  await rm(target);
  for (
    let folder = dirname(target);
    relative(workspace, folder) !== '';
    folder = dirname(folder)
  ) {
    const removed = await rmdir(folder).then(
      () => true,
      () => false,
    );
    if (!removed) {
      return;
    }
  }
}

/**
 * Returns the absolute path of `path` in the workspace.
 *
 * @throws NotAllowedError if it leads out of the workspace, through a link, or into `.git`.
 */
async function safePath(workspace: string, path: string): Promise<string> {
  const parts = typeof path === 'string' ? path.split('/') : [];
  const plain = parts.every(
    part =>
      part !== '' &&
      part !== '.' &&
      part !== '..' &&
      part.toLowerCase() !== '.git' &&
      !/[\\\0:]/.test(part),
  );
  if (!plain || parts.length === 0) {
    throw new NotAllowedError(
      `goldenpath: ${JSON.stringify(path)} is not a path of a file in the workspace`,
    );
  }
  const target = resolveSafeChildPath(workspace, path);
  // An earlier step may have created a link on the path, which could point anywhere.
  let place = workspace;
  for (const part of parts) {
    place = `${place}${sep}${part}`;
    const found = await lstat(place).catch(() => undefined);
    if (found?.isSymbolicLink()) {
      throw new NotAllowedError(
        `goldenpath: ${JSON.stringify(path)} goes through a link in the workspace`,
      );
    }
  }
  return target;
}
