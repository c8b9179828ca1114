/** What the module reads from the API is there. What it sends is taken: every stand-in for the backend looks. */

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, it } from 'node:test';
import ts from 'typescript';

const MODULE = resolve(import.meta.dirname, '..');
const WIRE = resolve(MODULE, 'src/wire.ts');

/** Every field that the module reads or sends. */
const USED = {
  ActionDefinition: ['id', 'description', 'examples', 'supportsDryRun', 'schema'],
  ActionList: ['actions'],
  EntityList: ['entities'],
  LogEvent: ['type', 'level', 'message'],
  FileEvent: ['type', 'path', 'content', 'encoding'],
  RemovedEvent: ['type', 'path'],
  OutputEvent: ['type', 'name', 'value'],
  DoneEvent: ['type'],
  ErrorEvent: ['type', 'problem'],
  ProblemDocument: ['status', 'title', 'detail', 'instance', 'problems'],
  FieldProblem: ['path', 'message', 'nearest'],
  RunRequest: ['input', 'taskId', 'stepId', 'dryRun'],
};

/** What the compiler says of the module, with another text for its types of the wire. */
class Compiler {
  readonly #options = {
    ...ts.parseJsonConfigFileContent(
      ts.readConfigFile(resolve(MODULE, '../tsconfig.json'), ts.sys.readFile).config,
      ts.sys,
      resolve(MODULE, '..'),
    ).options,
    noEmit: true,
  };
  readonly #files = readdirSync(resolve(MODULE, 'src')).map(name => resolve(MODULE, 'src', name));
  #program?: ts.Program;
  readonly #sources = new Map<string, ts.SourceFile | undefined>();

  errors(wire: string): string[] {
    const host = ts.createCompilerHost(this.#options);
    const read = host.getSourceFile.bind(host);
    host.getSourceFile = (file, ...more) => {
      if (resolve(file) === WIRE) {
        return ts.createSourceFile(file, wire, ts.ScriptTarget.ES2023);
      }
      if (!this.#sources.has(file)) {
        this.#sources.set(file, read(file, ...more));
      }
      return this.#sources.get(file);
    };
    this.#program = ts.createProgram(this.#files, this.#options, host, this.#program);
    return this.#files
      .map(file => this.#program!.getSourceFile(file)!)
      .flatMap(file => this.#program!.getSemanticDiagnostics(file))
      .map(one => ts.flattenDiagnosticMessageText(one.messageText, '\n'));
  }
}

/** The types of an API in which one type lacks one field. */
function without(wire: string, type: string, field: string): string {
  const start = wire.indexOf(`export interface ${type} {`);
  assert.notEqual(start, -1, `the API has no ${type}`);
  const end = wire.indexOf('\n}\n', start);
  const body = wire.slice(start, end);
  const less = body.replace(new RegExp(`\\n  ${field}\\??: .*`), '');
  assert.notEqual(less, body, `${type} has no ${field} in the API`);
  return wire.slice(0, start) + less + wire.slice(end);
}

describe('the module does not compile', () => {
  const compiler = new Compiler();
  const wire = readFileSync(WIRE, 'utf-8');

  it('only where the API lacks something', () => {
    assert.deepEqual(compiler.errors(wire), []);
  });

  for (const [type, fields] of Object.entries(USED)) {
    for (const field of fields) {
      it(`with an API whose ${type} has no ${field}`, () => {
        assert.notDeepEqual(compiler.errors(without(wire, type, field)), []);
      });
    }
  }
});
