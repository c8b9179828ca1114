/** A small real Backstage: catalog, scaffolder, sign-in as a guest, and the golden paths. */

import { createBackend } from '@backstage/backend-defaults';
import { goldenpathPermissions } from './permissions.ts';

const backend = createBackend();

backend.add(import('@backstage/plugin-app-backend'));
backend.add(import('@backstage/plugin-auth-backend'));
backend.add(import('@backstage/plugin-auth-backend-module-guest-provider'));
backend.add(import('@backstage/plugin-catalog-backend'));
backend.add(import('@backstage/plugin-catalog-backend-module-scaffolder-entity-model'));
backend.add(import('@backstage/plugin-permission-backend'));
backend.add(goldenpathPermissions);
backend.add(import('@backstage/plugin-proxy-backend'));
backend.add(import('@backstage/plugin-scaffolder-backend'));
// Without it there is less, and it can be tried: docs/tasks/without-the-module.md.
if (!process.env.DEMO_WITHOUT_MODULE) {
  backend.add(import('@goldenpath/backstage-plugin-scaffolder-backend-module'));
}

backend.start();
