/**
 * The golden paths of goldenpath in Backstage's scaffolder and catalog.
 *
 * @packageDocumentation
 */

export {
  goldenpathCatalogModule,
  goldenpathFeatures as default,
  goldenpathScaffolderModule,
} from './module.ts';
