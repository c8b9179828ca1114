/** Templates of the tests' own: the generated ones have forms that refuse what a test wants to send. */

/** A template without a form. */
export function template(name: string, steps: object[]): object {
  return {
    apiVersion: 'scaffolder.backstage.io/v1beta3',
    kind: 'Template',
    metadata: { name },
    spec: { owner: 'platform-team', type: 'test', steps },
  };
}

/** Publishes whatever it is given. */
export const PUBLISH = template('publish', [
  { id: 'publish', action: 'goldenpath:publish', input: { golden_path: 'tenant/v1', values: '${{ parameters }}' } },
]);

/** Retires a tenant. */
export const RETIRE = template('retire', [
  {
    id: 'retire',
    action: 'goldenpath:retire',
    input: {
      name: '${{ parameters.name }}',
      clusters: '${{ parameters.clusters }}',
      delete: '${{ parameters.delete }}',
      confirm: '${{ parameters.confirm }}',
    },
  },
]);

/** The request of a tenant of the guest's team, in as few words as there can be. */
export function plain(name: string): { name: string; owner: string; clusters: string[] } {
  return { name, owner: 'vision-team', clusters: ['eu-central'] };
}
