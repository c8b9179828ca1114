import { resolveSafeChildPath } from '@backstage/backend-plugin-api';
import { NotAllowedError } from '@backstage/errors';
import { constants } from 'node:fs';
import { lstat, mkdir, open, rm, rmdir } from 'node:fs/promises';
import { dirname, relative, sep } from 'node:path';
import type { FileEvent } from './wire.ts';

/** Writes a file of the backend's into a task's workspace, and nowhere else. */
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

/** Removes a file from a task's workspace, and the folders that are empty without it. */
export async function removeFile(
  workspace: string,
  path: string,
): Promise<void> {
  const target = await safePath(workspace, path);
  // A folder stays: only files are ever removed.
  const there = await lstat(target).catch(() => undefined);
  if (!there?.isFile()) {
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
 * The place of `path` in the workspace.
 *
 * @throws NotAllowedError where it leads out of the workspace, through a link, or into the workings of Git.
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
  // A link on the way, put there by an earlier step, could point anywhere once this has been checked.
  let place = workspace;
  for (const part of parts) {
    place = `${place}${sep}${part}`;
    const there = await lstat(place).catch(() => undefined);
    if (there?.isSymbolicLink()) {
      throw new NotAllowedError(
        `goldenpath: ${JSON.stringify(path)} goes through a link in the workspace`,
      );
    }
  }
  return target;
}
