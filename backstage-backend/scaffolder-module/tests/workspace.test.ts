import { createMockDirectory } from '@backstage/backend-test-utils';
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { afterEach, describe, it } from 'node:test';
import { removeFile, writeFile } from '../src/workspace.ts';

const OUTSIDE = [
  '',
  '.',
  '..',
  '../x',
  'a/../../x',
  'a/../b',
  './a',
  '/etc/passwd',
  'a//b',
  'a/',
  'a\\..\\..\\x',
  'C:\\x',
  'c:x',
  'a\0b',
  '.git/hooks/pre-commit',
  'a/.GIT/config',
];

describe('files of a task', () => {
  const workspace = createMockDirectory();
  const other = createMockDirectory();
  afterEach(() => {
    workspace.clear();
    other.clear();
  });

  it('are written where they belong, folders and all', async () => {
    await writeFile(workspace.path, 'tenants/vision/tenant.yaml', 'name: vision\n', 'utf-8');
    assert.deepEqual(workspace.content(), { tenants: { vision: { 'tenant.yaml': 'name: vision\n' } } });
  });

  it('replace what was there, whole', async () => {
    workspace.setContent({ 'a.yaml': 'a much longer text' });
    await writeFile(workspace.path, 'a.yaml', 'short', 'utf-8');
    assert.deepEqual(workspace.content(), { 'a.yaml': 'short' });
  });

  it('are removed, with the folders that are empty without them', async () => {
    workspace.setContent({ a: { b: { 'gone.yaml': '' }, 'stays.yaml': '' } });
    await removeFile(workspace.path, 'a/b/gone.yaml');
    await removeFile(workspace.path, 'a/never/was.yaml');
    assert.deepEqual(workspace.content(), { a: { 'stays.yaml': '' } });
  });

  it('are removed one by one: a folder stays', async () => {
    workspace.setContent({ a: { b: { 'c.yaml': '' } } });
    await removeFile(workspace.path, 'a/b');
    assert.deepEqual(workspace.content(), { a: { b: { 'c.yaml': '' } } });
  });

  for (const path of OUTSIDE) {
    it(`are not written or removed at ${JSON.stringify(path)}`, async () => {
      workspace.setContent({ '.git': { hooks: { 'pre-commit': 'mine' } }, kept: '' });
      await assert.rejects(writeFile(workspace.path, path, 'x', 'utf-8'), {
        name: 'NotAllowedError',
      });
      await assert.rejects(removeFile(workspace.path, path), { name: 'NotAllowedError' });
      assert.deepEqual(workspace.content({ shouldReadAsText: true }), {
        '.git': { hooks: { 'pre-commit': 'mine' } },
        kept: '',
      });
    });
  }

  it('do not follow links out of the workspace', async () => {
    other.setContent({ 'secret.yaml': 'secret', 'new.yaml': '' });
    workspace.setContent({});
    symlinkSync(other.path, workspace.resolve('folder'));
    symlinkSync(other.resolve('secret.yaml'), workspace.resolve('file.yaml'));
    symlinkSync(other.resolve('not-there.yaml'), workspace.resolve('dangling.yaml'));
    for (const path of ['folder/secret.yaml', 'folder/x.yaml', 'file.yaml', 'dangling.yaml']) {
      await assert.rejects(writeFile(workspace.path, path, 'x', 'utf-8'), {
        name: 'NotAllowedError',
      });
      await assert.rejects(removeFile(workspace.path, path), { name: 'NotAllowedError' });
    }
    assert.deepEqual(other.content(), { 'secret.yaml': 'secret', 'new.yaml': '' });
  });

  it('do not follow links within the workspace either', async () => {
    workspace.setContent({ 'a.yaml': 'a' });
    symlinkSync(workspace.resolve('a.yaml'), workspace.resolve('b.yaml'));
    await assert.rejects(writeFile(workspace.path, 'b.yaml', 'x', 'utf-8'), /goes through a link/);
    assert.equal((workspace.content() as Record<string, string>)['a.yaml'], 'a');
  });
});
