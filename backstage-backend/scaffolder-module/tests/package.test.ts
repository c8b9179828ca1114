/** The package as it is published: packed by Backstage's own tool, and used from an empty folder. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';

const WORKSPACE = resolve(import.meta.dirname, '../..');
const NAME = '@goldenpath/backstage-plugin-scaffolder-backend-module';

describe('the package', { timeout: 600_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'goldenpath-package-'));
  const app = join(folder, 'app');
  const installed = join(app, 'node_modules', NAME);
  let manifest: any;

  function run(where: string, program: string, ...args: string[]): string {
    return execFileSync(program, args, {
      cwd: where,
      encoding: 'utf-8',
      stdio: ['ignore', 'pipe', 'pipe'],
      // Not the npm that runs this test: what it was told is not for the one below it.
      env: { PATH: process.env.PATH, HOME: folder },
    });
  }

  before(() => {
    // Packing writes into the folder that it packs: so a copy is packed.
    const copy = join(folder, 'workspace');
    for (const file of ['package.json', 'tsconfig.json', '.npmrc', 'scaffolder-module']) {
      cpSync(join(WORKSPACE, file), join(copy, file), {
        recursive: true,
        filter: path => !path.startsWith(join(WORKSPACE, 'scaffolder-module/dist')),
      });
    }
    symlinkSync(join(WORKSPACE, 'node_modules'), join(copy, 'node_modules'));
    const module = join(copy, 'scaffolder-module');
    run(module, 'npm', 'pack', '--ignore-scripts=false', '--pack-destination', folder);
    assert.equal(
      readFileSync(join(module, 'package.json'), 'utf-8'),
      readFileSync(join(WORKSPACE, 'scaffolder-module/package.json'), 'utf-8'),
      'what packing changes is changed back',
    );
    run(module, join(copy, 'node_modules/.bin/api-extractor'), 'run', '--config', 'api-extractor.json');

    // What it depends on, and nothing else: as npm would install it.
    mkdirSync(installed, { recursive: true });
    const archive = readdirSync(folder).find(name => name.endsWith('.tgz'))!;
    run(installed, 'tar', 'xzf', join(folder, archive), '--strip-components=1');
    manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf-8'));
    for (const dependency of [...Object.keys(manifest.dependencies), 'typescript', '@types/node']) {
      const place = join(app, 'node_modules', dependency);
      mkdirSync(resolve(place, '..'), { recursive: true });
      symlinkSync(join(WORKSPACE, 'node_modules', dependency), place);
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('has what is needed at run time, and no sources or tests', () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf-8' }).sort();
    const plain = files.filter(name => name !== 'dist' && !name.startsWith('dist/'));
    assert.deepEqual(plain, ['README.md', 'config.schema.json', 'package.json']);
    const built = files.filter(name => name.startsWith('dist/'));
    assert.ok(built.includes('dist/index.cjs.js') && built.includes('dist/index.d.ts'), String(built));
    assert.deepEqual(
      built.filter(name => !/\.(cjs\.js|cjs\.js\.map|d\.ts)$/.test(name)),
      [],
    );
  });

  it('says what Backstage and npm want to know of a module', () => {
    assert.equal(manifest.name, NAME);
    assert.equal(manifest.license, 'Apache-2.0');
    assert.equal(manifest.publishConfig.access, 'public');
    assert.equal(manifest.configSchema, 'config.schema.json');
    assert.equal(manifest.main, './dist/index.cjs.js'.slice(2));
    assert.deepEqual(manifest.exports['.'], {
      backstage: '@backstage/BackendFeature',
      require: './dist/index.cjs.js',
      types: './dist/index.d.ts',
      default: './dist/index.cjs.js',
    });
    assert.deepEqual(manifest.backstage, {
      role: 'backend-plugin-module',
      pluginId: 'scaffolder',
      pluginPackage: '@backstage/plugin-scaffolder-backend',
      features: { '.': '@backstage/BackendFeature' },
    });
  });

  it('has a configuration schema with every key that it reads', () => {
    const schema = JSON.parse(readFileSync(join(installed, 'config.schema.json'), 'utf-8'));
    const described = Object.keys(schema.properties.goldenpath.properties).sort();
    const sources = ['options.ts', 'module.ts'].map(name => readFileSync(join(WORKSPACE, 'scaffolder-module/src', name), 'utf-8'));
    const read = described.filter(key => sources.some(text => new RegExp(`'(goldenpath\\.)?${key}'`).test(text)));
    assert.deepEqual(read, described);
    assert.deepEqual(described, ['baseUrl', 'cacheFile', 'definitionsTimeout', 'pluginId', 'retryFor', 'schedule']);
    const readme = readFileSync(join(installed, 'README.md'), 'utf-8');
    assert.deepEqual(described.filter(key => !readme.includes(`\`${key}\``)), []);
  });

  it('imports only what it depends on', () => {
    const built = readdirSync(join(installed, 'dist')).filter(name => name.endsWith('.cjs.js'));
    const imported = built.flatMap(name =>
      [...readFileSync(join(installed, 'dist', name), 'utf-8').matchAll(/require\('([^'.][^']*)'\)/g)].map(found => found[1]!),
    );
    const builtIn = (name: string) => createRequire(import.meta.url).resolve.paths(name) === null;
    const packages = new Set(imported.filter(name => !builtIn(name)));
    assert.deepEqual([...packages].sort(), Object.keys(manifest.dependencies).sort());
  });

  it('is a feature for import() and for require(), and has types', () => {
    const shown = `({ default: d, ...more }) => console.log(JSON.stringify([d.$$type ?? d.default.$$type, Object.keys(more).sort()]))`;
    const [type, names] = JSON.parse(run(app, process.execPath, '-e', `(${shown})(require('${NAME}'))`));
    assert.equal(type, '@backstage/BackendFeature');
    assert.deepEqual(names, ['goldenpathCatalogModule', 'goldenpathScaffolderModule']);
    const [imported] = JSON.parse(run(app, process.execPath, '-e', `import('${NAME}').then(${shown})`));
    assert.equal(imported, '@backstage/BackendFeature');
    const use = join(app, 'use.ts');
    execFileSync('sh', ['-c', `cat > ${use}`], {
      input: `import feature, { goldenpathScaffolderModule as one } from '${NAME}';\nexport const features: { $$type: '@backstage/BackendFeature' }[] = [feature, one];\n`,
    });
    const tsc = join(app, 'node_modules/typescript/bin/tsc');
    for (const resolution of ['node16', 'bundler']) {
      const module = resolution === 'node16' ? 'node16' : 'esnext';
      run(app, process.execPath, tsc, '--noEmit', '--skipLibCheck', '--strict', '--types', 'node', '--module', module, '--moduleResolution', resolution, use);
    }
  });
});
