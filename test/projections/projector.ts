import { readModels } from '../../projections/index.ts';
import { openStores, type Stores } from '../support/stores.ts';
import { running } from './running.ts';

/** A process that does nothing but keep the read models of one version: `projector.ts '<stores as JSON>' <version>`. */
const [given = '{}', version] = process.argv.slice(2);
const stores = await openStores(JSON.parse(given) as Stores);
const models = readModels.map((p) => ({ ...p, version: Number(version) }));
running({ ...stores, readModels: models, maxBatch: 2 });
